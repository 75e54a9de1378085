"""Environments that were built on this machine: where they are, what they hold.

    <root>/<key>/                 the environment; used once its record is there
    <root>/<key>/azml.json        the record, written last
    <root>/<key>.lock             held by whoever builds it, and its installers
    <root>/<key>.log              what the installers have printed

The key stands for the content: the Python it is built with and every line that was
declared. Nothing is ever changed in place, so what a step has begun with stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from azml_pipelines.errors import EnvironmentBuildError
from azml_pipelines.failpoints import write
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.pipeline.environment_build import BuildOrder

__all__ = [
    "BuiltEnvironment",
    "EnvironmentStore",
    "content_key",
    "environments_folder",
]

_FORMAT = 1
_RECORD = "azml.json"
_KEY_CHARACTERS = 32


@dataclass(frozen=True)
class BuiltEnvironment:
    """One that is complete, as its record says."""

    key: str
    name: str
    """As whoever had it built called it."""
    kind: str
    interpreter: str
    """The Python of it."""
    tool: str
    """What has installed it: uv, pip, micromamba, mamba or conda."""
    seconds: float
    """How long that took."""
    built: float
    """When it was complete, in seconds since 1970."""
    packages: dict[str, str] = field(default_factory=dict)
    """What is installed: name to version, Python itself among them."""

    @property
    def folder(self) -> Path:
        """The folder of all of it."""
        return Path(self.interpreter).parent.parent


def environments_folder(cache_folder: str | None) -> Path:
    """Return where this machine keeps environments for this user.

    Args:
        cache_folder: What the workspace's configuration says, if anything.
    """
    if cache_folder is not None:
        return Path(cache_folder) / "environments"
    from platformdirs import user_cache_path  # noqa: PLC0415 - only builds need it

    return user_cache_path("azml-pipelines") / "environments"


def content_key(order: BuildOrder, python: str) -> str:
    """Return the key of what is to be built.

    Args:
        order: What was declared. Of a wheel on this machine the bytes count.
        python: Path and version of the Python it is built with.

    Raises:
        EnvironmentBuildError: A file that it names cannot be read.
    """
    content = [
        _FORMAT,
        order.kind,
        python,
        platform.machine(),
        [[line, _digest(order.name, line)] for line in order.requirements],
        list(order.options),
        order.conda_file,
    ]
    text = json.dumps(content).encode()
    return hashlib.sha256(text).hexdigest()[:_KEY_CHARACTERS]


def _digest(name: str, requirement: str) -> str:
    address = requirement.rpartition(" @ ")[2].strip()
    if address.startswith("file:"):
        path = unquote(urlsplit(address).path)
    elif address.startswith("/"):
        path = address
    else:
        return ""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - any path
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        msg = (
            f"environment {shown(name)} cannot be built: {shown(path)} cannot be read "
            f"({error.strerror}). Give the path of a wheel or an archive"
        )
        raise EnvironmentBuildError(msg) from error


class EnvironmentStore:
    """The folder with all of them.

    Args:
        root: Made when something is built.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def place(self, key: str) -> Path:
        """Return the folder of an environment, which need not be there."""
        return self.root / key

    def find(self, key: str) -> BuiltEnvironment | None:
        """Return an environment, if it is complete and its Python is still there."""
        try:
            fields = json.loads((self.place(key) / _RECORD).read_bytes())
            found = BuiltEnvironment(**fields)
        except (OSError, ValueError, TypeError):
            return None
        return found if os.access(found.interpreter, os.X_OK) else None

    def add(self, built: BuiltEnvironment) -> None:
        """Write the record of an environment; from now on it is used."""
        place = self.place(built.key)
        temporary = place / f"{_RECORD}.tmp"
        with temporary.open("wb") as file:
            write("environment.record", file, json.dumps(asdict(built)).encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place / _RECORD)

    def all(self) -> list[BuiltEnvironment]:
        """Return every complete environment, the youngest last."""
        if not self.root.is_dir():
            return []
        found = (self.find(entry.name) for entry in self.root.iterdir())
        return sorted((one for one in found if one), key=lambda one: one.built)


def current_python() -> str:
    """Return path and version of the Python that an environment is built with here."""
    base = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    return f"{base} {platform.python_version()}"
