"""Files without rows, partitions without files, and nothing at all: eight cases."""

from __future__ import annotations

import pandas as pd
import pytest

from azml_pipelines import Dataset

TOLD = """
def run(mini_batch):
    head = f"{len(mini_batch)} {list(mini_batch.columns)}"
    return [f"{head} {n}" for n in mini_batch["n"]]
"""
NAMES = """
import os

def run(mini_batch):
    return [f"{os.path.basename(path)} {os.path.getsize(path)}" for path in mini_batch]
"""
VALUES = """
def run(mini_batch, mini_batch_context):
    value = mini_batch_context.partition_key_value["key"]
    return [f"{value} {n}" for n in mini_batch["n"]]
"""
CSV, JSONL = Dataset.Tabular.from_delimited_files, Dataset.Tabular.from_json_lines_files
PARQUET = Dataset.Tabular.from_parquet_files


def parquet(path, numbers) -> bytes:
    """Return a parquet file of one column."""
    pd.DataFrame({"n": pd.array(numbers, dtype="int64")}).to_parquet(path)
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path):
    """Write files below a folder and return it."""

    def written(files: dict[str, bytes]):
        for name, content in files.items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return str(tmp_path / "in")

    return written


def lines(tables, run) -> list[str]:
    """Return what was written; nothing has failed."""
    assert run.failed_items() == []
    return (tables.output(run) / "parallel_run_step.txt").read_text().splitlines()


def test_files_of_no_bytes_are_files(tables, folder):
    """A script of files gets their paths."""
    files = Dataset.File.from_files(folder({"a.txt": b"", "b.txt": b"x"}))
    run = tables.run(NAMES, files.as_named_input("f"), mini_batch_size=1)

    assert lines(tables, run) == ["a.txt 0", "b.txt 1"]


@pytest.mark.parametrize(
    ("read", "good", "empty"),
    [
        pytest.param(CSV, b"n\n1\n2\n", b"", id="CSV of no bytes"),
        pytest.param(CSV, b"n\n1\n2\n", b"n\n", id="CSV with a header only"),
        pytest.param(JSONL, b'{"n":1}\n{"n":2}\n', b"\n \n", id="blank JSON lines"),
        pytest.param(PARQUET, [1, 2], [], id="parquet without rows"),
    ],
)
def test_files_without_rows(tables, folder, tmp_path, read, good, empty):
    """They are nobody's mini-batch; the rows of the others are all there."""
    if read is PARQUET:
        good, empty = (parquet(tmp_path / "x", rows) for rows in (good, empty))
    table = read(folder({"0": empty, "1": good, "2": empty, "3": good}))
    run = tables.run(TOLD, table.as_named_input("t"), mini_batch_size="1 rows")

    assert lines(tables, run) == ["1 ['n'] 1", "1 ['n'] 2"] * 2


def test_partitions_of_empty_files(tables, folder):
    """There is no mini-batch for them; one with a header only has no rows to give."""
    files = {"a/1": b"n\n1\n", "b/1": b"", "c/1": b"n\n", "c/2": b"n\n2\n"}
    table = CSV(folder(files), partition_format="/{key}/{file}")
    run = tables.run(VALUES, table.as_named_input("t"), partition_keys=["key"])

    assert lines(tables, run) == ["a 1", "c 2"]
    assert [step.state().total_mini_batches for step in run.get_steps()] == [2]


@pytest.mark.parametrize(
    "refine",
    [
        pytest.param(lambda table: table.take(0), id="none is taken"),
        pytest.param(lambda table: table.skip(9), id="all are skipped"),
    ],
)
def test_tables_of_which_nothing_is_left(tables, folder, refine):
    """The step fails by name, before any script runs."""
    table = refine(CSV(folder({"1": b"n\n1\n2\n"})))
    run = tables.run(TOLD, table.as_named_input("t"))

    assert run.get_status() == "Failed"
    assert "input 't' has no items" in str(run.get_details())
