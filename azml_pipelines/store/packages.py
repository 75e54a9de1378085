"""Which packages this interpreter has: results can depend on any of them."""

from __future__ import annotations

import os
import platform
import sys

__all__ = ["installed_packages"]

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_SUFFIXES = (".dist-info", ".egg-info")


def installed_packages() -> dict[str, str]:
    """Return name to version, Python itself among them, sorted by name.

    Only names of folders are read, which takes a millisecond. What a path makes
    importable without having been installed is not seen.
    """
    found = {"python": platform.python_version()}
    for place in sys.path:
        # Not the folder of a script, which is another one in each process.
        if os.path.basename(place) not in _INSTALLED:  # noqa: PTH119 - a name is enough
            continue
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
