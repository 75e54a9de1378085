"""Results that stand in for later steps: real runs of two steps, part by part."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azml_pipelines import (
    CondaDependencies,
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
    from collections.abc import Callable, Mapping

    from azml_pipelines import PipelineRun, Workspace

SCORE = """
import argparse, os, shared
parser = argparse.ArgumentParser()
parser.add_argument("--level", default="0")
level = parser.parse_known_args()[0].level
def run(mini_batch):
    side = os.environ.get("SIDE", "")
    end = f"{level} {side}"
    return [f"{os.path.basename(p)} {open(p).read()} {end}" for p in mini_batch]
"""
JOIN = """
def run(mini_batch):
    return [Path(path).read_text().replace("\\n", "|") for path in mini_batch]
from pathlib import Path
"""


@dataclass
class TwoSteps:
    """``score`` reads files, ``join`` reads what it makes; all can be changed."""

    workspace: Workspace
    root: Path
    score: dict[str, object] = field(default_factory=dict)
    """Settings of the first step besides the usual ones."""
    join: dict[str, object] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=lambda: ["--level", "1"])
    environment: Environment = field(default_factory=lambda: Environment("one"))
    output: Mapping[str, object] = field(default_factory=dict)
    allow_reuse: bool = True

    def __post_init__(self) -> None:
        for name, text in {
            "score.py": SCORE, "join.py": JOIN, "shared.py": "x = 1\n",
            "notes.ipynb": "{}", "weights.bin": "7",
        }.items():  # fmt: skip
            self.write(f"source/{name}", text)
        for number in range(3):
            self.write(f"data/{number}.txt", str(number))
        self.write("side/list.txt", "a")

    def write(self, name: str, text: str) -> None:
        """Write a file of the source or of the input."""
        path = self.root / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)

    def pipeline(self) -> Pipeline:
        """Declare the two steps anew."""
        rows = PipelineData("rows", **self.output).as_dataset()
        score = self._step("score", rows, self.score, self.arguments)
        join = self._step("join", PipelineData("joined"), self.join, [], rows)
        return Pipeline(self.workspace, [score, join])

    def _step(self, name, output, more, arguments, given=None) -> ParallelRunStep:
        files = Dataset.File.from_files(str(self.root / "data"))
        side = Dataset.File.from_files(str(self.root / "side"))
        settings = {
            "environment": self.environment, "mini_batch_size": 1,
            "source_directory": str(self.root / "source"), "error_threshold": -1,
            "entry_script": f"{name}.py", "output_action": "append_row",
            "compute_target": "local", "node_count": 1, "process_count_per_node": 1,
            "append_row_file_name": f"{name}.txt", **more,
        }  # fmt: skip
        return ParallelRunStep(
            name=name,
            parallel_run_config=ParallelRunConfig(**settings),
            inputs=[given or files.as_named_input("files").as_mount()],
            side_inputs=[] if given else [side.as_named_input("side").as_mount()],
            output=output,
            arguments=arguments,
            allow_reuse=self.allow_reuse,
        )

    def run(self, **options: object) -> PipelineRun:
        """Submit and wait for the end, which must be a good one."""
        run = Experiment(self.workspace, "reuse").submit(self.pipeline(), **options)
        run.wait_for_completion(show_output=False)
        return run


@pytest.fixture
def steps(workspace: Workspace, tmp_path: Path) -> TwoSteps:
    """A pipeline that has not run yet."""
    return TwoSteps(workspace, tmp_path)


def ran(run: PipelineRun) -> list[str]:
    """Return the names of the steps that ran."""
    return [step.name for step in run.state().steps if step.reused_from is None]


def rows(run: PipelineRun) -> list[bytes]:
    """Return the outputs."""
    return [Path(place.path).read_bytes() for place in run.output_places()]


def test_the_same_again_is_reused_everywhere(steps: TwoSteps) -> None:
    """Nothing runs; outputs, properties and texts are those of the older run."""
    first = steps.run()
    second = steps.run()
    again = second.find_step_run("join")[0]

    assert ran(first) == ["score", "join"]
    assert ran(second) == []
    assert rows(second) == rows(first)
    assert again.reused_from == first.id
    assert again.properties["azureml.reusedpipeline"] == first.id
    assert again.get_output_data("joined").download(str(steps.root / "copy")) == 1
    assert f"reused from run {first.id}" in again.get_job_log()
    assert f"reused from run {first.id}" in second.explain("join").text
    assert second.explain("join").decision == "reused"
    assert all(finding.ok for finding in second.verify())


def test_a_third_run_names_the_run_that_has_made_the_result(steps: TwoSteps) -> None:
    """Not the one that has reused it meanwhile."""
    first = steps.run()
    steps.run()

    assert {one.reused_from for one in steps.run().state().steps} == {first.id}


def test_a_touched_file_is_no_other_file(steps: TwoSteps) -> None:
    """It is bytes that count, not times; nor where a source directory lies."""
    steps.run()
    for file in steps.root.glob("*/*.*"):
        os.utime(file, (1, 1))

    assert ran(steps.run()) == []


def test_a_new_interpreter_finds_the_same(steps: TwoSteps) -> None:
    """What another process has made is reused, with another seed for its hashes."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[3])\n"
        "from pathlib import Path\n"
        "from azml_pipelines import Workspace\n"
        "from test_reuse import TwoSteps\n"
        "workspace = Workspace.from_config(sys.argv[1])\n"
        "print('made by', TwoSteps(workspace, Path(sys.argv[2])).run().id)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, steps.workspace.folder.root, steps.root,
         Path(__file__).parent],
        env={**os.environ, "PYTHONHASHSEED": "7"}, check=True, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    made_by = done.stdout.splitlines()[-1].split()[-1]

    assert {one.reused_from for one in steps.run().state().steps} == {made_by}


