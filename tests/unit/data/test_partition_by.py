"""A table written anew, one folder per value: every value comes back as it was."""

from __future__ import annotations

import pandas as pd
import pytest

from azml_pipelines import Dataset, DataType
from azml_pipelines.errors import UserErrorException

TEXTS = ["a/b", "..", ".", "100%", "%2F", "a.b", "", None, "NaN", "é", " x ", "a\nb"]
CASES = [
    pytest.param(TEXTS, "string", id="texts that are no names of folders"),
    pytest.param([1, -2, None, 10**15], "integer", id="whole numbers and null"),
    pytest.param([1.5, -0.25, None, 1e300], "float", id="numbers and null"),
    pytest.param([True, False, None], "boolean", id="truth and null"),
    pytest.param(["1", "x", "1.0", "True"], "string", id="mixed types are text"),
    pytest.param(
        [pd.Timestamp("2026-01-02 03:04:05.678"), None], "datetime", id="dates and null"
    ),
]


def written(workspace, tmp_path, frame):
    """Register a frame as a table."""
    return Dataset.Tabular.register_pandas_dataframe(
        frame, workspace.get_default_datastore(), "made", show_progress=False
    )


def parts(workspace, table, keys):
    """Partition a table."""
    target = (workspace.get_default_datastore(), "parts")
    return table.partition_by(keys, target=target, show_progress=False)


@pytest.mark.parametrize(("values", "kind"), CASES)
def test_values_come_back(workspace, tmp_path, values, kind):
    """One group per value, null among them; rows keep theirs, and its type."""
    dtypes = {"integer": "Int64", "boolean": "boolean", "string": "str"}
    key = pd.Series(values, dtype=dtypes.get(kind))
    frame = pd.DataFrame({"key": key, "number": range(len(values))})
    made = parts(workspace, written(workspace, tmp_path, frame), ["key"])
    groups = made.get_partition_key_values()
    back = made.to_pandas_dataframe().sort_values("number", ignore_index=True)

    assert ["number", "key"] == list(back.columns)
    assert len(values) == len(groups)
    assert list(range(len(values))) == list(back["number"])
    for given, found in zip(frame["key"], back["key"], strict=True):
        assert (pd.isna(given) and pd.isna(found)) or given == found


def test_many_values(workspace, tmp_path):
    """Two thousand folders, and each has its own row."""
    frame = pd.DataFrame({"key": range(2_000), "square": [n * n for n in range(2_000)]})
    made = parts(workspace, written(workspace, tmp_path, frame), ["key"])
    values = [group["key"] for group in made.get_partition_key_values()]

    assert 2_000 == len(values)
    assert set(range(2_000)) == set(values)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        pytest.param([], "Give a list of columns", id="none"),
        pytest.param(["nope"], "names 'nope', which is no column", id="unknown"),
        pytest.param(["a", "a"], "names a column twice", id="twice"),
        pytest.param(["a", "b"], "names every column", id="all"),
    ],
)
def test_keys_that_are_none(workspace, tmp_path, keys, says):
    """Nothing is written then."""
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    table = Dataset.Tabular.from_delimited_files(
        str(tmp_path / "t.csv"), set_column_types={"a": DataType.to_string()}
    )

    with pytest.raises(UserErrorException, match=says):
        parts(workspace, table, keys)


def test_empty_files_of_a_remote_store_have_no_values():
    """As those of a local one."""
    memory = pytest.importorskip("fsspec").filesystem("memory")
    for name, content in {"a/1.txt": b"x", "b/1.txt": b"", "a/2.txt": b"y"}.items():
        memory.pipe_file(f"/key-values/{name}", content)
    files = Dataset.File.from_files(
        "memory://key-values", partition_format="/{key}/{number}.txt"
    )

    assert files.get_partition_key_values(["key"]) == [{"key": "a"}]
    assert files.get_partition_key_values() == [
        {"key": "a", "number": "1"},
        {"key": "a", "number": "2"},
    ]
