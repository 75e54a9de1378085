"""Where one output of a run lies on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.data.file_store import is_local
from azml_pipelines.data.local_url import local_folder
from azml_pipelines.store.run_reader import read_output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from azml_pipelines.plan.run_plan import OutputPlan, StepPlan
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["RunOutputPlace", "output_places"]


@dataclass(frozen=True)
class RunOutputPlace:
    """An output and the absolute path of its file, or of its folder."""

    name: str
    path: str


def output_places(
    run: RunFolder, step: StepPlan, outputs: Iterable[OutputPlan]
) -> list[RunOutputPlace]:
    """Return where the outputs of a step lie on this machine.

    Args:
        run: The folder of the run.
        step: Of the run.
        outputs: Its outputs; those of a reused step lie in an older place.
    """
    committed = read_output(run, step.step_run_id)
    folder = run.step(step.step_run_id)
    sides = {one.name for one in getattr(step, "side_outputs", ())}

    def path(output: OutputPlan) -> str:
        if committed and output.name not in sides:
            return committed
        if is_local(output.url):
            return f"{local_folder(output.url)}/{output.source.path}"
        copy = folder.side_output(output.name)
        return str(copy if output.name in sides else folder.output)

    return [RunOutputPlace(one.name, path(one)) for one in outputs]
