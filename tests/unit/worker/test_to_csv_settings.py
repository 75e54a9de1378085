"""``parallel_run_step.settings.json`` says how DataFrames are written."""

from __future__ import annotations

import json

import pytest

from azml_pipelines.worker.entry import EntryError
from azml_pipelines.worker.to_csv_settings import SETTINGS_FILE, read_to_csv_settings


def write(folder, settings, encoding="utf-8"):
    """Write the settings file, from text or as JSON."""
    text = settings if isinstance(settings, str) else json.dumps(settings)
    (folder / SETTINGS_FILE).write_text(text, encoding=encoding)


def to_csv(options):
    """Return settings of version 1's shape."""
    return {"append_row": {"pandas.DataFrame.to_csv": options}}


def test_without_a_file_nothing_is_set(tmp_path):
    """The defaults of ``append_row`` hold."""
    assert read_to_csv_settings(tmp_path) == {}


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        pytest.param(
            to_csv({"sep": ",", "index": True}), {"sep": ",", "index": True}, id="two"
        ),
        pytest.param(to_csv({"header": True}), {"header": True}, id="header"),
        pytest.param(to_csv({}), {}, id="none"),
        pytest.param({"append_row": {}}, {}, id="another section"),
        pytest.param({}, {}, id="nothing"),
    ],
)
def test_options(tmp_path, settings, options):
    """They are passed on as they are."""
    write(tmp_path, settings)

    assert options == read_to_csv_settings(tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    """Some editors write one."""
    write(tmp_path, to_csv({"sep": ","}), encoding="utf-8-sig")

    assert read_to_csv_settings(tmp_path) == {"sep": ","}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param("{", id="torn"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param({"append_row": None}, id="null inside"),
        pytest.param({"append_row": []}, id="a list inside"),
        pytest.param(to_csv(None), id="null options"),
        pytest.param(to_csv(["sep"]), id="a list of options"),
        pytest.param(to_csv("sep=,"), id="text"),
    ],
)
def test_another_shape_is_refused(tmp_path, settings):
    """The message shows the shape that is expected."""
    write(tmp_path, settings)

    with pytest.raises(EntryError, match=r"expected .*pandas\.DataFrame\.to_csv"):
        read_to_csv_settings(tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    """As a file of another shape is."""
    (tmp_path / SETTINGS_FILE).write_bytes(b"\xff\xfe{")

    with pytest.raises(EntryError, match="cannot be read"):
        read_to_csv_settings(tmp_path)


@pytest.mark.parametrize(
    "option", ["path_or_buf", "mode", "compression", "storage_options", "encoding"]
)
def test_where_rows_go_is_not_for_the_file_to_say(tmp_path, option):
    """What decides it is refused by name."""
    write(tmp_path, to_csv({"sep": ",", option: "x"}))

    with pytest.raises(EntryError, match=f"sets {option}"):
        read_to_csv_settings(tmp_path)
