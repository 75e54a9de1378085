"""Numbers of bytes as people write them: ``512MB``, ``1GB``."""

from __future__ import annotations

import re

from azml_pipelines.errors import DeclarationError
from azml_pipelines.wording import shown

__all__ = ["check_byte_size", "size_in_bytes"]

_SIZE = re.compile(r"([0-9]{1,18})(kb|mb|gb)?", re.IGNORECASE)
_UNITS = {"": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}


def size_in_bytes(text: str) -> int | None:
    """Turn ``"1KB"`` into 1024; None for what is not written like that."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    number, unit = match.groups(default="")
    return int(number) * _UNITS[unit.lower()]


def check_byte_size(name: str, size: object) -> int:
    """Return a size as a number of bytes.

    Raises:
        DeclarationError: It is no positive number and no text such as ``"512MB"``.
    """
    given = size_in_bytes(size) if isinstance(size, str) else size
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    msg = (
        f"{name}={shown(size)} is not allowed. "
        "Give a positive number of bytes, or text such as '512MB' or '1GB'."
    )
    raise DeclarationError(msg)
