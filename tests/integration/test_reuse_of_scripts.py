"""Steps of other kinds are reused too, with what their scripts have noted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azml_pipelines import (
    Dataset,
    Experiment,
    Pipeline,
    PipelineData,
    PythonScriptStep,
)

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun, Workspace

SCRIPT = """
import argparse
from pathlib import Path
from azml_pipelines import Run

parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--out")
args = parser.parse_args()
files = [Path(args.data) / "a.txt"]  # one that looks for files may use any module
Path(args.out).mkdir(parents=True, exist_ok=True)
for file in files:
    (Path(args.out) / file.name).write_text(file.read_text() + "!")
Run.get_context().log("files", len(files))
"""


def submit(workspace: Workspace, root: Path) -> PipelineRun:
    """Run two script steps, one after the other."""
    files = Dataset.File.from_files(str(root / "data"))
    port = files.as_named_input("files").as_mount()
    first, second = PipelineData("first_out"), PipelineData("second_out")

    def step(name: str, given: object, out: PipelineData) -> PythonScriptStep:
        return PythonScriptStep(
            script_name=f"{name}.py",
            name=name,
            source_directory=str(root / "source"),
            arguments=["--data", given, "--out", out],
            inputs=[given],
            outputs=[out],
            compute_target="local",
        )

    steps = [step("first", port, first), step("second", first, second)]
    run = Experiment(workspace, "x").submit(Pipeline(workspace, steps))
    run.wait_for_completion(show_output=False)
    return run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two scripts in one folder, and a file to read."""
    for name in ("source/first.py", "source/second.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SCRIPT)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("a")
    return tmp_path


def ran(run: PipelineRun) -> list[str]:
    """Return the names of the steps that ran."""
    return [step.name for step in run.state().steps if step.reused_from is None]


def test_scripts_are_reused_with_their_metrics(
    workspace: Workspace, root: Path
) -> None:
    """Whoever asks the new run gets the older one's answer."""
    submit(workspace, root)
    again = submit(workspace, root)
    last = again.find_step_run("second")[0]
    last.get_output_data("second_out").download(str(root / "copy"))

    assert ran(again) == []
    assert last.get_metrics() == {"files": 1}
    assert [path.read_text() for path in (root / "copy").rglob("a.txt")] == ["a!!"]


def test_a_changed_script_reruns_its_own_step(workspace: Workspace, root: Path) -> None:
    """The other one in the same folder does not matter; what follows reads the old."""
    submit(workspace, root)
    (root / "source" / "second.py").write_text(SCRIPT.replace('"!"', '"?"'))
    again = submit(workspace, root)
    place = Path(again.output_places()[1].path)

    assert ran(again) == ["second"]
    assert again.explain("second").differences[0].name == "second.py"
    assert (place / "a.txt").read_text() == "a!?"


def test_changed_data_reruns_both(workspace: Workspace, root: Path) -> None:
    """The second because the bytes it reads are other ones."""
    submit(workspace, root)
    (root / "data" / "a.txt").write_text("b")

    assert ran(submit(workspace, root)) == ["first", "second"]
