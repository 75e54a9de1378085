"""Each kind of step keeps the contract of steps."""

from __future__ import annotations

from azml_pipelines import (
    CommandStep,
    Dataset,
    DataTransferStep,
    Environment,
    ParallelRunConfig,
    ParallelRunStep,
    PipelineData,
)
from azml_pipelines.testing.step_executor_tests import StepExecutorTests

WRITES = """
import sys
from pathlib import Path
Path(sys.argv[1]).write_text("x")
"""


def files(steps):
    """Return a dataset of one file."""
    folder = steps.folder / "data"
    folder.mkdir(exist_ok=True)
    (folder / "a.txt").write_text("a")
    return Dataset.File.from_files(str(folder)).as_named_input("files").as_mount()


class TestPythonScript(StepExecutorTests):
    """A script."""

    def good(self, steps):
        """See ``StepExecutorTests``."""
        return self.make(steps, WRITES)

    def bad(self, steps):
        """See ``StepExecutorTests``."""
        return self.make(steps, WRITES + "raise ValueError('no')")

    def make(self, steps, text):
        """Return a step of a script."""
        made = PipelineData("made")
        return steps.script(text, "kind", arguments=[made], outputs=[made])


class TestCommand(StepExecutorTests):
    """A command."""

    def good(self, steps):
        """See ``StepExecutorTests``."""
        return self.make(steps, "")

    def bad(self, steps):
        """See ``StepExecutorTests``."""
        return self.make(steps, "; exit 3")

    def make(self, steps, end):
        """Return a step of a command."""
        made = PipelineData("made")
        return CommandStep(
            ["echo x >", made, end],
            name="kind",
            outputs=[made],
            source_directory=steps.source("pass"),
        )


class TestDataTransfer(StepExecutorTests):
    """A copy."""

    def good(self, steps):
        """See ``StepExecutorTests``."""
        return DataTransferStep("kind", files(steps), PipelineData("made"))

    def bad(self, steps):
        """See ``StepExecutorTests``."""
        return DataTransferStep(
            "kind", files(steps), PipelineData("made"), source_reference_type="file"
        )


class TestParallelRun(StepExecutorTests):
    """A script over mini-batches."""

    def good(self, steps):
        """See ``StepExecutorTests``."""
        return self.make(steps, "def run(mini_batch): return ['x']")

    def bad(self, steps):
        """See ``StepExecutorTests``."""
        return self.make(steps, "def run(mini_batch): raise ValueError('no')")

    def make(self, steps, text):
        """Return a parallel step."""
        config = ParallelRunConfig(
            environment=Environment("current"),
            source_directory=steps.source(text),
            entry_script="main.py",
            error_threshold=0,
            output_action="append_row",
            compute_target="local",
            node_count=1,
            run_max_try=1,
        )
        return ParallelRunStep(
            name="kind",
            parallel_run_config=config,
            inputs=[files(steps)],
            output=PipelineData("made"),
        )
