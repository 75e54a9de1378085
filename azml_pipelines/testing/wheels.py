"""Wheels made on the spot: real packages to install without a network."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_wheel"]


def make_wheel(folder: Path, name: str, version: str, code: str) -> Path:
    """Write a wheel with one module and return its path.

    Args:
        folder: Where.
        name: Of the package and of its module.
        version: Of the package.
        code: Text of the module.
    """
    record = f"{name}-{version}.dist-info"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    files = {
        f"{name}.py": code,
        f"{record}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        ),
        f"{record}/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
            "Tag: py3-none-any\n"
        ),
    }
    listing = "".join(f"{file},,\n" for file in (*files, f"{record}/RECORD"))
    # Without the time, as the same package is the same file at any moment.
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file), text)
        archive.writestr(zipfile.ZipInfo(f"{record}/RECORD"), listing)
    return wheel
