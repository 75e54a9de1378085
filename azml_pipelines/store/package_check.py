"""Which packages that somebody asks for are missing here, or are others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["package_differences"]


def package_differences(
    wanted: Iterable[str], installed: Mapping[str, str]
) -> list[str]:
    """Return one phrase for each requirement that is not met, in order.

    Args:
        wanted: As pip reads requirements. Those that are not for this Python, and
            those that cannot be read, say nothing.
        installed: Name to version, names as ``installed_packages`` writes them.

    Returns:
        ``numpy==1.24 (here: 2.1.0)`` or ``lightgbm (not installed)``.
    """
    from packaging.requirements import (  # noqa: PLC0415 - only environments need it
        InvalidRequirement,
        Requirement,
    )

    found = []
    for text in wanted:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        version = installed.get(name)
        asked = f"{requirement.name}{requirement.specifier}"
        if version is None:
            found.append(f"{asked} (not installed)")
        elif not requirement.specifier.contains(version, prereleases=True):
            found.append(f"{asked} (here: {version})")
    return found
