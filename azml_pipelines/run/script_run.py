"""The run of one script that was submitted without a pipeline."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from azml_pipelines.pipeline.command_step import CommandStep
from azml_pipelines.pipeline.python_script_step import PythonScriptStep
from azml_pipelines.run.step_run import StepRun

if TYPE_CHECKING:
    from azml_pipelines.pipeline.script_run_config import ScriptRunConfig
    from azml_pipelines.pipeline.script_step import ScriptStep

__all__ = ["ScriptRun", "step_of"]


class ScriptRun(StepRun):
    """A script or command by itself: its only step, in version 1's words for runs.

    ``Experiment.submit(ScriptRunConfig(…))`` returns it; ``parent`` is the pipeline run
    of one step that it is here.
    """

    type: ClassVar[str] = "azureml.scriptrun"

    def get_status(self) -> str:
        """Return NotStarted, Running, Completed, Failed or Canceled."""
        return self.status

    def wait_for_completion(  # type: ignore[override] # version 1's signature
        self,
        show_output: bool = False,
        wait_post_processing: bool = False,
        raise_on_error: bool = True,
    ) -> dict[str, Any]:
        """Wait until it has ended and return ``get_details()``.

        Args:
            show_output: Print what it has written, at the end.
            wait_post_processing: Recorded: there is none.
            raise_on_error: Raise when it failed.

        Raises:
            ActivityFailedException: It failed and ``raise_on_error`` is True.
            ExperimentExecutionException: Ctrl-C; it goes on.
        """
        super().wait_for_completion(show_output, sys.maxsize, raise_on_error)
        return self.get_details()

    def cancel(self) -> None:
        """Ask it to stop."""
        self.parent.cancel()


def step_of(config: ScriptRunConfig) -> ScriptStep:
    """Return the step that does what a configuration says; it always runs."""
    if config.script is None:
        return CommandStep(runconfig=config, allow_reuse=False)
    return PythonScriptStep(
        config.script,
        arguments=config.arguments,
        runconfig=config.run_config,
        source_directory=config.source_directory,
        allow_reuse=False,
    )
