"""Finds a run or a step by its id, or by the beginning of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.errors import RunNotFoundError
from azml_pipelines.plan.run_plan import RunPlan
from azml_pipelines.run.experiment import Experiment
from azml_pipelines.run.pipeline_run import PipelineRun

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.run.step_run import StepRun
    from azml_pipelines.run.workspace import Workspace

__all__ = ["find_run"]

_SHORTEST = 4
_SHOWN = 5


def find_run(workspace: Workspace, run_id: str) -> PipelineRun | StepRun:
    """Return the pipeline run, or the step run, that ``run_id`` belongs to.

    Args:
        run_id: A whole id, or the beginning of one, at least four characters long.

    Raises:
        RunNotFoundError: No run has such an id, or several have.
    """
    runs = workspace.folder.runs
    found = _matching(runs, run_id)
    if len(found) == 1:
        return _opened(workspace, found[0])
    if len(found) > 1:
        names = ", ".join(folder.name for folder in found[:_SHOWN])
        msg = f"{run_id!r} is the beginning of several runs: {names}. Give more of it."
        raise RunNotFoundError(msg)
    for steps in sorted(runs.glob("*/steps")):
        if _matching(steps, run_id):
            for step in _opened(workspace, steps.parent).get_steps():
                if step.id.startswith(run_id):
                    return step
    msg = (
        f"No run {run_id!r} in workspace {workspace.name!r}; "
        "`azml runs` lists those there are."
    )
    raise RunNotFoundError(msg)


def _matching(folder: Path, beginning: str) -> list[Path]:
    """Return the folder of exactly this name, else those that begin like it."""
    if not folder.is_dir() or not beginning or beginning.startswith("."):
        return []
    names = sorted(one for one in folder.iterdir() if one.name.startswith(beginning))
    whole = [one for one in names if one.name == beginning]
    return whole or (names if len(beginning) >= _SHORTEST else [])


def _opened(workspace: Workspace, folder: Path) -> PipelineRun:
    text = workspace.folder.run(folder.name).plan.read_bytes()
    experiment = Experiment(workspace, RunPlan.model_validate_json(text).experiment)
    return PipelineRun(experiment, folder.name)
