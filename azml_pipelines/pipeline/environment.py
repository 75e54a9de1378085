"""What a script asks for around it: packages, image, variables.

Scripts run in the current interpreter unless ``build`` asks for one of their own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.argument_checks import check_workspace
from azml_pipelines.errors import (
    DeclarationError,
    NotAvailableError,
    UserErrorException,
)
from azml_pipelines.pipeline.conda_dependencies import CondaDependencies
from azml_pipelines.pipeline.environment_build import BUILDS
from azml_pipelines.pipeline.environment_content import as_definition
from azml_pipelines.pipeline.environment_files import (
    read_folder,
    read_packages,
    read_requirements,
    wheel_address,
    write_folder,
)
from azml_pipelines.pipeline.environment_sections import (
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    ContainerRegistry,
    DockerSection,
    ImageBuild,
    PythonSection,
    SparkSection,
)
from azml_pipelines.signatures import explained
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.pipeline.environment_definition import (
        EnvironmentDefinition,
        EnvironmentHome,
        RegisteredEnvironment,
    )

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "CondaDependencies",
    "Environment",
    "ImageBuild",
]

_CURATED_PREFIXES = ("azureml", "microsoft")


class Environment:
    """A named set of wishes: Python packages, docker image, environment variables.

    Args:
        name: Names that begin with ``AzureML`` or ``Microsoft`` belong to curated
            environments and cannot be registered.
        build: An extension of version 1. ``"venv"`` has the pip packages installed by
            uv or pip, ``"conda"`` all of them by micromamba, mamba or conda, once per
            machine and content; steps then run in that interpreter. None runs them in
            the current one, whatever it has. The same as assigning ``python.build``.
    """

    @explained
    def __init__(self, name: str, *, build: str | None = None) -> None:
        self.name = _checked_name(name)
        self.version: str | None = None
        self.label: str | None = None
        self.python = PythonSection(build=_checked_build(name, build))
        self.docker = DockerSection()
        self.spark = SparkSection()
        self.r: object = None
        self.environment_variables: dict[str, str] = {}
        self.inferencing_stack_version: str | None = None

    def __repr__(self) -> str:
        return f"Environment(name={self.name!r}, version={self.version!r})"

    def register(self, workspace: EnvironmentHome) -> Environment:
        """Store this as a new version in the workspace and return what was stored.

        Raises:
            UserErrorException: The name belongs to curated environments.
        """
        _refuse_curated(self.name)
        stored = _home(workspace).save_environment(self.name, self.definition())
        return Environment._registered(stored)

    @staticmethod
    def get(
        workspace: EnvironmentHome,
        name: str,
        version: str | None = None,
        label: str | None = None,
    ) -> Environment:
        """Fetch an environment from the workspace.

        Args:
            workspace: Where to look.
            name: Curated names (``AzureML-…``) need not be registered.
            version: The latest one if None.
            label: ``"latest"`` or None.

        Raises:
            UserErrorException: There is no such environment or version.
        """
        stored = _home(workspace).find_environment(name, _version(name, version))
        if stored is not None:
            return Environment._registered(stored)
        if name.lower().startswith(_CURATED_PREFIXES):
            curated = Environment(name)
            curated.version = version or "1"
            return curated
        raise UserErrorException(_none_called(workspace, name, version))

    @staticmethod
    def list(workspace: EnvironmentHome) -> dict[str, Environment]:
        """Return the latest version of each environment, by name."""
        stored = workspace.list_environments()
        return {known.name: Environment._registered(known) for known in stored}

    @staticmethod
    def from_conda_specification(
        name: str, file_path: str, *, build: str | None = None
    ) -> Environment:
        """Make one from a conda YAML file; ``build`` as in the constructor."""
        made = Environment(name, build=build)
        made.python.conda_dependencies = CondaDependencies(file_path)
        return made

    @staticmethod
    def from_pip_requirements(
        name: str,
        file_path: str,
        pip_version: str | None = None,
        *,
        build: str | None = None,
    ) -> Environment:
        """Make one from a requirements file; ``build`` as in the constructor.

        Raises:
            DeclarationError: The file cannot be read.
        """
        made = Environment(name, build=build)
        made.python.conda_dependencies = read_requirements(file_path, pip_version)
        return made

    @staticmethod
    def from_existing_conda_environment(
        name: str, conda_environment_name: str
    ) -> Environment:
        """Make one that names a conda environment of this machine; recorded only."""
        made = Environment(name)
        made.python.base_conda_environment = conda_environment_name
        return made

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: ContainerRegistry | None = None,
        conda_specification: str | None = None,
        pip_requirements: str | None = None,
    ) -> Environment:
        """Make one from an image, with packages from at most one file."""
        made = Environment(name)
        found = read_packages(name, conda_specification, pip_requirements)
        made.python.conda_dependencies = found
        made.docker.base_image = image
        if container_registry is not None:
            made.docker.base_image_registry = container_registry
        return made

    @staticmethod
    def from_dockerfile(
        name: str,
        dockerfile: str,
        conda_specification: str | None = None,
        pip_requirements: str | None = None,
    ) -> Environment:
        """Make one from a Dockerfile: its path or its text."""
        made = Environment(name)
        found = read_packages(name, conda_specification, pip_requirements)
        made.python.conda_dependencies = found
        is_path = "\n" not in dockerfile and Path(dockerfile).is_file()
        text = Path(dockerfile).read_text(encoding="utf-8") if is_path else dockerfile
        made.docker.base_image = None
        made.docker.base_dockerfile = text
        return made

    @staticmethod
    def from_docker_build_context(name: str, docker_build_context: object) -> None:
        """Raise: a build context lives in Azure.

        Raises:
            NotAvailableError: Always.
        """
        msg = (
            f"Environment {shown(name)} cannot be made from a docker build context "
            "without Azure. Use Environment.from_dockerfile(name, dockerfile)."
        )
        raise NotAvailableError(msg)

    @staticmethod
    def load_from_directory(path: str) -> Environment:
        """Read what ``save_to_directory`` wrote.

        Raises:
            DeclarationError: The folder holds no readable environment.
        """
        return Environment.from_definition(read_folder(path))

    @staticmethod
    def add_private_pip_wheel(
        workspace: EnvironmentHome, file_path: str, exist_ok: bool = False
    ) -> str:
        """Return the address of a wheel on this machine, to be used as a pip package.

        Raises:
            UserErrorException: There is no such file.
        """
        return wheel_address(file_path)

    def clone(self, new_name: str) -> Environment:
        """Return a copy with another name and no version."""
        copy = Environment.from_definition(self.definition())
        copy.environment_variables = dict(self.environment_variables)
        copy.docker.base_image_registry.password = (
            self.docker.base_image_registry.password
        )
        copy.name = new_name
        return copy

    def save_to_directory(self, path: str, overwrite: bool = False) -> None:
        """Write the environment and its conda file into a folder.

        Raises:
            UserErrorException: The folder exists and ``overwrite`` is False, or it
                holds something else than an environment.
        """
        write_folder(path, self.definition(), overwrite=overwrite)

    def build(self, workspace: EnvironmentHome) -> ImageBuild:
        """Build what ``python.build`` asks for, and return when it is there.

        Runs do that by themselves. Without ``python.build`` nothing has to be built.

        Raises:
            DeclarationError: It cannot be built as declared.
            EnvironmentBuildError: Building it failed; the message says where.
        """
        definition = self.definition()
        if definition.python.build is None:
            return ImageBuild(self.name)
        return ImageBuild(self.name, folder=workspace.build_environment(definition))

    def build_local(
        self, workspace: EnvironmentHome, platform: object = None, **kwargs: object
    ) -> ImageBuild:
        """Do the same as ``build``: everything is on this machine."""
        return self.build(workspace)

    def get_image_details(self, workspace: EnvironmentHome) -> None:
        """Raise: there is no image.

        Raises:
            NotAvailableError: Always.
        """
        msg = (
            f"Environment {shown(self.name)} has no image: scripts run in an "
            "interpreter of this machine. Look at environment.docker for what was "
            "declared."
        )
        raise NotAvailableError(msg)

    def definition(self) -> EnvironmentDefinition:
        """Return this as data; an extension of version 1.

        Raises:
            DeclarationError: An attribute was assigned something that cannot be
                stored, or ``python.build`` asks for what cannot be built.
        """
        return as_definition(self)

    @staticmethod
    def from_definition(definition: EnvironmentDefinition) -> Environment:
        """Make one from data; an extension of version 1."""
        made = Environment(definition.name or "")
        made.python = PythonSection.from_definition(definition.python)
        made.docker = DockerSection.from_definition(definition.docker)
        made.spark = SparkSection.from_definition(definition.spark)
        made.environment_variables = dict(definition.environment_variables)
        made.inferencing_stack_version = definition.inferencing_stack_version
        return made

    @staticmethod
    def _registered(stored: RegisteredEnvironment) -> Environment:
        environment = Environment.from_definition(stored.definition)
        environment.name = stored.name
        environment.version = str(stored.version)
        return environment


def _checked_name(name: object) -> str:
    if not isinstance(name, str):
        msg = f"Environment name={shown(name)} is not allowed. Give text."
        raise DeclarationError(msg)
    return name


def _home(workspace: EnvironmentHome) -> EnvironmentHome:
    check_workspace(workspace)
    return workspace


def _checked_build(name: str, build: object) -> str | None:
    if build is None or build in BUILDS:
        return build
    msg = (
        f"Environment {shown(name)}: build={shown(build)} is not allowed. Give 'venv', "
        "'conda' or None."
    )
    raise DeclarationError(msg)


def _refuse_curated(name: str) -> None:
    if name.lower().startswith(_CURATED_PREFIXES):
        msg = (
            f"Environment {shown(name)} cannot be registered: names that begin with "
            "AzureML or Microsoft are reserved. Use clone('another-name')."
        )
        raise UserErrorException(msg)


def _none_called(workspace: EnvironmentHome, name: str, version: str | None) -> str:
    known = listed(sorted(one.name for one in workspace.list_environments()))
    return (
        f"No environment is called {shown(name)}"
        f"{f' with version {version}' if version else ''}; "
        f"registered: {known}. Register one with environment.register()."
    )


def _version(name: str, version: object) -> int | None:
    if version is None:
        return None
    text = str(version)
    if text.isdecimal():
        return int(text)
    if name.lower().startswith(_CURATED_PREFIXES):
        return None
    msg = (
        f"Environment {shown(name)} has no version {shown(version)}: versions are "
        "whole numbers."
    )
    raise UserErrorException(msg)
