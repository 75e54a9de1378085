"""How a mini-batch size is written: ``5`` files, ``"10KB"`` of a table."""

from __future__ import annotations

import re

from azml_pipelines.errors import DeclarationError

__all__ = [
    "ACCEPTED_SIZES",
    "DEFAULT_MINI_BATCH_BYTES",
    "DEFAULT_MINI_BATCH_FILES",
    "parse_mini_batch_size",
]

ACCEPTED_SIZES = "a whole number (files) or text such as '5', '10KB', '1MB' or '2GB'"
DEFAULT_MINI_BATCH_FILES = 10
DEFAULT_MINI_BATCH_BYTES = 1024 * 1024

_SIZE = re.compile(r"([0-9]+)(kb|mb|gb)?", re.IGNORECASE)
_BYTES = {"": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}


def parse_mini_batch_size(text: str) -> int:
    """Turn ``"5"`` into 5 and ``"1KB"`` into 1024.

    Raises:
        DeclarationError: There is a blank, a decimal point, a sign or another unit.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        msg = f"mini_batch_size={text!r} is not understood. Give {ACCEPTED_SIZES}."
        raise DeclarationError(msg)
    number, unit = match.groups(default="")
    return int(number) * _BYTES[unit.lower()]
