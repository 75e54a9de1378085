"""Sizes as people write them."""

from __future__ import annotations

import pytest

from azml_pipelines import DeclarationError
from azml_pipelines.pipeline.mini_batch_size import parse_mini_batch_size


@pytest.mark.parametrize(
    ("text", "size"), [("5", 5), ("0", 0), ("1KB", 1024), ("3gB", 3 * 1024**3)]
)
def test_sizes(text, size):
    """Digits, and a unit of 1024."""
    assert size == parse_mini_batch_size(text)


@pytest.mark.parametrize("text", ["", "5 ", "5\n", "KB", "5K", "5B", "1e3", "\u0665"])
def test_no_sizes(text):
    """Anything else is refused with the text and examples."""
    with pytest.raises(DeclarationError, match="'10KB'"):
        parse_mini_batch_size(text)
