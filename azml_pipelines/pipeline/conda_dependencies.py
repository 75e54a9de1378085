"""The packages that an environment asks for; installing them is up to a build."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines import strict_yaml
from azml_pipelines.argument_checks import check_path
from azml_pipelines.errors import DeclarationError
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CondaDependencies"]

DEFAULT_CHANNELS = ("anaconda", "conda-forge")
DEFAULT_PYTHON_VERSION = "3.10.18"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PIP_OPTIONS = frozenset({
    "--constraint", "--editable", "--extra-index-url", "--find-links", "--index-url",
    "--no-binary", "--no-build-isolation", "--no-deps", "--no-index", "--only-binary",
    "--pre", "--prefer-binary", "--require-hashes", "--requirement", "--trusted-host",
    "--use-pep517", "-c", "-e", "-f", "-i", "-r",
})  # fmt: skip
_FILE_NAME = "conda_dependencies.yml"
_PYTHON = re.compile(r"python\s*[=<>!~]=?=?")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class CondaDependencies:
    """A conda environment file as an object.

    Args:
        conda_dependencies_file_path: A YAML file to start from; None starts with the
            Python version alone.

    Raises:
        DeclarationError: The file is missing or holds something else.
    """

    def __init__(self, conda_dependencies_file_path: str | None = None) -> None:
        self._name = "project_environment"
        self._channels: list[str] = list(DEFAULT_CHANNELS)
        self._conda: list[str] = [f"python={DEFAULT_PYTHON_VERSION}"]
        self._pip: list[str] = []
        if conda_dependencies_file_path is not None:
            check_path("conda_dependencies_file_path", conda_dependencies_file_path)
            path = Path(conda_dependencies_file_path)
            self._load(strict_yaml.load_file(path), str(path))

    @staticmethod
    def create(
        pip_indexurl: str | None = None,
        pip_packages: Sequence[str] | None = None,
        conda_packages: Sequence[str] | None = None,
        python_version: str = DEFAULT_PYTHON_VERSION,
        pin_sdk_version: bool = True,
    ) -> CondaDependencies:
        """Make one from lists of packages.

        Args:
            pip_indexurl: Another package index for pip.
            pip_packages: Requirements as pip reads them.
            conda_packages: Requirements as conda reads them.
            python_version: The interpreter's version.
            pin_sdk_version: Version 1 pins its own packages to its own version. Here
                they come with azml-pipelines, so that nothing is pinned.

        Raises:
            DeclarationError: Packages are given as one text instead of a list.
        """
        made = CondaDependencies()
        made.set_python_version(python_version)
        for package in _packages("pip_packages", pip_packages):
            made.add_pip_package(package)
        for package in _packages("conda_packages", conda_packages):
            made.add_conda_package(package)
        if pip_indexurl is not None:
            made.set_pip_index_url(pip_indexurl)
        return made

    @staticmethod
    def from_dict(content: object, source: str = "The mapping") -> CondaDependencies:
        """Make one from the content of a conda file; an extension of version 1.

        Raises:
            DeclarationError: ``content`` is something else.
        """
        made = CondaDependencies()
        made._load(content, source)
        return made

    @property
    def conda_channels(self) -> Iterable[str]:
        """Channels, in order."""
        return iter(tuple(self._channels))

    @property
    def conda_packages(self) -> Iterable[str]:
        """Conda requirements, in order, without Python itself."""
        return iter([p for p in self._conda if not _PYTHON.match(p)])

    @property
    def pip_packages(self) -> Iterable[str]:
        """Pip requirements, in order, without options."""
        return iter([p for p in self._pip if not p.startswith("-")])

    @property
    def pip_options(self) -> Iterable[str]:
        """Options of pip, in order."""
        return iter([p for p in self._pip if p.startswith("-")])

    def get_python_version(self) -> str | None:
        """Return the interpreter's version; None if any will do."""
        for package in self._conda:
            if match := _PYTHON.match(package):
                return package[match.end() :].strip()
        return None

    def set_python_version(self, version: str) -> None:
        """Ask for another interpreter."""
        _check_package("python_version", version)
        others = [p for p in self._conda if p != "python" and not _PYTHON.match(p)]
        self._conda = [f"python={version}", *others]

    def add_channel(self, channel: str) -> None:
        """Add a conda channel, once."""
        if channel not in self._channels:
            self._channels.append(channel)

    def remove_channel(self, channel: str) -> None:
        """Remove a conda channel if it is there."""
        self._channels = [known for known in self._channels if known != channel]

    def add_conda_package(self, conda_package: str) -> None:
        """Add a conda package; another version of it is replaced."""
        _check_package("conda_package", conda_package)
        self.remove_conda_package(_package_name(conda_package))
        self._conda.append(conda_package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Remove a conda package, whatever its version."""
        name = _package_name(conda_package)
        self._conda = [p for p in self._conda if _package_name(p) != name]

    def add_pip_package(self, pip_package: str) -> None:
        """Add a pip package; another version of it is replaced."""
        _check_package("pip_package", pip_package)
        self.remove_pip_package(_package_name(pip_package))
        self._pip.append(pip_package)

    def remove_pip_package(self, pip_package: str) -> None:
        """Remove a pip package, whatever its version."""
        name = _package_name(pip_package)
        self._pip = [p for p in self._pip if _package_name(p) != name]

    def set_pip_requirements(self, pip_requirements: Sequence[str]) -> None:
        """Replace all pip packages; options stay."""
        options = list(self.pip_options)
        packages = _packages("pip_requirements", pip_requirements)
        for package in packages:
            _check_package("pip_requirements", package)
        self._pip = [*options, *packages]

    def set_pip_option(self, pip_option: str) -> None:
        """Add an option of pip; the same option with another value is replaced."""
        _check_option(pip_option)
        flag = re.split(r"[\s=]", pip_option, maxsplit=1)[0]
        kept = [p for p in self._pip if re.split(r"[\s=]", p, maxsplit=1)[0] != flag]
        self._pip = [pip_option, *kept]

    def remove_pip_option(self, pip_option: str) -> None:
        """Remove an option of pip, whatever its value."""
        flag = re.split(r"[\s=]", pip_option, maxsplit=1)[0]
        self._pip = [p for p in self._pip if re.split(r"[\s=]", p)[0] != flag]

    def set_pip_index_url(self, index_url: str) -> None:
        """Let pip look somewhere else, first of all."""
        flag = "--extra-index-url" if self._has("--index-url") else "--index-url"
        self.set_pip_option(f"{flag} {index_url}")

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> list[str]:
        """Return the requirements, the last one for each package, in order."""
        merged: dict[str, str] = {}
        for requirement in requirements:
            merged[_package_name(requirement)] = requirement
        return list(merged.values())

    def as_dict(self) -> dict[str, Any]:
        """Return the content of a conda YAML file."""
        dependencies: list[Any] = list(self._conda)
        if self._pip:
            dependencies.insert(1, {"pip": list(self._pip)})
        return {
            "name": self._name,
            "channels": list(self._channels),
            "dependencies": dependencies,
        }

    def serialize_to_string(self) -> str:
        """Return the text of a conda YAML file."""
        return strict_yaml.dump(self.as_dict())

    def save(self, path: str | None = None) -> str:
        """Write the conda YAML file and return its path.

        Args:
            path: The file; ``conda_dependencies.yml`` here if None.
        """
        target = Path(path or _FILE_NAME)
        target.write_text(self.serialize_to_string(), encoding="utf-8")
        return str(target)

    def save_to_file(
        self, base_directory: str, conda_file_path: str | None = None
    ) -> str:
        """Write the conda YAML file below a folder and return its path there."""
        relative = conda_file_path or _FILE_NAME
        self.save(str(Path(base_directory) / relative))
        return relative

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CondaDependencies):
            return NotImplemented
        return self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def _has(self, flag: str) -> bool:
        return any(option.startswith(flag) for option in self._pip)

    def _load(self, content: object, source: str) -> None:
        dependencies = content.get("dependencies") if isinstance(content, dict) else 0
        if not isinstance(content, dict) or not isinstance(
            dependencies, (list, type(None))
        ):
            msg = (
                f"{shown(source, 120)[1:-1]} is no conda file: it needs a list called "
                "'dependencies'."
            )
            raise DeclarationError(msg)
        self._name = str(content.get("name") or self._name)
        self._channels = [str(channel) for channel in content.get("channels") or ()]
        self._conda, self._pip = [], []
        for dependency in dependencies or ():
            if isinstance(dependency, dict):
                for package in map(str, dependency.get("pip") or ()):
                    _check_pip_line(package)
                    self._pip.append(package)
            else:
                _check_package("dependencies", str(dependency))
                self._conda.append(str(dependency))


def _packages(argument: str, packages: Sequence[str] | None) -> Sequence[str]:
    if packages is None:
        return ()
    if isinstance(packages, str) or not isinstance(packages, (list, tuple)):
        msg = (
            f"{argument} has to be a list of packages, not {shown(packages)}. "
            f"Write {argument}=[{shown(packages)}]."
        )
        raise DeclarationError(msg)
    return packages


def _check_package(argument: str, package: object) -> None:
    """Refuse what an installer would take for an option, or for several lines."""
    if (
        not isinstance(package, str)
        or not package.strip()
        or package.lstrip().startswith("-")
        or _CONTROL.search(package)
    ):
        msg = (
            f"{argument}={shown(package)} is no package. Give a name and perhaps a "
            "version, such as 'numpy==2.1'; options of pip go into set_pip_option()."
        )
        raise DeclarationError(msg)


def _check_option(option: object) -> None:
    flag = re.split(r"[\s=]", option, maxsplit=1)[0] if isinstance(option, str) else ""
    if flag not in _PIP_OPTIONS or _CONTROL.search(str(option)):
        msg = (
            f"pip_option={shown(option)} is not accepted. Give one of "
            f"{listed(sorted(_PIP_OPTIONS), 140)}."
        )
        raise DeclarationError(msg)


def _check_pip_line(line: str) -> None:
    if line.startswith("-"):
        _check_option(line)
    else:
        _check_package("pip", line)


def _package_name(package: str) -> str:
    package = package.rpartition("::")[2]  # conda writes channel::package
    match = _NAME.match(package)
    name = match.group() if match and not package.startswith("-") else package
    return re.sub(r"[-_.]+", "-", name).lower()
