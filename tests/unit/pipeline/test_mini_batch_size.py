"""What a configuration keeps of a mini-batch size."""

from __future__ import annotations

import copy
import json

import pytest

from azml_pipelines import DeclarationError
from azml_pipelines.data.mini_batch_size import read_size
from azml_pipelines.pipeline.mini_batch_size import ByteCount, keep_size


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (5, 5),
        ("5", 5),
        ("10KB", 10240),
        ("500 rows", "500 rows"),
        ("1Row", "1 rows"),
        ("auto", "auto"),
        (True, 1),
    ],
)
def test_what_is_kept(given, kept):
    """Numbers as in version 1; text for what version 1 does not have."""
    assert kept == keep_size(given)


@pytest.mark.parametrize("size", ["5 files", "10 MB", "", 1.5, None])
def test_no_sizes(size):
    """Anything else is refused with examples."""
    with pytest.raises(DeclarationError, match="'10KB'"):
        keep_size(size)


@pytest.mark.parametrize("text", ["1KB", "7MB", "2GB"])
def test_bytes_are_a_number_that_knows_its_unit(text):
    """Version 1's users see a plain number; copies keep the unit."""
    kept = keep_size(text)
    copies = [copy.copy(kept), copy.deepcopy(kept)]

    assert json.dumps(kept) == str(int(kept)) == f"{kept}"
    assert all(type(one) is ByteCount for one in copies)
    assert read_size(kept.written) == read_size(text)


def test_what_is_kept_can_be_kept_again():
    """Every submission checks again; nothing changes by that."""
    for size in ["5", "10KB", "500 rows", "auto"]:
        kept = keep_size(size)
        again = keep_size(kept)

        assert (type(kept), kept) == (type(again), again)
