"""What is said of many records at once is what each of them says."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.worker.page import (
    RECORD_SIZE,
    Done,
    checksum,
    pack_records,
    unpack_records,
)
from azml_pipelines.worker.records import Columns, consecutive, damaged_records

LONG, SHORT = st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)
FIELDS = st.tuples(LONG, LONG, LONG, SHORT, SHORT, SHORT, st.floats(0, 10, width=32))


@given(fields=st.lists(FIELDS, max_size=20))
def test_columns(fields):
    """Field by field, numbers of more than four bytes too."""
    records = pack_records(Done(*one) for one in fields)
    columns = Columns(records)

    assert [one[0] for one in fields] == columns.mini_batches()
    assert [one[1] for one in fields] == columns.offsets()
    assert [one[2] for one in fields] == columns.lengths()
    assert [one[3] for one in fields] == columns.crcs()

    sums = columns.sums()

    assert len(fields) == sums.mini_batches
    assert sum(one[4] for one in fields) == sums.rows
    assert sum(one[5] for one in fields) == sums.items
    assert sum(max(one[5] - one[4], 0) for one in fields) == sums.short
    assert sum(one[6] for one in fields) == sums.seconds


@given(numbers=st.lists(st.integers(0, 30), max_size=20))
def test_consecutive(numbers):
    """Put together again they are what they were, and no two pieces belong together."""
    records = pack_records(Done(one, 0, 0, 0, 1, 1, 0.0) for one in numbers)
    pieces = list(consecutive(records))
    found = []
    for first, piece in pieces:
        indexes = [one.mini_batch for one in unpack_records(piece)]
        found.append((first, first + len(indexes)))

        assert indexes == list(range(*found[-1]))

    assert records == b"".join(piece for _, piece in pieces)
    assert all(one[1] != other[0] for one, other in itertools.pairwise(found))


@given(
    count=st.integers(1, 8),
    flip=st.integers(0, 8 * 8 * RECORD_SIZE - 1),
    cut=st.integers(0, 2 * RECORD_SIZE),
)
def test_damaged_records(count, flip, cut):
    """A flipped bit costs one mini-batch, a cut those behind it."""
    flip %= count * RECORD_SIZE * 8
    done = []
    for number in range(count):
        fields = (5 + number, number, 7, 9, 1, 1, 0.5)
        done.append(Done(*fields, checksum(fields)))
    records = bytearray(pack_records(done))

    assert [] == list(damaged_records(bytes(records), 5, count))

    records[flip // 8] ^= 1 << flip % 8
    kept = bytes(records[: len(records) - cut])
    whole = len(kept) // RECORD_SIZE
    hit = flip // 8 // RECORD_SIZE
    expected = {
        5 + number for number in range(count) if number == hit or number >= whole
    }

    assert sorted(expected) == list(damaged_records(kept, 5, count))
