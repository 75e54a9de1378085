"""Refuses steps of one run that would write over each other's rows. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from azml_pipelines.errors import DeclarationError
from azml_pipelines.plan.run_plan import ParallelRunStepPlan
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from azml_pipelines.plan.run_plan import StepPlan

__all__ = ["refuse_shared_files"]


def refuse_shared_files(steps: Iterable[StepPlan]) -> None:
    """Check that no two steps append their rows to the same file.

    Each of them puts its own file there, so only the rows of the last one would be
    left. With ``on_existing="version"`` the later one finds another name; of steps with
    a condition, one may stand in for the other.

    Raises:
        DeclarationError: Two do.
    """
    writers: dict[tuple[str, PurePosixPath], ParallelRunStepPlan] = {}
    for step in steps:
        if not isinstance(step, ParallelRunStepPlan) or step.output is None:
            continue
        settings, output = step.settings, step.output
        if settings.output_action != "append_row" or settings.on_existing == "version":
            continue
        if step.when:
            continue
        name = settings.append_row_file_name
        file = PurePosixPath(output.path_on_datastore) / name
        other = writers.setdefault((output.url, file), step)
        if other is not step:
            msg = (
                f"Steps {shown(other.name)} and {shown(step.name)} both write "
                f"{shown(str(file))} of datastore {shown(output.datastore)}, and only "
                "the rows of one would be left. Give each of them a destination or an "
                "append_row_file_name of its own."
            )
            raise DeclarationError(msg)
