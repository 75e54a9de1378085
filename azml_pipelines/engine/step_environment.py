"""Which interpreter runs a step: the current one, or one that is built for it."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from azml_pipelines.compute.built_environments import (
    EnvironmentStore,
    environments_folder,
)
from azml_pipelines.compute.environment_builder import (
    build_environment,
    find_environment,
)
from azml_pipelines.compute.interpreter import CURRENT, Interpreter, link_package
from azml_pipelines.errors import EnvironmentBuildError
from azml_pipelines.pipeline.environment_build import build_order
from azml_pipelines.plan.run_plan import ParallelRunStepPlan
from azml_pipelines.store.packages import installed_packages
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from azml_pipelines.compute.built_environments import BuiltEnvironment
    from azml_pipelines.pipeline.environment_build import BuildOrder
    from azml_pipelines.plan.run_plan import StepPlan, WorkspacePlan

__all__ = ["is_ready", "prepare_environment", "step_interpreter", "step_packages"]

_NOT_BUILT = {"environment": "not built yet"}


def prepare_environment(
    step: StepPlan, workspace: WorkspacePlan, check: Callable[[], None]
) -> None:
    """Build what a step runs in, unless it is there.

    Args:
        step: Of a plan.
        workspace: Of the run.
        check: Called several times a second; raises to stop.

    Raises:
        EnvironmentBuildError: It cannot be built, or lacks what our own part of the
            work needs there.
    """
    order = _order(step)
    if order is None:
        return

    def say(text: str) -> None:
        with contextlib.suppress(OSError):
            print(f"step {step.name!r}: {text}", file=sys.stderr, flush=True)  # noqa: T201 - this is the run's log

    built = build_environment(_store(workspace), order, check=check, say=say)
    lacking = [name for name in _needed(step) if name not in built.packages]
    if lacking:
        msg = (
            f"environment {shown(order.name)} lacks {listed(lacking)}, which workers "
            "need there for this step's tables. Declare it with pip_packages=[…]"
        )
        raise EnvironmentBuildError(msg)


def is_ready(step: StepPlan, workspace: WorkspacePlan) -> bool:
    """Whether nothing has to be built before a step can run."""
    order = _order(step)
    try:
        return order is None or _find(workspace, order) is not None
    except EnvironmentBuildError:
        return False


def step_interpreter(step: StepPlan, workspace: WorkspacePlan) -> Interpreter:
    """Return the Python that runs a step.

    Raises:
        EnvironmentBuildError: It has not been built, or is gone.
    """
    order = _order(step)
    if order is None:
        return CURRENT
    built = _find(workspace, order)
    if built is None:
        msg = (
            f"environment {shown(order.name)} has been removed since it was built; "
            "resume the run to have it built again"
        )
        raise EnvironmentBuildError(msg)
    return Interpreter(built.interpreter, str(link_package(_store(workspace).root)))


def step_packages(step: StepPlan, workspace: WorkspacePlan) -> Mapping[str, str]:
    """Return what the Python that runs a step has: name to version.

    Of an environment that is not there yet, only that is known.
    """
    order = _order(step)
    if order is None:
        return installed_packages()
    try:
        built = _find(workspace, order)
    except EnvironmentBuildError:
        return _NOT_BUILT
    return _NOT_BUILT if built is None else built.packages


def _order(step: StepPlan) -> BuildOrder | None:
    return None if step.environment is None else build_order(step.environment)


def _store(workspace: WorkspacePlan) -> EnvironmentStore:
    return EnvironmentStore(environments_folder(workspace.cache_folder))


def _find(workspace: WorkspacePlan, order: BuildOrder) -> BuiltEnvironment | None:
    return find_environment(_store(workspace), order)


def _needed(step: StepPlan) -> Iterator[str]:
    """Name the packages that our own code imports where workers run."""
    if not isinstance(step, ParallelRunStepPlan):
        return
    inputs = [port.definition for port in step.inputs]
    formats = [one.format for one in inputs if one is not None and one.format]
    form = step.settings.output_format
    scores = step.settings.entry_kind == "mlflow"
    if scores:
        yield "mlflow-skinny"  # the whole of MLflow brings it too
    if scores or formats or form is not None:
        yield "pandas"
    if form == "parquet" or any(one.kind == "parquet" for one in formats):
        yield "pyarrow"
