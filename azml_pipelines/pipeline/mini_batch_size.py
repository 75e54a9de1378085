"""How a mini-batch size is written: ``5`` files, ``"10KB"`` of a table."""

from __future__ import annotations

from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.byte_size import size_in_bytes
from azml_pipelines.wording import shown

__all__ = [
    "ACCEPTED_SIZES",
    "DEFAULT_MINI_BATCH_BYTES",
    "DEFAULT_MINI_BATCH_FILES",
    "parse_mini_batch_size",
]

ACCEPTED_SIZES = "a whole number (files) or text such as '5', '10KB', '1MB' or '2GB'"
DEFAULT_MINI_BATCH_FILES = 10
DEFAULT_MINI_BATCH_BYTES = 1024 * 1024


def parse_mini_batch_size(text: str) -> int:
    """Turn ``"5"`` into 5 and ``"1KB"`` into 1024.

    Raises:
        DeclarationError: There is a blank, a decimal point, a sign or another unit.
    """
    size = size_in_bytes(text)
    if size is None:
        msg = f"mini_batch_size={shown(text)} is not allowed. Give {ACCEPTED_SIZES}."
        raise DeclarationError(msg)
    return size
