"""Environments and their packages as files: read and written, never installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.argument_checks import check_path
from azml_pipelines.errors import DeclarationError, UserErrorException
from azml_pipelines.pipeline.conda_dependencies import CondaDependencies
from azml_pipelines.pipeline.environment_definition import parse_environment
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.pipeline.environment_definition import EnvironmentDefinition

__all__ = [
    "read_folder",
    "read_packages",
    "read_requirements",
    "wheel_address",
    "write_folder",
]

_FILE_NAME = "azureml_environment.json"


def read_folder(path: str) -> EnvironmentDefinition:
    """Read what ``write_folder`` wrote.

    Raises:
        DeclarationError: The folder holds no readable environment.
    """
    file = Path(path) / _FILE_NAME
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"No environment can be read from {shown(str(file))}: {error.strerror}."
        raise DeclarationError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{shown(str(file))} is not JSON: {shown(str(error))[1:-1]}."
        raise DeclarationError(msg) from error
    return parse_environment(content, str(file))


def write_folder(
    path: str, definition: EnvironmentDefinition, *, overwrite: bool
) -> None:
    """Write an environment and its conda file into a folder of their own.

    Raises:
        UserErrorException: The folder exists and ``overwrite`` is False, or it holds
            something else than an environment.
    """
    folder = Path(path)
    if folder.exists() and not overwrite:
        msg = f"{shown(path)} exists already. Pass overwrite=True to replace it."
        raise UserErrorException(msg)
    if folder.exists():
        _remove(folder)
    folder.mkdir(parents=True)
    text = definition.model_dump_json(indent=2, by_alias=True)
    (folder / _FILE_NAME).write_text(f"{text}\n", encoding="utf-8")
    if definition.python.conda_dependencies is not None:
        packages = CondaDependencies.from_dict(definition.python.conda_dependencies)
        packages.save_to_file(str(folder))


def _remove(folder: Path) -> None:
    """Remove an environment's folder, and never a folder of something else."""
    if not folder.is_dir() or (
        any(folder.iterdir()) and not (folder / _FILE_NAME).is_file()
    ):
        msg = f"{shown(str(folder))} holds no environment, so it is not replaced."
        raise UserErrorException(msg)
    shutil.rmtree(folder)


def read_packages(
    name: str, conda_specification: str | None, pip_requirements: str | None
) -> CondaDependencies | None:
    """Read the packages of environment ``name`` from at most one of two files.

    Raises:
        DeclarationError: Both are given, or the one given cannot be read.
    """
    if conda_specification and pip_requirements:
        msg = (
            f"Environment {shown(name)} is given both conda_specification and "
            "pip_requirements. Give one of them."
        )
        raise DeclarationError(msg)
    if conda_specification:
        return CondaDependencies(conda_specification)
    return read_requirements(pip_requirements) if pip_requirements else None


def read_requirements(path: str, pip_version: str | None = None) -> CondaDependencies:
    """Read a requirements file of pip.

    Raises:
        DeclarationError: The file cannot be read.
    """
    check_path("file_path", path)
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        msg = f"The requirements file {shown(str(path))} cannot be read: {reason}."
        raise DeclarationError(msg) from error
    stripped = [line.split(" #")[0].strip() for line in lines]
    wanted = [line for line in stripped if line and not line.startswith("#")]
    packages = CondaDependencies()
    packages.add_conda_package(f"pip={pip_version}" if pip_version else "pip")
    for option in (line for line in reversed(wanted) if line.startswith("-")):
        packages.set_pip_option(option)
    packages.set_pip_requirements([line for line in wanted if not line.startswith("-")])
    return packages


def wheel_address(path: str) -> str:
    """Return the address of a wheel on this machine.

    Raises:
        UserErrorException: There is no such file.
    """
    wheel = Path(path).absolute()
    if not wheel.is_file():
        msg = f"There is no wheel {shown(path)}. Build it first, or mend the path."
        raise UserErrorException(msg)
    return wheel.as_uri()
