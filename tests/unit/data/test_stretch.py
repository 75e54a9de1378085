"""Rows that stand one behind the other are read together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.data.stretch import Slice, Stretch


@given(
    lengths=st.lists(st.integers(0, 50), min_size=1, max_size=30),
    most=st.integers(1, 100),
    gap=st.integers(0, 1),
)
def test_blocks(lengths, most, gap):
    """Nothing is lost, no block has a gap, and only a single one may be too long."""
    offsets, end = [], 3
    for length in lengths:
        offsets.append(end)
        end += length + gap
    stretch = Stretch(7, "a.part", offsets, lengths, list(range(len(lengths))))
    blocks = list(stretch.blocks(most))

    assert list(stretch.slices()) == [one for part in blocks for one in part.slices()]
    for block in blocks:
        pieces = list(block.slices())
        ends = [one.offset + one.length for one in pieces]

        assert ends[:-1] == [one.offset for one in pieces[1:]]
        assert len(pieces) == 1 or sum(block.lengths) <= most


def test_a_single_slice():
    """It is a stretch, too."""
    piece = Slice(4, "a.part", 5, 6, 7)

    assert [piece] == list(Stretch.of(piece).slices())
