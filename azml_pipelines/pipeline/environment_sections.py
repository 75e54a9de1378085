"""The parts of an environment, as attributes that a user assigns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azml_pipelines.pipeline.conda_dependencies import CondaDependencies
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.pipeline.environment_definition import (
        DockerDefinition,
        PythonDefinition,
        SparkDefinition,
    )

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "ContainerRegistry",
    "DockerSection",
    "ImageBuild",
    "Platform",
    "PythonSection",
    "SparkPackage",
    "SparkSection",
]

DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.1-cudnn8-ubuntu20.04"


@dataclass
class PythonSection:
    """Packages and interpreter."""

    conda_dependencies: CondaDependencies | None = field(
        default_factory=CondaDependencies
    )
    conda_dependencies_file: str | None = None
    base_conda_environment: str | None = None
    user_managed_dependencies: bool = False
    interpreter_path: str = "python"
    build: str | None = None
    """``"venv"`` or ``"conda"`` to have the packages installed; an extension."""

    @staticmethod
    def from_definition(definition: PythonDefinition) -> PythonSection:
        """Make one from data."""
        packages = definition.conda_dependencies
        return PythonSection(
            **definition.model_dump(exclude={"conda_dependencies"}),
            conda_dependencies=None
            if packages is None
            else CondaDependencies.from_dict(packages),
        )


@dataclass
class ContainerRegistry:
    """Where an image comes from; the password stays in this process."""

    address: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass
class Platform:
    """What an image runs on."""

    os: str = "Linux"
    architecture: str = "amd64"


@dataclass
class DockerSection:
    """The image; ``enabled`` is deprecated in version 1 and still assigned."""

    enabled: bool = False
    base_image: str | None = DEFAULT_CPU_IMAGE
    base_dockerfile: str | None = None
    base_image_registry: ContainerRegistry = field(default_factory=ContainerRegistry)
    platform: Platform = field(default_factory=Platform)
    shared_volumes: bool = True
    shm_size: str | None = None
    arguments: list[str] = field(default_factory=list)

    @staticmethod
    def from_definition(definition: DockerDefinition) -> DockerSection:
        """Make one from data."""
        return DockerSection(
            **definition.model_dump(exclude={"base_image_registry", "arguments"}),
            arguments=[*definition.arguments],
            base_image_registry=ContainerRegistry(
                **definition.base_image_registry.model_dump()
            ),
        )


@dataclass
class SparkPackage:
    """A maven package."""

    group: str
    artifact: str
    version: str


@dataclass
class SparkSection:
    """Spark settings."""

    repositories: list[str] = field(default_factory=list)
    packages: list[SparkPackage] = field(default_factory=list)
    precache_packages: bool = True

    @staticmethod
    def from_definition(definition: SparkDefinition) -> SparkSection:
        """Make one from data."""
        return SparkSection(
            [*definition.repositories],
            [SparkPackage(**package.model_dump()) for package in definition.packages],
            definition.precache_packages,
        )


@dataclass(frozen=True)
class ImageBuild:
    """What ``build()`` returns when all is done, whatever there was to do."""

    environment_name: str
    status: str = "Succeeded"
    folder: str | None = None
    """Where the environment is; None for the current interpreter. An extension."""

    def wait_for_completion(self, show_output: bool = True) -> None:
        """Return at once."""
        if show_output:
            what = (
                f"is built in {self.folder}."
                if self.folder
                else "is recorded; scripts run in the current interpreter, so nothing "
                "is built."
            )
            print(f"Environment {shown(self.environment_name)} {what}")  # noqa: T201 - version 1 prints the build log here
