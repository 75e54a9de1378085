"""Values as typed on a command line."""

from __future__ import annotations

import pytest

from azml_pipelines import ParameterError
from azml_pipelines.plan.compiler import parse_assignment
from azml_pipelines.plan.definition import ParameterDefinition, PipelineDefinition


@pytest.fixture
def parse(images, table, workspace):
    """Parse text for the parameter of a kind."""
    defaults = {
        "str": "a",
        "int": 1,
        "float": 1.5,
        "bool": True,
        "file": images.definition,
        "tabular": table.definition,
        "datapath": images.definition.sources[0],
    }
    definition = PipelineDefinition(
        parameters=tuple(
            ParameterDefinition(name=kind, kind=kind, default=default)
            for kind, default in defaults.items()
        ),
        steps=(),
    )
    return lambda kind, text: parse_assignment(
        definition, kind, text, workspace.find_dataset
    )


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("str", "1", "1"),
        ("str", "", ""),
        ("int", "-5", -5),
        ("float", "2", 2.0),
        ("float", "1e-3", 0.001),
        ("bool", "True", True),
        ("bool", "0", False),
    ],
)
def test_scalars(parse, kind, text, value):
    """By the declared kind, never by the look of the text."""
    parsed = parse(kind, text)

    assert value == parsed
    assert type(value) is type(parsed)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "1.5"),
        ("int", "two"),
        ("float", "much"),
        ("bool", "maybe"),
        ("datapath", "images"),
        ("gone", "1"),
    ],
)
def test_refused(parse, kind, text):
    """What means nothing is said on one line that names the parameter."""
    with pytest.raises(ParameterError, match=f"'{kind}'") as caught:
        parse(kind, text)
    assert "\n" not in str(caught.value)


def test_registered_datasets(parse, images, workspace):
    """The latest version, or the one behind the colon."""
    images.register(workspace, "digits")

    assert parse("file", "digits").version == 1
    assert parse("file", "digits:1").sources == images.definition.sources
    with pytest.raises(ParameterError, match="'digits:7' is neither"):
        parse("file", "digits:7")


@pytest.mark.parametrize("text", ["images", "./images/0.png", "images/*.png"])
def test_local_files(parse, tmp_path, monkeypatch, text):
    """A file, a folder or a glob, relative to here."""
    monkeypatch.chdir(tmp_path)
    parsed = parse("file", text)

    assert parsed.kind == "file"
    assert parsed.sources[0].url.startswith(f"file://{tmp_path}")


def test_local_tables(parse, tmp_path):
    """A table is read the way the default is."""
    parsed = parse("tabular", str(tmp_path / "table.csv"))

    assert parsed.kind == "tabular"
    assert parsed.format.separator == ";"


@pytest.mark.parametrize("text", ["./gone", "gone", "nothing/*.png", ""])
def test_no_dataset(parse, text):
    """Neither registered nor here."""
    with pytest.raises(ParameterError, match="neither a registered one"):
        parse("file", text)


def test_a_path_wins_with_its_dot(parse, images, workspace, tmp_path, monkeypatch):
    """A registered name may be a folder's too; ./ says which is meant."""
    monkeypatch.chdir(tmp_path)
    images.register(workspace, "images")

    assert parse("file", "images").name == "images"
    assert parse("file", "./images").name is None


@pytest.mark.parametrize(
    ("text", "version"),
    [("digits@latest", 2), ("digits", 2), ("digits@1", 1), ("digits:1", 1)],
)
def test_versions_of_a_registered_dataset(parse, images, workspace, text, version):
    """``@latest`` is the latest of this moment."""
    images.register(workspace, "digits")
    images.skip(1).register(workspace, "digits", create_new_version=True)

    parsed = parse("file", text)

    assert ("digits", version) == (parsed.name, parsed.version)


def test_an_unknown_version_names_the_dataset(parse, images, workspace):
    """Neither ``@newest`` nor a number that there is not."""
    images.register(workspace, "digits")

    for text in ("digits@newest", "digits@7", "nobody@latest"):
        with pytest.raises(ParameterError, match="takes a dataset"):
            parse("file", text)
