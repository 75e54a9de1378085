"""Incremental runs make the bytes of a full one, and run only what is new."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.errors import DeclarationError
from azml_pipelines.store.reuse_record import read_taken_over

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines import PipelineRun, Workspace

SCRIPT = """
from pathlib import Path
def run(mini_batch):
    with open({log!r}, "a") as log:
        print(*[Path(path).name for path in mini_batch], file=log)
    return [Path(path).name + "=" + Path(path).read_text() for path in mini_batch]
"""
TABLE_SCRIPT = """
def run(mini_batch):
    with open({log!r}, "a") as log:
        print(*mini_batch["a"].tolist(), file=log)
    return mini_batch.assign(b=mini_batch["a"] * 2)
"""
FILES = st.dictionaries(
    st.sampled_from([f"{letter}.txt" for letter in "abcdefghij"]),
    st.sampled_from(["1", "2", "3"]),
    min_size=1,
)


class Job:
    """One step over a folder of files, run in this process."""

    def __init__(self, workspace: Workspace, root: Path, script: str = SCRIPT) -> None:
        self.workspace = workspace
        self.data, self.log, source = root / "data", root / "log", root / "source"
        self.data.mkdir(parents=True)
        source.mkdir()
        (source / "score.py").write_text(script.format(log=str(self.log)))
        self.config: dict[str, object] = {
            "environment": Environment("current"), "source_directory": str(source),
            "entry_script": "score.py", "error_threshold": -1, "node_count": 1,
            "output_action": "append_row", "compute_target": "local",
            "process_count_per_node": 1, "mini_batch_size": 1,
        }  # fmt: skip
        self.tables = script is TABLE_SCRIPT

    def write(self, files: Mapping[str, str]) -> None:
        """Let the input hold these files and no others."""
        shutil.rmtree(self.data)
        self.data.mkdir()
        for name, text in files.items():
            (self.data / name).write_text(text)

    def run(self, **options: object) -> PipelineRun:
        """Run to the end; the log has what was processed."""
        run = self.submit(**{"debug": True, **options})
        run.wait_for_completion(show_output=False)
        assert all(finding.ok for finding in run.verify())
        return run

    def submit(self, **options: object) -> PipelineRun:
        """Start a run; the log has what was processed so far."""
        self.log.unlink(missing_ok=True)
        if self.tables:
            pattern = str(self.data / "*.csv")
            found = Dataset.Tabular.from_delimited_files(pattern)
            port = found.as_named_input("files")
        else:
            found = Dataset.File.from_files(str(self.data))
            port = found.as_named_input("files").as_mount()
        step = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig(**self.config),
            inputs=[port],
            output=PipelineData("rows"),
            arguments=["--append_row_dataframe_header", "True"] if self.tables else [],
        )
        pipeline = Pipeline(self.workspace, [step])
        return Experiment(self.workspace, "x").submit(pipeline, **options)

    @property
    def processed(self) -> list[str]:
        """Names in the order in which they were processed."""
        return self.log.read_text().split() if self.log.exists() else []


def output(run: PipelineRun) -> bytes:
    """Return the rows of a run."""
    return Path(run.output_places()[0].path).read_bytes()


def taken(run: PipelineRun) -> int:
    """Return how many mini-batches were taken over."""
    found = read_taken_over(run.folder.step(run.state().steps[0].step_run_id))
    return 0 if found is None else found.mini_batches


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=FILES,
    after=FILES,
    size=st.integers(1, 4),
    incremental=st.sampled_from([True, "items"]),
    number=st.integers(0, 10**9),
)
def test_the_bytes_are_those_of_a_full_run(
    workspace: Workspace,
    tmp_path: Path,
    before: dict[str, str],
    after: dict[str, str],
    size: int,
    incremental: object,
    number: int,
) -> None:
    """Whatever was added, changed or removed, and however mini-batches shift."""
    job = Job(workspace, tmp_path / f"{number}-{len(list(tmp_path.iterdir()))}")
    job.config["mini_batch_size"] = size
    job.write(before)
    job.run()
    job.write(after)
    again = job.run(incremental=incremental)
    processed = set(job.processed)
    full = job.run(regenerate_outputs=True)
    new = {name for name in after if before.get(name) != after[name]}

    assert output(again) == output(full)
    assert processed >= new
    if incremental == "items" or size == 1:
        assert processed == new


def test_one_file_more_costs_one_mini_batch(
    workspace: Workspace, tmp_path: Path
) -> None:
    """In worker processes too; the run says what it has from whom."""
    job = Job(workspace, tmp_path / "job")
    job.write({f"{n:03d}.txt": str(n) for n in range(0, 100, 2)})
    first = job.run(debug=False)
    (job.data / "051.txt").write_text("new")
    (job.data / "000.txt").unlink()
    second = job.run(incremental=True, debug=False)
    state = second.state().steps[0]
    processed = job.processed
    full = job.run(regenerate_outputs=True, debug=False)

    assert processed == ["051.txt"]
    assert (state.taken_over, state.taken_from) == (49, first.id)
    assert output(second) == output(full)
    assert f"49 of 50 mini-batches were taken over from run {first.id}" in (
        second.explain("score").text
    )


def test_incremental_runs_build_on_each_other(
    workspace: Workspace, tmp_path: Path
) -> None:
    """A week of daily files processes each of them once."""
    job = Job(workspace, tmp_path / "job")
    for day in range(7):
        (job.data / f"{day}.txt").write_text("x")
        run = job.run(incremental=True)

        assert job.processed == [f"{day}.txt"]
    assert output(run).splitlines() == [f"{day}.txt=x".encode() for day in range(7)]


def test_failed_items_are_tried_again(workspace: Workspace, tmp_path: Path) -> None:
    """Only they; what had succeeded is taken over, though nothing has changed."""
    job = Job(workspace, tmp_path / "job")
    script = tmp_path / "job" / "source" / "score.py"
    flag = tmp_path / "flag"
    script.write_text(
        f"import os\n{script.read_text()}\nwhole = run\ndef run(mini_batch):\n"
        "    rows = whole(mini_batch)\n"
        f"    return rows if os.path.exists({str(flag)!r}) else"
        " [row for row in rows if row[0] != 'b']\n"
    )
    job.write({f"{letter}.txt": "1" for letter in "abc"})
    job.run()
    flag.touch()
    second = job.run(incremental=True)

    assert job.processed == ["b.txt"]
    assert output(second) == b"a.txt=1\nb.txt=1\nc.txt=1\n"


@pytest.mark.parametrize("change", ["argument", "code"])
def test_nothing_is_taken_over_when_more_than_the_input_differs(
    workspace: Workspace, tmp_path: Path, change: str
) -> None:
    """All items run, and explain names what else differs."""
    job = Job(workspace, tmp_path / "job")
    job.write({"a.txt": "1", "b.txt": "2"})
    job.run()
    (job.data / "c.txt").write_text("3")
    if change == "argument":
        job.config["mini_batch_size"] = 2
    else:
        script = tmp_path / "job" / "source" / "score.py"
        script.write_text(script.read_text() + "#")
    second = job.run(incremental=True)

    assert job.processed == ["a.txt", "b.txt", "c.txt"]
    assert taken(second) == 0
    assert ("mini_batch_size" if change == "argument" else "score.py") in (
        second.explain("score").text
    )


def test_rows_of_several_lines_are_not_taken_item_by_item(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Nobody knows which lines are whose, so the mini-batch runs again."""
    job = Job(workspace, tmp_path / "job")
    job.config["mini_batch_size"] = 2
    job.write({"a.txt": "1\n1", "b.txt": "2", "c.txt": "3", "d.txt": "4"})
    job.run()
    job.write({"a.txt": "1\n1", "c.txt": "3", "d.txt": "4"})
    second = job.run(incremental="items")
    processed = job.processed
    full = job.run(regenerate_outputs=True)

    assert processed == ["a.txt"]
    assert output(second) == output(full)


