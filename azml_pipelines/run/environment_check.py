"""Looks at what the steps of a plan run in, before anything of the run is written."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.environment_build import wanted_packages
from azml_pipelines.store.package_check import package_differences
from azml_pipelines.store.packages import installed_packages
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.plan.run_plan import RunPlan

__all__ = ["check_environments"]


def check_environments(plan: RunPlan, *, debug: bool) -> None:
    """Warn once for each environment whose packages are not those that are here.

    Args:
        plan: Of a run.
        debug: Whether the run is to have this process alone.

    Raises:
        DeclarationError: A step is to be built an environment for, and a debug run
            has only this process.
    """
    seen = set()
    for step in plan.steps:
        environment = step.environment
        if environment is None:
            continue
        if environment.python.build is not None:
            _refuse_debug(step.name, environment.name or "", debug=debug)
            continue
        wanted = wanted_packages(environment)
        if not wanted or environment.name in seen:
            continue
        seen.add(environment.name)
        differences = package_differences(wanted, installed_packages())
        if differences:
            warnings.warn(
                f"Environment {shown(environment.name)} declares what this interpreter "
                f"does not have: {listed(differences, 200)}. Steps run in this "
                "interpreter as it is; Environment(…, build='venv') would have them "
                "installed.",
                UserWarning,
                stacklevel=2,
            )


def _refuse_debug(step: str, environment: str, *, debug: bool) -> None:
    if debug:
        msg = (
            f"Step {shown(step)} runs in environment {shown(environment)}, which is "
            "built for it, and a debug run has only the present process. Submit it "
            "without debug, or declare the environment without build."
        )
        raise DeclarationError(msg)
