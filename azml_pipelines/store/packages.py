"""Which packages this interpreter has: results can depend on any of them."""

from __future__ import annotations

import os
import platform
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["installed_packages", "packages_in"]

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_SUFFIXES = (".dist-info", ".egg-info")


def installed_packages() -> dict[str, str]:
    """Return name to version, Python itself among them, sorted by name.

    Only names of folders are read, which takes a millisecond. What a path makes
    importable without having been installed is not seen.
    """
    # Not the folder of a script, which is another one in each process.
    places = [
        place
        for place in sys.path
        if os.path.basename(place) in _INSTALLED  # noqa: PTH119 - a name is enough
    ]
    return packages_in(places, platform.python_version())


def packages_in(places: Iterable[str], python: str) -> dict[str, str]:
    """Return name to version of what lies in folders of packages, sorted by name.

    Args:
        places: The folders, in the order of imports.
        python: The version of Python, which is one of them.
    """
    found = {"python": python}
    for place in places:
        try:
            names = os.listdir(place)  # noqa: PTH208 - names are enough
        except OSError:
            continue
        for name in names:
            stem, suffix = os.path.splitext(name)  # noqa: PTH122 - names are enough
            if suffix in _SUFFIXES:
                package, _, version = stem.partition("-")
                # The first place wins, as it does for imports.
                found.setdefault(package.lower().replace("_", "-"), version)
    return dict(sorted(found.items()))
