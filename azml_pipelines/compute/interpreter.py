"""Which Python runs the workers, and how it finds our package and no other."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CURRENT", "Interpreter", "link_package"]

_NOT_ITS_OWN = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_START = """\
import runpy, sys
sys.path[:] = filter(None, sys.path)
sys.path.append(sys.argv.pop(1))
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run modules of ours."""

    executable: str
    package_folder: str = ""
    """A folder with our package and nothing beside it, for a Python that does not know
    it; empty for one that does."""

    def command(self, module: str, *arguments: str) -> list[str]:
        """Return the command that runs a module of ours."""
        if not self.package_folder:
            return [self.executable, "-P", "-m", module, *arguments]
        return [self.executable, "-c", _START, self.package_folder, module, *arguments]

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the variables of its processes: programs beside it are found first."""
        if not self.package_folder:
            return dict(environ)
        kept = {name: environ[name] for name in environ if name not in _NOT_ITS_OWN}
        folder = Path(self.executable).parent
        places = [str(folder), kept.get("PATH", os.defpath)]
        kept["PATH"] = os.pathsep.join(places)
        kept["VIRTUAL_ENV"] = str(folder.parent)
        return kept


def link_package(folder: Path) -> Path:
    """Return a folder below ``folder`` that holds a link to our package and no other.

    The folder that the package lies in holds every other package as well. Processes
    that user code starts find it by their import path, so it has to be a folder.

    Raises:
        OSError: It cannot be made.
    """
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(os.fsencode(package)).hexdigest()[:16]
    place = folder / f"package-{digest}"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (place / package.name).symlink_to(package)
    return place


CURRENT = Interpreter(sys.executable)
"""The one that runs this."""
