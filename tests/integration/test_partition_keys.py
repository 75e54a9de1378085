"""One mini-batch per combination of values, whatever the values are."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from azml_pipelines import Dataset

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun

TOLD = """
import json

def run(mini_batch, mini_batch_context):
    values = mini_batch_context.partition_key_value
    rows = mini_batch_context.dataset.to_pandas_dataframe()
    assert len(rows) == len(mini_batch)
    assert list(rows.columns) == list(mini_batch.columns)
    told = [values, mini_batch_context.minibatch_index, mini_batch["row"].tolist()]
    return [json.dumps(told, default=str)] * len(mini_batch)
"""
FILES = """
import os

def run(mini_batch, mini_batch_context):
    value = mini_batch_context.partition_key_value["key"]
    assert {os.path.basename(path)[:-4] for path in mini_batch} == {value}
    return [value] * len(mini_batch)
"""
NOON = pd.Timestamp("2024-02-29 12:00:00")
CASES = [
    pytest.param(pd.Series(["a", None, "a", None], dtype="str"), id="null"),
    pytest.param(pd.Series([1, None, 1, 2], dtype="Int64"), id="null in numbers"),
    pytest.param(pd.Series(["1", "x", "1.0", "1"]), id="mixed types"),
    pytest.param(pd.Series(["a/b", "a", "b", "a/b", "../a"]), id="slashes"),
    pytest.param(pd.Series(["", "%null", "%empty", "", "."]), id="empty"),
    pytest.param(pd.Series([NOON, NOON, None, NOON.normalize()]), id="dates"),
    pytest.param(pd.Series([True, False, None], dtype="boolean"), id="truth"),
    pytest.param(pd.Series([0.1, 1.0, -0.0, 1e300, None, 1.0]), id="numbers"),
]


def partitioned(tables, frame: pd.DataFrame, keys: list[str]) -> Dataset:
    """Write a frame to one folder per value of its keys."""
    whole = Dataset.Tabular.register_pandas_dataframe(
        frame, tables.store, "whole", show_progress=False
    )
    return whole.partition_by(keys, target=(tables.store, "parts"), show_progress=False)


def told(tables, run: PipelineRun) -> dict[tuple, list[int]]:
    """Return the rows of each mini-batch by its values; no two have the same ones."""
    lines = (tables.output(run) / "parallel_run_step.txt").read_text().splitlines()
    found = {index: (values, rows) for values, index, rows in map(json.loads, lines)}
    groups = {tuple(values.items()): rows for values, rows in found.values()}

    assert len(groups) == len(found)
    assert sorted(found) == list(range(len(found)))
    return groups


def as_text(value) -> str | None:
    """Return a value as the script's JSON has it."""
    return None if pd.isna(value) else json.loads(json.dumps(value, default=str))


@pytest.mark.parametrize("key", CASES)
def test_any_value_is_a_group(tables, key):
    """Null is one, too; each row is in the mini-batch of its value and in no other."""
    frame = pd.DataFrame({"key": key, "row": range(len(key))})
    parts = partitioned(tables, frame, ["key"])
    expected: dict[tuple, list[int]] = {}
    for row, value in enumerate(key.tolist()):
        expected.setdefault((("key", as_text(value)),), []).append(row)

    run = tables.run(TOLD, parts.as_named_input("parts"), partition_keys=["key"])

    assert expected == told(tables, run)


def test_keys_that_are_not_given_are_merged(tables):
    """Their columns stay where they were: behind the others."""
    frame = pd.DataFrame(
        {"row": range(8), "a": list("xxxxyyyy"), "b": [None, "/"] * 4, "c": [1, 2] * 4}
    )
    parts = partitioned(tables, frame, ["a", "b", "c"])

    run = tables.run(TOLD, parts.as_named_input("parts"), partition_keys=["b", "a"])
    groups = told(tables, run)

    assert {values: sorted(rows) for values, rows in groups.items()} == {
        (("b", None), ("a", "x")): [0, 2],
        (("b", "/"), ("a", "x")): [1, 3],
        (("b", None), ("a", "y")): [4, 6],
        (("b", "/"), ("a", "y")): [5, 7],
    }
    assert list(parts.to_pandas_dataframe().columns) == ["row", "a", "b", "c"]


def test_a_hundred_thousand_values(tables):
    """As many mini-batches, each with the files of its value."""
    folder = tables.folder / "many"
    folder.mkdir()
    for number in range(100_000):
        with open(f"{folder}/{number}.txt", "w") as file:  # noqa: PTH123 - ten times as fast
            file.write("x")
    files = Dataset.File.from_files(
        str(folder), partition_format="/many/{key}.txt", validate=False
    )

    run = tables.run(FILES, files.as_named_input("files"), partition_keys=["key"])
    lines = (tables.output(run) / "parallel_run_step.txt").read_text().split()

    assert set(Counter(lines).values()) == {1}
    assert len(lines) == 100_000