def test_tables_are_taken_over_file_by_file(
    workspace: Workspace, tmp_path: Path
) -> None:
    """A new file runs, one with new rows runs whole; the header stands once."""
    job = Job(workspace, tmp_path / "job", TABLE_SCRIPT)
    job.config["mini_batch_size"] = "1KB"
    job.write({"1.csv": "a\n1\n", "2.csv": "a\n2\n", "3.csv": "a\n3\n"})
    job.run()
    (job.data / "2.csv").write_text("a\n2\n22\n")
    (job.data / "4.csv").write_text("a\n4\n")
    second = job.run(incremental=True)
    processed = job.processed
    full = job.run(regenerate_outputs=True)

    assert processed == ["2", "22", "4"]
    assert output(second) == output(full)
    assert output(second) == b"a b\n1 2\n2 4\n22 44\n3 6\n4 8\n"


@pytest.mark.parametrize("output_format", ["csv", "jsonl", "parquet"])
def test_other_formats_of_the_output(
    workspace: Workspace, tmp_path: Path, output_format: str
) -> None:
    """Rows travel in another way there, and are taken over as they are."""
    job = Job(workspace, tmp_path / "job", TABLE_SCRIPT)
    job.config.update(mini_batch_size="1KB", output_format=output_format)
    job.write({"1.csv": "a\n1\n", "2.csv": "a\n2\n"})
    job.run()
    (job.data / "3.csv").write_text("a\n3\n")
    second = job.run(incremental=True)
    processed = job.processed
    full = job.run(regenerate_outputs=True)

    assert processed == ["3"]
    assert output(second) == output(full)


def test_what_cannot_be_exact_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    """Before anything is written, with the step and the reason."""
    job = Job(workspace, tmp_path / "job")
    job.config["output_action"] = "summary_only"
    job.write({"a.txt": "1"})

    with pytest.raises(DeclarationError, match="step 'score' has output_action"):
        job.run(incremental=True)
    assert list(workspace.catalog.runs.newest_first()) == []


@pytest.mark.parametrize("by_item", [False, True])
@pytest.mark.parametrize(
    "fault",
    [
        "taken_over.written=kill@1",
        "taken_over.settled=kill@1",
        "dispatch.settled=kill@1",
        "commit.rename=kill@1",
        "reuse.remember=kill@1",
    ],
)
def test_a_kill_while_rows_are_taken_over_costs_none(
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    by_item: bool,
) -> None:
    """Resumed, the run has the bytes of a full one and has run only what is new."""
    job = Job(workspace, tmp_path / "job")
    job.config["mini_batch_size"] = 2
    job.write({f"{letter}.txt": letter for letter in "abcdef"})
    job.run()
    (job.data / "bb.txt").write_text("new")
    monkeypatch.setenv("AZML_FAILPOINTS", fault)
    run = job.submit(incremental="items" if by_item else True)
    run.wait_for_completion(show_output=False, raise_on_error=False)
    monkeypatch.delenv("AZML_FAILPOINTS")
    status = run.get_status()
    run.resume()
    run.wait_for_completion(show_output=False)
    processed = set(job.processed)
    full = job.run(regenerate_outputs=True)

    assert status == "Failed"
    assert output(run) == output(full)
    assert processed == (
        {"bb.txt"} if by_item else {"bb.txt", "c.txt", "d.txt", "e.txt", "f.txt"}
    )
    assert [finding.text for finding in run.verify() if not finding.ok] == []
