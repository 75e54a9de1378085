"""What has to be built for an environment, as declared. Builds nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from azml_pipelines import strict_yaml
from azml_pipelines.errors import DeclarationError
from azml_pipelines.masking import mask_content
from azml_pipelines.pipeline.conda_dependencies import (
    DEFAULT_PYTHON_VERSION,
    CondaDependencies,
)
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.pipeline.environment_definition import EnvironmentDefinition

__all__ = ["BUILDS", "BuildOrder", "build_order", "refuse_secrets", "wanted_packages"]

BUILDS = ("venv", "conda")
_INSTALLERS = frozenset({"pip", "setuptools", "wheel"})
_OTHER_FILES = frozenset(
    {"-c", "-e", "-r", "--constraint", "--editable", "--requirement"}
)
_VERSION = re.compile(r"(\d+)\.(\d+)")
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://")
_CONDA_PIN = re.compile(r"^([A-Za-z0-9._-]+)\s*=\s*([0-9][^=\s]*)(=.*)?$")


@dataclass(frozen=True)
class BuildOrder:
    """An environment to be built: everything its content depends on, and its name."""

    name: str
    """For people; two names may stand for the same content."""
    kind: Literal["venv", "conda"]
    python: str = ""
    """``3.12``; empty for the version that the run has."""
    requirements: tuple[str, ...] = ()
    """As pip reads them."""
    options: tuple[str, ...] = ()
    """Of pip."""
    conda_file: str = ""
    """The text of a conda file, of ``kind`` conda only."""


def build_order(definition: EnvironmentDefinition) -> BuildOrder | None:
    """Return what is to be built; None for the interpreter that is there already.

    Args:
        definition: Of an environment. The Python version that version 1 fills in by
            itself counts as none where a venv is built.

    Raises:
        DeclarationError: It cannot be built as declared.
    """
    kind = definition.python.build
    if kind is None:
        return None
    name = definition.name or ""
    if definition.python.user_managed_dependencies:
        msg = (
            f"Environment {shown(name)}: user_managed_dependencies=True says that "
            f"nothing is to be built, build={kind!r} that it is. Drop one of them."
        )
        raise DeclarationError(msg)
    content = definition.python.conda_dependencies or {"dependencies": []}
    wanted = CondaDependencies.from_dict(content, f"Environment {shown(name)}")
    options = tuple(wanted.pip_options)
    _refuse_other_files(name, options, tuple(wanted.pip_packages))
    if kind == "conda":
        text = strict_yaml.dump(wanted.as_dict())
        return BuildOrder(name, "conda", conda_file=text)
    others = [one for one in wanted.conda_packages if _bare(one) not in _INSTALLERS]
    if others:
        msg = (
            f"Environment {shown(name)}: pip cannot install the conda packages "
            f"{listed(others)}. Declare them with pip_packages=[…], or build the "
            "environment with build='conda'."
        )
        raise DeclarationError(msg)
    version = wanted.get_python_version()
    return BuildOrder(
        name,
        "venv",
        _minor(name, version),
        tuple(wanted.pip_packages),
        options,
    )


def refuse_secrets(name: str, packages: CondaDependencies | None) -> None:
    """Refuse to build from what may not be written down.

    Raises:
        DeclarationError: A requirement or an option holds a secret.
    """
    content = packages and packages.as_dict()
    if content != mask_content(content):
        msg = (
            f"Environment {shown(name)}: a package or an option of pip holds a secret, "
            "and definitions are stored. Leave it out there, and put the index and its "
            "login into pip's own configuration (pip.conf, or .netrc)."
        )
        raise DeclarationError(msg)


def wanted_packages(definition: EnvironmentDefinition) -> tuple[str, ...]:
    """Return every package that an environment names, as pip writes requirements.

    Addresses and options are left out, and so are version 1's own packages.
    """
    content = definition.python.conda_dependencies
    if content is None:
        return ()
    wanted = CondaDependencies.from_dict(content)
    every = [*map(_as_pip, wanted.conda_packages), *wanted.pip_packages]
    return tuple(
        one
        for one in every
        if not _ADDRESS.match(one)
        and _bare(one) not in _INSTALLERS
        and not _bare(one).startswith("azureml")
    )


def _as_pip(package: str) -> str:
    package = package.rpartition("::")[2]
    match = _CONDA_PIN.match(package)
    return f"{match[1]}=={match[2].rstrip('*.')}.*" if match else package


def _bare(package: str) -> str:
    package = package.rpartition("::")[2]
    name = re.split(r"[^A-Za-z0-9._-]", package, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def _minor(name: str, version: str | None) -> str:
    if not version or version == DEFAULT_PYTHON_VERSION:
        return ""
    match = _VERSION.match(version)
    if match is None:
        msg = (
            f"Environment {shown(name)}: python={shown(version)[1:-1]} names no "
            "version to build with. Write major and minor version, such as "
            "python=3.12."
        )
        raise DeclarationError(msg)
    return f"{match[1]}.{match[2]}"


def _refuse_other_files(
    name: str, options: tuple[str, ...], packages: tuple[str, ...]
) -> None:
    """Refuse what points to files that may change, or mean others elsewhere."""
    for option in options:
        if re.split(r"[\s=]", option, maxsplit=1)[0] in _OTHER_FILES:
            msg = (
                f"Environment {shown(name)}: {shown(option)} points to a file, and an "
                "environment that is built has to say everything itself. Write the "
                "packages down, or use Environment.from_pip_requirements()."
            )
            raise DeclarationError(msg)
    for package in packages:
        if package.startswith((".", "~")) or (
            "/" in package and "://" not in package and not package.startswith("/")
        ):
            msg = (
                f"Environment {shown(name)}: {shown(package)} is a relative path, "
                "which means another file elsewhere. Write an absolute path or file:///…"
            )
            raise DeclarationError(msg)
