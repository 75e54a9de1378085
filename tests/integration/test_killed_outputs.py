"""An orchestrator that is killed while it commits: an output is whole, or not there."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from azml_pipelines import Dataset, OutputFileDatasetConfig

SAME = """
def run(mini_batch):
    mini_batch["half"] = mini_batch["id"] % 2
    return mini_batch
"""
TABLE = [
    f"{name}=kill@1"
    for name in ("commit.open", "commit.fsync", "commit.rename", "commit.renamed")
]
FOLDER = [
    f"{name}=kill@1"
    for name in ("commit.open", "commit.rename", "commit.replaced", "commit.renamed")
]
ROWS = [
    f"{name}=kill@1"
    for name in (
        "commit.open",
        "commit.write",
        "commit.fsync",
        "commit.rename",
        "commit.renamed",
    )
]
CASES = [
    *(pytest.param("parquet", None, fault, id=f"parquet {fault}") for fault in TABLE),
    *(
        pytest.param("parquet", ["half"], fault, id=f"folders {fault}")
        for fault in FOLDER
    ),
    *(
        pytest.param(form, None, fault, id=f"{form} {fault}")
        for form in ("csv", "jsonl")
        for fault in ROWS
    ),
]


@pytest.fixture
def score(tables, tmp_path):
    """Write 300 rows to a folder of the datastore, in one of the formats."""
    lines = "".join(f"{number},row {number}\n" for number in range(300))
    (tmp_path / "rows.csv").write_text(f"id,text\n{lines}")
    dataset = Dataset.Tabular.from_delimited_files(str(tmp_path / "rows.csv"))

    def scored(folder, form, columns):
        output = OutputFileDatasetConfig("rows", destination=(tables.store, folder))
        step = tables.step(
            "score",
            SAME,
            dataset.as_named_input("t"),
            output,
            mini_batch_size="50 rows",
            output_format=form,
            partition_output_by=columns,
        )
        return tables.finish(step)

    return scored


def files_in(folder: Path) -> dict[str, bytes]:
    """Return what a reader sees: hidden names are left out, as datasets do it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not any(part[0] == "." for part in path.parts[-3:])
    }


@pytest.mark.parametrize(("form", "columns", "fault"), CASES)
def test_whole_or_not_at_all(tables, score, monkeypatch, form, columns, fault):
    """What was there stays, or has gone as a whole; resumed, all bytes are there."""
    root = Path(tables.store.settings.url.removeprefix("file://"))
    score("calm", form, columns)
    whole = files_in(root / "calm")
    name = next(iter(whole)).partition("/")[0]
    old = root / "killed" / name
    if columns:
        (old / "half=7").mkdir(parents=True)
        (old / "half=7" / "part.parquet").write_bytes(b"old")
    else:
        old.parent.mkdir()
        old.write_bytes(b"old")
    before = files_in(root / "killed")

    monkeypatch.setenv("AZML_FAILPOINTS", fault)
    run = score("killed", form, columns)
    monkeypatch.delenv("AZML_FAILPOINTS")
    status, seen = run.get_status(), files_in(root / "killed")
    run.resume()
    run.wait_for_completion(show_output=False)

    assert status == "Failed"
    assert seen in (before, whole, {})
    assert seen or "replaced" in fault
    assert files_in(root / "killed") == whole
    assert [path.name for path in (root / "killed").iterdir()] == [name]
    assert [finding.text for finding in run.verify() if not finding.ok] == []
    if form == "parquet" and not columns:
        assert pq.read_table(root / "killed" / name).num_rows == 300
