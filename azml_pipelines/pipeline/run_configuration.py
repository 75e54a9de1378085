"""``RunConfiguration``: what a script step runs in, as version 1 writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.argument_checks import check_list
from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.environment import Environment
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.pipeline.environment import CondaDependencies

__all__ = ["DockerConfiguration", "RunConfiguration", "check_run_configuration"]


class DockerConfiguration:
    """Recorded: scripts run in processes of this machine, not in containers."""

    def __init__(
        self,
        use_docker: bool = False,
        shared_volumes: bool = True,
        arguments: Sequence[str] | None = None,
        shm_size: str | None = None,
    ) -> None:
        self.use_docker = use_docker
        self.shared_volumes = shared_volumes
        check_list("arguments", arguments)
        self.arguments = list(arguments or ())
        self.shm_size = shm_size


class RunConfiguration:
    """Where and how a script runs; attributes may be assigned afterwards.

    Used are ``target``, ``environment``, ``environment_variables``,
    ``max_run_duration_seconds`` and, by a ``CommandStep``, ``command``. The others are
    kept for their readers.

    Args:
        script: Recorded; the step names its script.
        arguments: Recorded; the step has its own.
        framework: Recorded.
        communicator: Recorded: one process is started.
        conda_dependencies: Becomes the environment's.
        command: The command line of a ``CommandStep``.
    """

    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        script: str | None = None,
        arguments: Sequence[Any] | None = None,
        framework: str = "Python",
        communicator: str = "None",
        conda_dependencies: CondaDependencies | None = None,
        command: str | Sequence[Any] | None = None,
    ) -> None:
        self.script = script
        check_list("arguments", arguments)
        self.arguments = list(arguments or ())
        self.framework = framework
        self.communicator = communicator
        self.command = command
        self.target: object = "local"
        self.environment = Environment("run-configuration")
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies
        self.docker = DockerConfiguration()
        self.node_count = 1
        self.environment_variables: dict[str, object] = {}
        self.max_run_duration_seconds: float | None = None
        """Seconds of one try of the script; None sets no limit."""

    def __repr__(self) -> str:
        return f"RunConfiguration(target={self.target!r})"


def check_run_configuration(step: str, runconfig: object) -> RunConfiguration | None:
    """Return a run configuration, or None for None.

    Raises:
        DeclarationError: It is something else.
    """
    if runconfig is None or isinstance(runconfig, RunConfiguration):
        return runconfig
    msg = (
        f"Step {shown(step)}: runconfig={shown(runconfig)} is not allowed. Pass a "
        "RunConfiguration."
    )
    raise DeclarationError(msg)
