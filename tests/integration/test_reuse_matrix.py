"""Steps of scripts, commands and copies: each part of what their results depend on.

``clean`` is a script, ``count`` a command and ``keep`` a copy; each reads what the one
before it has made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from azml_pipelines import (
    CommandStep,
    CondaDependencies,
    Dataset,
    DataTransferStep,
    OutputFileDatasetConfig,
    PipelineData,
    PipelineParameter,
    PythonScriptStep,
)
from azml_pipelines.data.data_reference import DataReference
from azml_pipelines.pipeline.run_configuration import RunConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from azml_pipelines import PipelineRun
    from azml_pipelines.testing.script_steps import ScriptSteps

CLEAN = """
import argparse, os
import shared
parser = argparse.ArgumentParser()
for name in ("--data", "--out", "--level"):
    parser.add_argument(name)
args, _ = parser.parse_known_args()
os.makedirs(args.out, exist_ok=True)
said = [args.level, os.environ["AML_PARAMETER_depth"], os.environ.get("MOOD", "")]
with open(os.path.join(args.data, "a.txt")) as file:
    said.append(file.read())
with open(os.path.join(args.out, "cleaned.txt"), "w") as file:
    file.write(" ".join(said))
"""


@dataclass
class Chain:
    """Declares the three steps anew for each run; everything can be changed."""

    steps: ScriptSteps
    root: Path
    script: str = "clean.py"
    level: str = "1"
    mode: str = "as_mount"
    command: str = "-type f) | wc -c >"
    copied: str = "kept/here"
    clean: dict[str, object] = field(default_factory=dict)
    """Of the script; so are those of the others."""
    count: dict[str, object] = field(default_factory=dict)
    keep: dict[str, object] = field(default_factory=dict)
    counted: dict[str, object] = field(default_factory=dict)
    """Of the output of the command."""

    def __post_init__(self) -> None:
        self.write("source/clean.py", CLEAN)
        self.write("source/also_clean.py", CLEAN)
        self.write("source/shared.py", "x = 1\n")
        self.write("shell/words.txt", "unused\n")
        self.write("data/a.txt", "a")

    def write(self, name: str, text: str) -> None:
        """Write a file of a source or of the input."""
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def run(self, **options: object) -> PipelineRun:
        """Run the three steps to a good end."""
        files = Dataset.File.from_files(str(self.root / "data")).as_named_input("data")
        given = getattr(files, self.mode)()
        cleaned = OutputFileDatasetConfig("cleaned")
        level = PipelineParameter("level", self.level)
        clean = PythonScriptStep(
            self.script,
            name="clean",
            arguments=["--data", given, "--out", cleaned, "--level", level],
            **{
                "source_directory": str(self.root / "source"),
                "params": {"depth": 1},
                "runconfig": RunConfiguration(),
                **self.clean,
            },
        )
        counted = PipelineData("counted", **self.counted)
        count = CommandStep(
            ["cat $(find", cleaned.as_input("cleaned"), self.command, counted],
            name="count",
            outputs=[counted],
            **{"source_directory": str(self.root / "shell"), **self.count},
        )
        store = self.steps.workspace.get_default_datastore()
        place = DataReference(store, "kept", self.copied)
        keep = DataTransferStep("keep", counted, place, **self.keep)
        run = self.steps.run(clean, count, keep, **options)
        assert run.get_status() == "Finished", run.state().error
        return run


@pytest.fixture
def chain(steps: ScriptSteps, tmp_path: Path) -> Chain:
    """Three steps that have not run."""
    return Chain(steps, tmp_path)


def ran(run: PipelineRun) -> list[str]:
    """Return the names of the steps that ran."""
    return [step.name for step in run.state().steps if step.reused_from is None]


def _with_package() -> RunConfiguration:
    packages = CondaDependencies.create(pip_packages=["pandas"])
    return RunConfiguration(conda_dependencies=packages)


ALL = ["clean", "count", "keep"]
CHANGES: dict[str, tuple[Callable[[Chain], object], list[str], str, str]] = {
    "one byte of the script": (
        lambda c: c.write("source/clean.py", CLEAN + "#"),
        ["clean"], "code", "clean.py",
    ),
    "one byte of a module that it imports": (
        lambda c: c.write("source/shared.py", "x = 2\n"), ["clean"], "code", "shared.py"
    ),
    "another script with the same text": (
        lambda c: setattr(c, "script", "also_clean.py"),
        ["clean"], "code", "also_clean.py",
    ),
    "one byte of a file beside a command": (
        lambda c: c.write("shell/words.txt", "Unused\n"),
        ["count"], "code", "words.txt",
    ),
    "one byte of the input": (
        lambda c: c.write("data/a.txt", "bb"), ALL, "input", "data: a.txt"
    ),
    "how the input comes": (
        lambda c: setattr(c, "mode", "as_download"),
        ["clean"], "input", "data (how it is read)",
    ),
    "a pipeline parameter": (
        lambda c: setattr(c, "level", "22"), ALL, "setting", "parameter level"
    ),
    "a parameter of the step": (
        lambda c: c.clean.update(params={"depth": 22}), ALL, "setting",
        "parameter depth",
    ),
    "a variable": (
        lambda c: c.clean.update(environment_variables={"MOOD": "good"}),
        ALL, "environment", "variable MOOD",
    ),
    "a package of the environment": (
        lambda c: c.clean.update(runconfig=_with_package()),
        ["clean"], "environment", "python",
    ),
    "the author's version": (
        lambda c: c.clean.update(version="2"), ["clean"], "setting", "version"
    ),
    "the command": (
        lambda c: setattr(c, "command", "-type f) | wc -m >"),
        ["count"], "argument", "3",
    ),
    "what an output is": (
        lambda c: c.counted.update(is_directory=False), ["count"], "output", "counted"
    ),
    "where a copy goes": (
        lambda c: setattr(c, "copied", "kept/there"), ["keep"], "output", "kept"
    ),
    "what a copy has to be of": (
        lambda c: c.keep.update(source_reference_type="file"),
        ["keep"], "setting", "source_type",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_result_depends_on(chain: Chain, what: str) -> None:
    """A changed part reruns exactly the steps it matters to, and is named first."""
    change, expected, kind, name = CHANGES[what]
    first = chain.run()
    change(chain)
    second = chain.run()
    found = second.explain(expected[0])

    assert ran(first) == ALL
    assert ran(second) == expected
    assert (kind, name) == (found.differences[0].kind, found.differences[0].name)
    assert found.compared_with == first.id
    assert name in found.text.splitlines()[0]
    assert ran(chain.run()) == []


def test_how_a_script_runs_is_no_part_of_its_result(chain: Chain) -> None:
    """Limits and tries, and where a source directory lies."""
    chain.run()
    for options in (chain.clean, chain.count):
        options.update(timeout_seconds=99, max_try=3, memory_limit="1GB")
    moved = chain.root / "moved"
    (chain.root / "source").rename(moved)
    chain.clean.update(source_directory=str(moved))

    assert ran(chain.run()) == []


def test_single_steps_refuse_or_are_told_to_run(chain: Chain) -> None:
    """Per step and per submission; what they make anew is the same for the others."""
    chain.run()
    told = chain.run(regenerate_outputs=["count"])
    chain.clean.update(allow_reuse=False)

    assert ran(told) == ["count"]
    assert ran(chain.run()) == ["clean"]
