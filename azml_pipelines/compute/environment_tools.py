"""Which programs of this machine build environments, and how they are called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.compute.built_environments import current_python
from azml_pipelines.compute.clean_environment import worker_environment_allowlist
from azml_pipelines.errors import EnvironmentBuildError
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.pipeline.environment_build import BuildOrder

__all__ = [
    "BasePython",
    "BuildTool",
    "base_python",
    "build_tool",
    "installer_variables",
]

_CONDA_TOOLS = ("micromamba", "mamba", "conda")
_PIP_SAYS_WHERE = frozenset({
    "cert", "client-cert", "constraint", "extra-index-url", "find-links", "index-url",
    "no-index", "proxy", "trusted-host",
})  # fmt: skip
"""Settings of pip that uv does not read."""
_INSTALLERS_OWN = ("CONDA", "MAMBA", "PIP_", "UV_")
_TO_PUBLISH = "UV_PUBLISH_"
"""Nothing that is installed needs to publish."""
_ASK = "import sys; print(sys.executable, '%d.%d.%d' % sys.version_info[:3])"
_SECONDS = 60.0


@dataclass(frozen=True)
class BasePython:
    """The Python that a venv is made of."""

    executable: str
    identity: str
    """Path and version: part of what an environment's content is."""


@dataclass(frozen=True)
class BuildTool:
    """The commands that build one environment, to be run one after the other."""

    name: str
    commands: tuple[tuple[str, ...], ...]


def base_python(order: BuildOrder) -> BasePython:
    """Find the Python that an order asks for.

    Raises:
        EnvironmentBuildError: This machine has none of that version.
    """
    ours = f"{sys.version_info.major}.{sys.version_info.minor}"
    if order.kind == "conda":
        return BasePython("", "conda")
    if order.python in {"", ours}:
        return BasePython(sys.executable, current_python())
    name = f"python{order.python}"
    for place in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = os.path.join(place, name)  # noqa: PTH118 - may be relative or empty
        if os.access(found, os.X_OK):
            answer = _ask([found, "-I", "-c", _ASK]).split()
            if len(answer) == 2 and answer[1].startswith(f"{order.python}."):  # noqa: PLR2004 - path and version
                executable, version = answer
                return BasePython(
                    executable, f"{os.path.realpath(executable)} {version}"
                )
    msg = (
        f"environment {shown(order.name)} asks for Python {order.python}, and no "
        f"{name} on this machine's PATH starts; the run itself has {ours}. Install it, "
        "or change python_version"
    )
    raise EnvironmentBuildError(msg)


def build_tool(order: BuildOrder, python: BasePython, folder: Path) -> BuildTool:
    """Choose what builds an environment here.

    Args:
        order: What is to be built.
        python: Of ``base_python``.
        folder: Where; next to it lies what the order is written down as.

    Raises:
        EnvironmentBuildError: This machine has no program for it.
    """
    if order.kind == "conda":
        return _conda(order, folder)
    options = [word for option in order.options for word in option.split(maxsplit=1)]
    wanted = ["-r", str(requirements_file(folder))] if order.requirements else []
    interpreter = str(folder / "bin" / "python")
    made: tuple[str, ...]
    pip: tuple[str, ...]
    install: tuple[str, ...]
    uv = _uv()
    if uv is not None:
        made = (uv, "venv", "--quiet", "--python", python.executable, str(folder))
        install = (uv, "pip", "install", "--python", interpreter, *options, *wanted)
        return BuildTool("uv", (made, install) if wanted else (made,))
    if find_spec("pip") is not None:
        made = (python.executable, "-m", "venv", "--without-pip", str(folder))
        pip = (sys.executable, "-m", "pip", "--python", interpreter)
    elif find_spec("ensurepip") is not None:
        made = (python.executable, "-m", "venv", str(folder))
        pip = (interpreter, "-m", "pip")
    else:
        msg = (
            f"environment {shown(order.name)} cannot be built: this machine has "
            "neither uv nor pip. Install one of them"
        )
        raise EnvironmentBuildError(msg)
    quiet = ("--no-input", "--disable-pip-version-check")
    install = (*pip, "install", *quiet, *options, *wanted)
    return BuildTool("pip", (made, install) if wanted else (made,))


def requirements_file(folder: Path) -> Path:
    """Return where the lines for the installer of ``folder`` are written."""
    return folder.with_name(f"{folder.name}.txt")


def installer_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that installers get: those of workers, and their own.

    What they install runs code of others, which has no business with our secrets.
    """
    own = {
        name: value
        for name, value in environ.items()
        if name.upper().startswith(_INSTALLERS_OWN)
        and not name.upper().startswith(_TO_PUBLISH)
    }
    kept = worker_environment_allowlist(environ) | own
    return {name: kept[name] for name in kept if not name.startswith("PYTHON")}


def _conda(order: BuildOrder, folder: Path) -> BuildTool:
    for name in _CONDA_TOOLS:
        found = shutil.which(name)
        if found is None or not _ask([found, "--version"]):
            continue
        file = str(requirements_file(folder).with_suffix(".yml"))
        verb = ("create", "--yes") if name == "micromamba" else ("env", "create")
        command = (found, *verb, "--prefix", str(folder), "--file", file)
        return BuildTool(name, (command,))
    msg = (
        f"environment {shown(order.name)} cannot be built: build='conda' needs one of "
        f"{listed(_CONDA_TOOLS)}, and none of them starts here. Install micromamba, or "
        "declare the packages with pip_packages=[…] and build='venv'"
    )
    raise EnvironmentBuildError(msg)


def _uv() -> str | None:
    """Return uv, unless pip was told where packages come from and uv was not.

    Another index may have other packages of the same name.
    """
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.is_file() else shutil.which("uv")
    if found is None or not _ask([found, "--version"]):
        return None
    if find_spec("pip") is None:
        return found
    listing = _ask([sys.executable, "-m", "pip", "config", "list"])
    settings = (
        line.partition("=")[0].rpartition(".")[2] for line in listing.splitlines()
    )
    return None if _PIP_SAYS_WHERE.intersection(settings) else found


def _ask(command: Sequence[str]) -> str:
    """Return what a command prints; nothing when it fails."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=True,
            timeout=_SECONDS,
            env=installer_variables(os.environ),
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def describe_python(interpreter: str) -> tuple[str, list[str]]:
    """Ask a Python that was built for its version and for where its packages are.

    Raises:
        EnvironmentBuildError: It does not start.
    """
    code = (
        "import json, sysconfig, platform; paths = sysconfig.get_paths(); "
        "print(json.dumps([platform.python_version(), "
        "[paths['purelib'], paths['platlib']]]))"
    )
    answer = _ask([interpreter, "-I", "-c", code])
    if not answer:
        msg = f"the Python that was built, {shown(interpreter)}, does not start"
        raise EnvironmentBuildError(msg)
    version, places = json.loads(answer)
    return version, list(dict.fromkeys(places))