def _environment(steps: TwoSteps) -> None:
    steps.environment = Environment("two")
    steps.environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["pandas"]
    )


CHANGES = {
    "one byte of the script": (
        lambda s: s.write("source/score.py", SCORE + "#"),
        ["score"], "code", "score.py",
    ),
    "one byte of a module that it imports": (
        lambda s: s.write("source/shared.py", "x = 2\n"), ["score"], "code", "shared.py"
    ),
    "one byte of a file that any script may read": (
        lambda s: s.write("source/weights.bin", "8"),
        ["score", "join"], "code", "weights.bin",
    ),
    "the script of the second step": (
        lambda s: s.write("source/join.py", JOIN.replace("|", "/")),
        ["join"], "code", "join.py",
    ),
    "one byte of an input": (
        lambda s: s.write("data/1.txt", "x"), ["score", "join"], "input", "files: 1.txt"
    ),
    "one file more": (
        lambda s: s.write("data/9.txt", "x"), ["score", "join"], "input", "files: 9.txt"
    ),
    "one file less": (
        lambda s: (s.root / "data/2.txt").unlink(),
        ["score", "join"], "input", "files: 2.txt",
    ),
    "a side input": (
        lambda s: s.write("side/list.txt", "b"), ["score"], "side input",
        "side: list.txt",
    ),
    "an argument": (
        lambda s: s.arguments.__setitem__(1, "2"),
        ["score", "join"], "argument", "--level",
    ),
    "a setting": (
        lambda s: s.score.update(mini_batch_size=2), ["score"], "setting",
        "mini_batch_size",
    ),
    "the name of the output file": (
        lambda s: s.score.update(append_row_file_name="other.txt"),
        ["score", "join"], "setting", "append_row_file_name",
    ),
    "a variable": (
        lambda s: s.score.update(environment_variables={"SIDE": "b"}),
        ["score", "join"], "environment", "variable SIDE",
    ),
    "a package of the environment": (
        _environment, ["score", "join"], "environment", "python"
    ),
    "where the output goes": (
        lambda s: setattr(s, "output", {"output_name": "elsewhere"}),
        ["score"], "output", "elsewhere",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_result_depends_on(steps: TwoSteps, what: str) -> None:
    """A changed part reruns exactly the steps it matters to, and is named first."""
    change, expected, kind, name = CHANGES[what]
    first = steps.run()
    change(steps)
    second = steps.run()
    found = second.explain(expected[0])

    assert ran(second) == expected
    assert found.decision == "ran"
    assert (kind, name) == (found.differences[0].kind, found.differences[0].name)
    assert found.compared_with == first.id
    assert name in found.text.splitlines()[0]
    assert ran(steps.run()) == []


KNOBS: dict[str, Callable[[TwoSteps], object]] = {
    "processes": lambda s: s.score.update(process_count_per_node=2),
    "nodes": lambda s: s.score.update(node_count=2),
    "the time that run() may take": lambda s: s.score.update(run_invocation_timeout=99),
    "tries": lambda s: s.score.update(run_max_try=7),
    "thresholds": lambda s: s.score.update(error_threshold=5),
    "logging": lambda s: s.score.update(logging_level="DEBUG"),
    "memory": lambda s: s.score.update(memory_limit_per_process=1 << 32),
    "a notebook beside the script": lambda s: s.write("source/notes.ipynb", "{ }"),
}


def test_how_a_step_runs_is_no_part_of_its_result(steps: TwoSteps) -> None:
    """All knobs of execution together change nothing."""
    steps.run()
    for turn in KNOBS.values():
        turn(steps)

    assert ran(steps.run()) == []


def test_a_submission_can_ask_for_new_results(steps: TwoSteps) -> None:
    """For all steps or for some; what they make is reused later."""
    steps.run()
    everything = steps.run(regenerate_outputs=True)
    one = steps.run(regenerate_outputs=["join"])

    assert ran(everything) == ["score", "join"]
    assert ran(one) == ["join"]
    assert one.state().steps[0].reused_from == everything.id
    assert one.explain("join").text.startswith(
        "Step join ran: regenerate_outputs was given"
    )


def test_a_new_result_with_the_same_bytes_changes_nothing_after_it(
    steps: TwoSteps,
) -> None:
    """The second step reads what it read before, wherever that lies."""
    first = steps.run()
    second = first.resubmit(regenerate_outputs=["score"])
    second.wait_for_completion(show_output=False)

    assert ran(second) == ["score"]
    assert second.state().steps[1].reused_from == first.id


def test_a_step_that_does_not_exist_cannot_be_regenerated(steps: TwoSteps) -> None:
    """The message names those there are, and nothing has been written."""
    with pytest.raises(DeclarationError, match=r"'jion'.*its steps: score, join"):
        steps.run(regenerate_outputs=["jion"])

    assert list(steps.workspace.catalog.runs.newest_first()) == []


def test_a_step_can_refuse_to_be_reused(steps: TwoSteps) -> None:
    """allow_reuse=False runs every time, and says so."""
    steps.allow_reuse = False
    steps.run()
    second = steps.run()

    assert ran(second) == ["score", "join"]
    assert "allow_reuse is False" in second.explain("score").text


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_an_output_that_is_not_what_it_was_is_made_again(
    steps: TwoSteps, damage: str
) -> None:
    """The step that has lost it runs; the reason names the run."""
    first = steps.run()
    before = rows(first)
    output = Path(first.output_places()[0].path)
    if damage == "gone":
        output.unlink()
    else:
        output.write_text("something else\n")
    second = steps.run()

    assert ran(second) == ["score"]
    assert first.id in second.explain("score").text
    assert f"{damage}" in second.explain("score").text
    assert rows(second) == before


def test_a_result_with_failed_items_is_not_reused(steps: TwoSteps) -> None:
    """They get another chance."""
    steps.write(
        "source/score.py",
        "import os\ndef run(mini_batch):\n"
        "    return [open(p).read() for p in mini_batch if '1.txt' not in p]\n",
    )
    first = steps.run()
    second = steps.run()

    assert first.state().steps[0].failed_items == 1
    assert ran(second) == ["score"]
    assert "1 items had failed" in second.explain("score").text


def test_a_file_that_changes_while_a_step_runs_makes_no_result(
    steps: TwoSteps,
) -> None:
    """What was read and what is there now may differ: the step runs again."""
    steps.write(
        "source/score.py",
        "import os\ndef run(mini_batch):\n"
        f"    open({str(steps.root / 'side' / 'list.txt')!r}, 'w').write('a')\n"
        "    return [open(p).read() for p in mini_batch]\n",
    )
    first = steps.run()
    second = steps.run()

    assert ran(first) == ["score", "join"]
    assert "score" in ran(second)
    assert "was written to while the step ran" in second.explain("score").text


def test_a_reused_step_feeds_one_that_is_debugged(steps: TwoSteps) -> None:
    """Runs in this process reuse too, and replay reads from where the rows lie."""
    first = steps.run()
    steps.write("source/join.py", JOIN.replace("|", "/"))
    second = steps.run(debug=True)

    assert ran(second) == ["join"]
    assert rows(second)[0] == rows(first)[0]
    second.replay(0, step_name="join")
