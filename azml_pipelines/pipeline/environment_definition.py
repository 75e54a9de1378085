"""What an environment is, as data: stored with registered environments and in YAML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from azml_pipelines.errors import DeclarationError
from azml_pipelines.wording import shown

__all__ = [
    "DockerDefinition",
    "EnvironmentDefinition",
    "EnvironmentHome",
    "PythonDefinition",
    "RegisteredEnvironment",
    "RegistryDefinition",
    "SparkDefinition",
    "SparkPackageDefinition",
    "parse_environment",
]


class _Section(BaseModel):
    """Version 1 writes these keys in camelCase, and more of them than are kept."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


class PythonDefinition(_Section):
    """Packages and interpreter."""

    conda_dependencies: dict[str, Any] | None = None
    """The content of a conda YAML file."""
    conda_dependencies_file: str | None = None
    base_conda_environment: str | None = None
    user_managed_dependencies: bool = False
    interpreter_path: str = "python"
    build: Literal["venv", "conda"] | None = None
    """What is built for the packages; None for the interpreter that is there already.
    An extension of version 1."""


class RegistryDefinition(_Section):
    """Where a docker image comes from. A password is never written down."""

    address: str | None = None
    username: str | None = None


class DockerDefinition(_Section):
    """The docker image; recorded only."""

    enabled: bool = False
    base_image: str | None = None
    base_dockerfile: str | None = None
    base_image_registry: RegistryDefinition = RegistryDefinition()
    shared_volumes: bool = True
    shm_size: str | None = None
    arguments: tuple[str, ...] = ()


class SparkPackageDefinition(_Section):
    """A maven package."""

    group: str
    artifact: str
    version: str


class SparkDefinition(_Section):
    """Spark settings; recorded only."""

    repositories: tuple[str, ...] = ()
    packages: tuple[SparkPackageDefinition, ...] = ()
    precache_packages: bool = True


class EnvironmentDefinition(_Section):
    """An environment without its version, which the workspace knows."""

    name: str | None = None
    python: PythonDefinition = PythonDefinition()
    docker: DockerDefinition = DockerDefinition()
    spark: SparkDefinition = SparkDefinition()
    environment_variables: dict[str, str] = Field(default_factory=dict)
    inferencing_stack_version: str | None = None


@dataclass(frozen=True)
class RegisteredEnvironment:
    """One version of an environment in a workspace."""

    name: str
    version: int
    definition: EnvironmentDefinition


class EnvironmentHome(Protocol):
    """What a workspace offers to ``Environment``."""

    def save_environment(
        self, name: str, definition: EnvironmentDefinition
    ) -> RegisteredEnvironment:
        """Store a new version; the latest one again if nothing changed."""

    def find_environment(
        self, name: str, version: int | None
    ) -> RegisteredEnvironment | None:
        """Return a version, the latest for None; None if there is no such version."""

    def list_environments(self) -> list[RegisteredEnvironment]:
        """Return the latest version of each environment."""

    def build_environment(self, definition: EnvironmentDefinition) -> str:
        """Build it on this machine, unless it is there; return its folder."""


def parse_environment(content: object, source: str) -> EnvironmentDefinition:
    """Check the content of a file that describes an environment.

    Args:
        content: What JSON or YAML was read to.
        source: The file, for the message.

    Raises:
        DeclarationError: The content does not describe an environment.
    """
    try:
        return EnvironmentDefinition.model_validate(content)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"])) or "content"
        msg = (
            f"{source} does not describe an environment: {shown(where)[1:-1]}="
            f"{shown(problem['input'])}: {problem['msg']}."
        )
        raise DeclarationError(msg) from error
