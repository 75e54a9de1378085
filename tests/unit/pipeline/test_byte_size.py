"""Sizes are written as people write them."""

from __future__ import annotations

import pytest

from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.byte_size import check_byte_size


@pytest.mark.parametrize(
    ("given", "size"),
    [(1, 1), ("1", 1), ("1KB", 1024), ("512mb", 512 * 1024**2), ("2GB", 2 * 1024**3)],
)
def test_accepted_sizes(given, size):
    """Numbers are bytes; units are powers of 1024, as in mini_batch_size."""
    assert check_byte_size("memory_limit_per_process", given) == size


@pytest.mark.parametrize("given", [0, -1, True, 1.5, None, "", "1.5MB", "10 MB", "2GG"])
def test_refused_sizes(given):
    """The error names the argument, the value and what is accepted."""
    with pytest.raises(DeclarationError, match=r"memory_limit_per_process=.*'512MB'"):
        check_byte_size("memory_limit_per_process", given)
