"""Filters take from records what their paths say."""

from __future__ import annotations

import pytest

from azml_pipelines.worker.inference_server.json_path import (
    BadPathError,
    JsonPath,
    NothingThereError,
)

ROW = [10, 11, 12, 13]
THING = {"id": 7, "features": [1, 2, 3], "deep": {"x y": {"z": 5}}}


@pytest.mark.parametrize(
    ("path", "record", "found"),
    [
        ("$", ROW, ROW),
        ("$[0]", ROW, 10),
        ("$[-1]", ROW, 13),
        ("$[1:]", ROW, [11, 12, 13]),
        ("$[:2]", ROW, [10, 11]),
        ("$[1:3]", ROW, [11, 12]),
        ("$[0,2]", ROW, [10, 12]),
        ("$[ 0 , 2 ]", ROW, [10, 12]),
        ("$.features", THING, [1, 2, 3]),
        ("$.features[1]", THING, 2),
        ("$['id']", THING, 7),
        ("$['id','features']", THING, {"id": 7, "features": [1, 2, 3]}),
        ("$.deep['x y'].z", THING, 5),
        ("$.*", {"a": 1, "b": 2}, [1, 2]),
        ("$[*]", ROW, ROW),
    ],
)
def test_a_path_finds(path, record, found):
    """The part of the record that it names."""
    assert found == JsonPath(path).of(record)


@pytest.mark.parametrize(
    ("path", "record"),
    [("$[9]", ROW), ("$.nothing", THING), ("$.id.x", THING), ("$[1:]", THING)],
)
def test_what_is_missing_is_named(path, record):
    """A record without it is an error, not an empty value."""
    with pytest.raises(NothingThereError, match="nothing at"):
        JsonPath(path).of(record)


@pytest.mark.parametrize(
    "path",
    ["", "id", "$.", "$[", "$[a]", "$..a", "$[?(@.x)]", "$[0,]x", "$" + "[0]" * 30],
)
def test_other_paths_are_refused(path):
    """With the forms that are accepted."""
    with pytest.raises(BadPathError, match=r"Give \$"):
        JsonPath(path)


def test_everything_is_known_as_such():
    """So that records are passed on without being read."""
    assert JsonPath("$").is_everything
    assert not JsonPath("$[0]").is_everything
