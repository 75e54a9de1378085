"""Runs one DataTransferStep: copies aside, then brings the copy to its place."""

from __future__ import annotations

import shutil
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.listing import list_files, single_file
from azml_pipelines.engine.node_plans import input_supply
from azml_pipelines.engine.script_outputs import stage_output
from azml_pipelines.engine.step_inputs import whole_inputs
from azml_pipelines.engine.step_output import register_outputs
from azml_pipelines.errors import EmptyDatasetError, UserErrorException

if TYPE_CHECKING:
    from azml_pipelines.engine.script_outputs import StagedOutput
    from azml_pipelines.engine.step_executor import StepContext
    from azml_pipelines.engine.step_inputs import StepInput
    from azml_pipelines.plan.run_plan import DataTransferStepPlan
    from azml_pipelines.store.run_state import Status

__all__ = ["TransferExecutor"]


class TransferExecutor:
    """Copies the files of one step, from the beginning whenever it is started."""

    def __init__(
        self, step: DataTransferStepPlan, position: int, context: StepContext
    ) -> None:
        self._step = step
        self._position = position
        self._context = context
        self._folder = context.folder.step(step.step_run_id)

    def first_failure(self) -> str:
        """Return nothing: the error says it."""
        return ""

    def ended(self, status: Status, error: str | None) -> None:  # noqa: ARG002 - no files
        """Forget what was not finished."""
        self._staged.discard()

    def work(self) -> None:
        """See ``StepExecutor``."""
        supply = input_supply(self._context, self._step)
        (source,) = whole_inputs([self._step.source], supply)
        self._staged.prepare()
        self._copy(source)
        self._staged.publish(self._context.confirm)
        register_outputs(self._context.run.workspace, self._step.all_outputs)
        supply.close()

    @cached_property
    def _staged(self) -> StagedOutput:
        writer = self._context.writer(self._step)
        return stage_output(self._step.destination, self._folder.output, writer)

    def _copy(self, source: StepInput) -> None:
        file = single_file(source.definition)
        step, staged = self._step, self._staged.staged
        if step.source_type == "file" and file is None:
            msg = f"the source {source.path} is no single file"
            raise UserErrorException(msg)
        if step.source_type == "directory" and file is not None:
            msg = f"the source {source.path} is a file, not a folder"
            raise UserErrorException(msg)
        if file is not None and step.destination_type != "directory":
            if staged.is_dir():
                staged.rmdir()  # was made before anybody knew what it becomes
            shutil.copyfile(file, staged)
            return
        if step.destination_type == "file":
            msg = f"the folder {source.path} cannot become one file"
            raise UserErrorException(msg)
        count = 0
        listing = list_files(source.definition)
        for path in listing.paths:
            self._context.check()
            target = staged / path
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(Path(listing.root) / path, target)
            count += 1
        if not count:
            msg = f"nothing was found at {source.path}"
            raise EmptyDatasetError(msg)
