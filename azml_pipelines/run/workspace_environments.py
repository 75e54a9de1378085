"""What a workspace offers to environments: they are saved, found and built by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.compute.built_environments import (
    EnvironmentStore,
    environments_folder,
)
from azml_pipelines.compute.environment_builder import (
    build_environment,
    find_environment,
)
from azml_pipelines.errors import DeclarationError, EnvironmentBuildError
from azml_pipelines.pipeline.environment import Environment
from azml_pipelines.pipeline.environment_build import build_order
from azml_pipelines.run.workspace_place import WorkspacePlace, checked_name
from azml_pipelines.run.workspace_storage import read_storage
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.compute.built_environments import BuiltEnvironment
    from azml_pipelines.pipeline.environment_definition import (
        EnvironmentDefinition,
        RegisteredEnvironment,
    )

__all__ = ["WorkspaceEnvironments"]


class WorkspaceEnvironments(WorkspacePlace):
    """The environments of a workspace; implements ``EnvironmentHome``."""

    @property
    def environments(self) -> dict[str, Environment]:
        """The latest version of every registered environment, by name."""
        return Environment.list(self)

    def save_environment(
        self, name: str, definition: EnvironmentDefinition
    ) -> RegisteredEnvironment:
        """Store a new version of an environment; an equal one is the same version."""
        return self.catalog.environments.save(name, definition)

    def find_environment(
        self, name: str, version: int | None = None
    ) -> RegisteredEnvironment | None:
        """Return a version of an environment, the latest one for None, or None."""
        return self.catalog.environments.find(
            checked_name("environment", name), version
        )

    def list_environments(self) -> list[RegisteredEnvironment]:
        """Return the latest version of every environment."""
        return self.catalog.environments.latest()

    @property
    def environment_store(self) -> EnvironmentStore:
        """Where this machine keeps environments that were built."""
        storage = read_storage(self.folder.root)
        return EnvironmentStore(environments_folder(storage.cache_folder))

    def built_environment(
        self, definition: EnvironmentDefinition
    ) -> BuiltEnvironment | None:
        """Return what was built for an environment on this machine, if anything was."""
        try:
            order = build_order(definition)
            if order is None:
                return None
            return find_environment(self.environment_store, order)
        except (DeclarationError, EnvironmentBuildError):
            return None

    def build_environment(self, definition: EnvironmentDefinition) -> str:
        """Build an environment on this machine, unless it is there.

        Returns:
            Its folder.

        Raises:
            DeclarationError: It declares nothing to build, or what cannot be built.
            EnvironmentBuildError: Building it failed.
        """
        order = build_order(definition)
        if order is None:
            msg = (
                f"Environment {shown(definition.name)} does not say how it is built. "
                "Declare it with Environment(…, build='venv')."
            )
            raise DeclarationError(msg)
        return str(build_environment(self.environment_store, order).folder)
