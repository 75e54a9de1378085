"""Root folders for containers: a Python of this machine, and what it needs to run."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["PythonRoot", "make_python_root"]

_MOUNT_POINTS = ("proc", "dev", "tmp", "opt/ml/model", "opt/program", "usr/bin")
_UNUSED = ("test", "idlelib", "config-*", "__pycache__", "site-packages")
_PLACES = "import sysconfig as s; print(s.get_path('stdlib'), s.get_path('purelib'))"


@dataclass(frozen=True)
class PythonRoot:
    """A root folder with a Python."""

    folder: Path
    python: str
    """The interpreter, as it is called in there."""
    packages: Path
    """Where this Python looks for packages; not there yet."""

    def install(self, site_packages: Path, *packages: Path) -> None:
        """Have it import what another environment of this Python has installed.

        Args:
            site_packages: Of the other environment. Its packages are linked where the
                file system allows it; what they say of places outside is left out.
            packages: Folders of packages besides.
        """
        outside = shutil.ignore_patterns("*.pth", "__editable__*", "tests")
        shutil.copytree(
            site_packages, self.packages, copy_function=_link, ignore=outside
        )
        for package in packages:
            shutil.copytree(package, self.packages / package.name, copy_function=_link)
        for library in _libraries(map(str, site_packages.rglob("*.so"))):
            if not library.startswith(f"{site_packages}/"):
                _copy(library, self.folder)


def make_python_root(folder: Path, python: str) -> PythonRoot:
    """Make a root folder in which a Python runs, without any packages.

    Args:
        folder: Is made.
        python: Interpreter of this machine. That of a virtual environment is taken for
            the one that the environment was made with.
    """
    real = os.path.realpath(python)
    said = subprocess.check_output([real, "-I", "-c", _PLACES], text=True)
    library, packages = said.split()
    made = PythonRoot(folder, real, folder / packages[1:])
    inside = folder / library[1:]
    shutil.copytree(library, inside, ignore=shutil.ignore_patterns(*_UNUSED))
    programs = [real, *map(str, (inside / "lib-dynload").glob("*.so"))]
    for file in (real, *_libraries(programs)):
        _copy(file, folder)
    for place in _MOUNT_POINTS:
        (folder / place).mkdir(parents=True, exist_ok=True)
    return made


def _libraries(programs: Iterable[str]) -> set[str]:
    """Return the shared libraries that programs need."""
    text = subprocess.run(
        ["ldd", *programs],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    words = {word for word in text.split() if word.startswith("/")}
    return {word for word in words if not word.endswith(":") and ".so" in word}


def _copy(file: str, root: Path) -> None:
    """Copy a file to the same place below ``root``."""
    target = root / file[1:]
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target)


def _link(file: str, target: str) -> None:
    """Give a file a second name, or a copy on another file system."""
    try:
        os.link(file, target)
    except OSError:
        shutil.copy2(file, target)
