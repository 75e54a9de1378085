"""What a clean-up removes and what it leaves, with real runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.result_index import ResultIndex

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines import PipelineRun, Workspace

    Run = Callable[..., PipelineRun]

SCRIPT = """
import os, time
def run(mini_batch):
    if os.path.exists({wait!r}):
        time.sleep(30)
    return [os.path.basename(path) for path in mini_batch]
"""


@pytest.fixture
def run(workspace: Workspace, tmp_path: Path) -> Run:
    """Runs of one step over two files; each can be another one."""
    source, data = tmp_path / "source", tmp_path / "data"
    for folder in (source, data):
        folder.mkdir()
    (source / "score.py").write_text(SCRIPT.format(wait=str(tmp_path / "wait")))

    def submit(
        argument: str = "1",
        experiment: str = "x",
        *,
        debug: bool = True,
        **more: object,
    ) -> PipelineRun:
        for name in ("a", "b"):
            (data / name).write_text("1")
        step = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig(
                environment=Environment("e"), source_directory=str(source),
                entry_script="score.py", output_action="append_row", error_threshold=-1,
                compute_target="local", node_count=1, mini_batch_size=1, **more,
            ),
            inputs=[Dataset.File.from_files(str(data)).as_named_input("files")],
            arguments=["--value", argument],
            output=PipelineData("rows"),
        )  # fmt: skip
        pipeline = Pipeline(workspace, [step])
        found = Experiment(workspace, experiment).submit(pipeline, debug=debug)
        if debug:
            found.wait_for_completion(show_output=False)
        return found

    return submit


def ids(workspace: Workspace) -> list[str]:
    """Return the runs that the workspace lists, the oldest first."""
    return [one.run_id for one in workspace.catalog.runs.newest_first()][::-1]


def has_parts(found: PipelineRun) -> bool:
    """Whether the parts of the only step are there."""
    step = found.plan.steps[0].step_run_id
    return found.folder.step(step).parts.exists()


def test_without_rules_only_parts_go(workspace: Workspace, run: Run) -> None:
    """Those of the newest run of each experiment stay; outputs and runs stay."""
    old, new, other = run("1"), run("2"), run("3", "y")
    done = workspace.clean_up()

    assert [(one.what, one.name) for one in done.removed] == [("parts", old.id)]
    assert (has_parts(old), has_parts(new), has_parts(other)) == (False, True, True)
    assert ids(workspace) == [old.id, new.id, other.id]
    assert Path(old.output_places()[0].path).read_bytes() == b"a\nb\n"
    assert all(finding.ok for finding in old.verify())
    assert run("1").state().steps[0].reused_from == old.id


def test_runs_go_by_number_and_by_age(workspace: Workspace, run: Run) -> None:
    """A run has to fit both rules; its output stays on the datastore."""
    runs = [run(str(number)) for number in range(4)]
    outputs = [Path(one.output_places()[0].path) for one in runs]
    young = workspace.clean_up(keep_last=1, older_than=timedelta(days=1))
    done = workspace.clean_up(keep_last=2, older_than=0)

    assert [one.name for one in young.removed if one.what == "run"] == []
    assert [one.name for one in done.removed if one.what == "run"] == [
        runs[1].id,
        runs[0].id,
    ]
    assert done.bytes > 0
    assert ids(workspace) == [runs[2].id, runs[3].id]
    assert not runs[0].folder.root.exists()
    assert all(path.exists() for path in outputs)


def test_what_is_gone_is_not_reused(workspace: Workspace, run: Run) -> None:
    """The index of results stays true: the step runs again."""
    first = run("1")
    run("2")
    workspace.clean_up(keep_last=1)

    assert ResultIndex(workspace.folder.results).of_run(first.id) == []
    assert run("1").state().steps[0].reused_from is None


def test_a_dry_run_says_the_same_and_removes_nothing(
    workspace: Workspace, run: Run
) -> None:
    """So that one may look first."""
    runs = [run(str(number)) for number in range(3)]
    before = sorted(workspace.folder.storage.rglob("*"))
    tried = workspace.clean_up(keep_last=1, dry_run=True)
    after = sorted(workspace.folder.storage.rglob("*"))
    done = workspace.clean_up(keep_last=1)

    assert [one.name for one in tried.removed] == [runs[1].id, runs[0].id]
    assert tried.removed == done.removed
    assert [path for path in before if path not in after] == []


def test_a_run_that_others_reuse_stays_and_says_so(
    workspace: Workspace, run: Run
) -> None:
    """Until they go too."""
    first, second = run("1"), run("1")
    kept = workspace.clean_up(keep_last=1)
    gone = workspace.clean_up(keep_last=0)

    assert [one.run_id for one in kept.kept] == [first.id]
    assert second.id in kept.kept[0].reason
    assert {one.name for one in gone.removed if one.what == "run"} == {
        first.id,
        second.id,
    }


def test_a_run_that_goes_on_is_left_alone(
    workspace: Workspace, run: Run, tmp_path: Path
) -> None:
    """With all that it has, whatever the rules."""
    (tmp_path / "wait").touch()
    running = run("1", debug=False)
    try:
        done = workspace.clean_up(keep_last=0, older_than=0)

        assert done.removed == []
        assert ids(workspace) == [running.id]
    finally:
        running.cancel()
        running.wait_for_completion(show_output=False)


def test_a_failed_run_keeps_its_parts(
    workspace: Workspace, run: Run, tmp_path: Path
) -> None:
    """It can be resumed; only a rule takes it away as a whole."""
    run("1")
    (tmp_path / "wait").touch()
    found = run("2", debug=False, run_invocation_timeout=1, run_max_try=1)
    found.wait_for_completion(show_output=False, raise_on_error=False)
    done = workspace.clean_up()
    parts_only = workspace.clean_up(keep_last=0, parts_only=True)

    assert found.get_status() == "Failed"
    assert found.id not in {one.name for one in (*done.removed, *parts_only.removed)}
    assert has_parts(found)


def test_leftovers_of_a_killed_clean_up_go(workspace: Workspace, run: Run) -> None:
    """A folder that was on its way, and a record whose folder is gone."""
    first, second = run("1"), run("2")
    first.folder.root.rename(first.folder.root.with_name(f".gone-{first.id}"))
    with workspace.catalog.runs._database.writing() as connection:
        connection.exec_driver_sql("UPDATE runs SET created = created - 3600")
    done = workspace.clean_up()

    assert ("leftover", first.id) in {(one.what, one.name) for one in done.removed}
    assert ids(workspace) == [second.id]
    assert not list(workspace.folder.runs.glob(".gone-*"))


@pytest.mark.parametrize("rule", [{"older_than": -1}, {"keep_last": -1}])
def test_negative_rules_are_refused(workspace: Workspace, rule: dict) -> None:
    """They would mean everything."""
    with pytest.raises(UserErrorException, match="give 0 or more"):
        workspace.clean_up(**rule)
