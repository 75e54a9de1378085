"""Finds a run or a step by its id, or by the beginning of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.errors import RunNotFoundError
from azml_pipelines.plan.run_plan import RunPlan
from azml_pipelines.run.experiment import Experiment
from azml_pipelines.run.pipeline_run import PipelineRun
from azml_pipelines.wording import did_you_mean, shown

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
        msg = (
            f"{shown(run_id)} is the beginning of several runs: {names}. Give more of "
            "it."
        )
        raise RunNotFoundError(msg)
    for steps in sorted(runs.glob("*/steps")):
        if _matching(steps, run_id):
            for step in _opened(workspace, steps.parent).get_steps():
                if step.id.startswith(run_id):
                    return step
    known = [folder.name for folder in runs.iterdir()] if runs.is_dir() else []
    msg = (
        f"No run {shown(run_id)} in workspace {shown(workspace.name)}; "
        f"`azml runs` lists those there are.{did_you_mean(run_id, known)}"
    )
    raise RunNotFoundError(msg)


def _matching(folder: Path, beginning: str) -> list[Path]:
    """Return the folder of exactly this name, else those that begin like it."""
    if not isinstance(beginning, str) or not beginning or beginning.startswith("."):
        return []
    if not folder.is_dir():
        return []
    names = sorted(one for one in folder.iterdir() if one.name.startswith(beginning))
    whole = [one for one in names if one.name == beginning]
    return whole or (names if len(beginning) >= _SHORTEST else [])


def _opened(workspace: Workspace, folder: Path) -> PipelineRun:
    text = workspace.folder.run(folder.name).plan.read_bytes()
    experiment = Experiment(workspace, RunPlan.model_validate_json(text).experiment)
    return PipelineRun(experiment, folder.name)
