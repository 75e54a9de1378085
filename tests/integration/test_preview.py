"""What ``plan`` says comes true, and saying it writes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

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
from azml_pipelines.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines import PipelineRun, Workspace

SCRIPT = """
from pathlib import Path
def run(mini_batch):
    return [Path(path).name for path in mini_batch]
"""


class Chain:
    """``first`` reads five files, ``second`` reads what it makes."""

    def __init__(self, workspace: Workspace, root: Path) -> None:
        self.workspace, self.root = workspace, root
        for name in ("source", "data"):
            (root / name).mkdir()
        self.write("source/first.py", SCRIPT)
        self.write("source/second.py", SCRIPT)
        for number in range(5):
            self.write(f"data/{number}.txt", "x")

    def write(self, name: str, text: str) -> None:
        """Write a file of the source or of the input."""
        (self.root / name).write_text(text)

    def pipeline(self) -> Pipeline:
        """Declare both steps anew."""
        files = Dataset.File.from_files(str(self.root / "data"))
        rows = PipelineData("rows").as_dataset()
        first = self._step("first", files.as_named_input("files"), rows)
        second = self._step("second", rows, PipelineData("names"))
        return Pipeline(self.workspace, [second, first])

    def _step(self, name: str, given: object, output: object) -> ParallelRunStep:
        config = ParallelRunConfig(
            environment=Environment("e"), source_directory=str(self.root / "source"),
            entry_script=f"{name}.py", output_action="append_row", error_threshold=-1,
            compute_target="local", node_count=1, mini_batch_size=2,
        )  # fmt: skip
        return ParallelRunStep(
            name=name, parallel_run_config=config, inputs=[given], output=output
        )

    def run(self, **options: object) -> PipelineRun:
        """Run it here to its end."""
        experiment = Experiment(self.workspace, "x")
        run = experiment.submit(self.pipeline(), debug=True, **options)
        run.wait_for_completion(show_output=False)
        return run


@pytest.fixture
def chain(workspace: Workspace, tmp_path: Path) -> Chain:
    """Two steps that have not run."""
    return Chain(workspace, tmp_path)


def everything(root: Path) -> dict[Path, int]:
    """Return every file but those of the catalog, and when it was written.

    To look something up in a workspace makes its catalog; SQLite counts the readers of
    a journal in a file beside it.
    """
    return {
        path: path.stat().st_mtime_ns
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(("catalog.", "run.db-"))
    }


def test_before_the_first_run_everything_runs(chain: Chain) -> None:
    """Mini-batches are counted where the input is there, times are not known."""
    seen = chain.pipeline().plan()
    first, second = seen.steps

    assert (first.runs, first.mini_batches, first.items) == (True, 3, 5)
    assert first.reason == "this workspace has no earlier result of it"
    assert (second.runs, second.mini_batches) == (True, None)
    assert second.reason == "step first runs first"
    assert seen.seconds is None
    assert "2 of 2 steps would run; how long nobody knows yet." in str(seen)


def test_after_it_nothing_runs(chain: Chain) -> None:
    """And the run that follows does just that."""
    run = chain.run()
    seen = chain.pipeline().plan()

    assert [(step.runs, step.reused_from) for step in seen.steps] == [
        (False, run.id),
        (False, run.id),
    ]
    assert "0 of 2 steps would run." in str(seen)
    assert all(step.reused_from == run.id for step in chain.run().state().steps)


def test_what_has_changed_runs_with_the_reason(chain: Chain) -> None:
    """By the pace of the last time; what comes after waits for it."""
    chain.run()
    chain.write("data/2.txt", "y")
    seen = chain.pipeline().plan()
    first, second = seen.steps

    assert first.runs
    assert first.reason.startswith("input files: 2.txt has changed")
    assert first.seconds is not None
    assert second.reason == "step first runs first"
    assert re.search(r"first: runs \(3 mini-batches, about [\d.]+ s\)", str(seen))


def test_a_later_step_runs_alone(chain: Chain) -> None:
    """What it reads is where the older run has put it."""
    run = chain.run()
    chain.write("source/second.py", SCRIPT + "#")
    first, second = chain.pipeline().plan().steps

    assert (first.runs, first.reused_from) == (False, run.id)
    assert (second.runs, second.mini_batches) == (True, 1)
    assert second.reason.startswith("code second.py has changed")


def test_steps_can_be_regenerated(chain: Chain) -> None:
    """As the submission would."""
    chain.run()
    seen = chain.pipeline().plan(regenerate_outputs=["second"])

    assert [step.runs for step in seen.steps] == [False, True]
    assert seen.steps[1].reason == "regenerate_outputs was given"
    with pytest.raises(DeclarationError, match="its steps: first, second"):
        chain.pipeline().plan(regenerate_outputs=["third"])


@pytest.mark.parametrize(
    ("incremental", "mini_batches", "taken"),
    [
        pytest.param(False, 3, 0, id="nothing unless it is asked for"),
        pytest.param(True, 3, 2, id="mini-batches that are the same"),
        pytest.param("items", 4, 3, id="items that are the same"),
    ],
)
def test_what_an_incremental_run_takes_over_is_told(
    chain: Chain, incremental: bool | str, mini_batches: int, taken: int
) -> None:
    """As many mini-batches as the run that follows, and nothing is written."""
    older = chain.run()
    chain.write("data/2.txt", "y")
    before = everything(chain.root)
    seen = chain.pipeline().plan(incremental=incremental)
    first = seen.steps[0]

    assert everything(chain.root) == before
    assert (first.mini_batches, first.taken_over) == (mini_batches, taken)
    assert first.taken_from == (older.id if taken else None)
    assert (f"{taken} taken over" in str(seen)) == bool(taken)
    state = chain.run(incremental=incremental).state().steps[0]
    assert (state.total_mini_batches, state.taken_over) == (mini_batches, taken)


def test_nothing_is_written(chain: Chain) -> None:
    """Neither before the first run nor after it."""
    for _ in range(2):
        before = everything(chain.root)
        chain.pipeline().plan().to_svg()

        assert everything(chain.root) == before
        chain.run()


def test_the_drawing_is_one_picture_by_itself(chain: Chain) -> None:
    """Every step is in it, names are escaped, and nothing is fetched."""
    picture = ET.fromstring(chain.pipeline().plan().to_svg())  # noqa: S314 - our own
    texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]

    assert texts == ["first", "runs (3 mini-batches)", "second", "runs"]
