"""``ScriptRunConfig``: one script or command, to be submitted without a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.argument_checks import check_list
from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.run_configuration import (
    RunConfiguration,
    check_run_configuration,
)
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ScriptRunConfig"]

_MONTH = 30 * 24 * 3600


class ScriptRunConfig:
    """What ``Experiment.submit`` runs once: a script or a command, and in what.

    Args:
        source_directory: Copied for the run.
        script: A Python file of it; or ``command``.
        arguments: Of the script: texts, numbers, named datasets, output configurations.
        run_config: A ``RunConfiguration``, whose target, environment and variables are
            used; the next three win over it.
        compute_target: Where it runs.
        environment: An ``Environment``.
        distributed_job_config: Only None: one process is started.
        resume_from: Only None.
        max_run_duration_seconds: After this time it is killed.
        command: A command line, as text or a list, in place of ``script``.
        docker_runtime_config: Recorded.

    Raises:
        DeclarationError: There is no script and no command, or both, or something is
            asked for that is not there.
    """

    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        source_directory: str,
        script: str | None = None,
        arguments: Sequence[Any] | None = None,
        run_config: object = None,
        compute_target: object = None,
        environment: object = None,
        distributed_job_config: object = None,
        resume_from: object = None,
        max_run_duration_seconds: float | None = _MONTH,
        command: str | Sequence[Any] | None = None,
        docker_runtime_config: object = None,
    ) -> None:
        if (script is None) == (command is None):
            msg = (
                "ScriptRunConfig takes script or command, and not both; it got "
                f"script={shown(script)}, command={shown(command)}."
            )
            raise DeclarationError(msg)
        for name, given in (
            ("distributed_job_config", distributed_job_config),
            ("resume_from", resume_from),
        ):
            if given is not None:
                msg = (
                    f"ScriptRunConfig: {name}={shown(given)} is not there: one process "
                    "is started, from the beginning. Leave it out."
                )
                raise DeclarationError(msg)
        known = check_run_configuration("ScriptRunConfig", run_config)
        self.run_config = RunConfiguration() if known is None else known
        self.source_directory = source_directory
        self.script = script
        check_list("arguments", arguments)
        self.arguments = list(arguments or self.run_config.arguments)
        self.command = command
        self.docker_runtime_config = docker_runtime_config
        if compute_target is not None:
            self.run_config.target = compute_target
        if environment is not None:
            self.run_config.environment = environment  # type: ignore[assignment] # checked by the step
        if known is None:
            self.run_config.max_run_duration_seconds = max_run_duration_seconds

    def __repr__(self) -> str:
        what = self.script or self.command
        return f"ScriptRunConfig({shown(what)} in {shown(self.source_directory)})"
