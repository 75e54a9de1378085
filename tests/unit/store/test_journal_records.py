"""Rows of many records keep what rows of one record would keep."""

from __future__ import annotations

from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azml_pipelines.store.journal_file import connect
from azml_pipelines.store.journal_records import (
    checked_runs,
    forget_records,
    keep_records,
)
from azml_pipelines.store.journal_seals import read_done
from azml_pipelines.worker.page import RECORD_SIZE, Done, checksum, pack_records


def done(mini_batch, offset=0):
    """Return a whole record."""
    fields = (mini_batch, offset, 2, 7, 1, 2, 0.25)
    return Done(*fields, checksum(fields))


@pytest.fixture
def connection(stored):
    """The journal of a step, with one part file."""
    with closing(connect(stored.folder.journal)) as connection:
        connection.execute("INSERT INTO part (id, step, name) VALUES (1, 0, 'a.part')")
        yield connection


REPORTS = st.lists(
    st.tuples(
        st.sampled_from(["keep", "keep", "forget"]),
        st.sets(st.integers(0, 12)),
        st.sampled_from([0, 0, 3]),
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=REPORTS)
def test_the_first_record_stands(connection, reports):
    """In whatever portions records come and go."""
    connection.execute("DELETE FROM done")
    kept = {}
    for number, (what, numbers, first_item) in enumerate(reports):
        if what == "forget":
            gone = numbers | {20 + one for one in numbers}
            forget_records(connection, 0, gone)
            kept = {key: one for key, one in kept.items() if key[0] not in gone}
            continue
        # A piece comes alone, and its mini-batch is never among others.
        pieces = [[20 + one] for one in sorted(numbers)]
        for some in pieces if first_item else [sorted(numbers)]:
            records = pack_records(done(one, number) for one in some)
            keep_records(connection, 0, (1, "a.part"), records, first_item)
            for one in some:
                kept.setdefault((one, first_item), number)
    found = list(read_done(connection, 0))

    assert all(one.whole for one in found)
    assert sorted(kept.items()) == [
        ((one.mini_batch, one.first_item), one.offset) for one in found
    ]


def test_neighbours_share_a_row(connection):
    """A row for each would cost more than all the rest."""
    records = pack_records(done(n, 2 * n) for n in (*range(4, 400), *range(500, 600)))
    keep_records(connection, 0, (1, "a.part"), records, 0)
    found = [(run.first, run.count, run.short) for run in checked_runs(connection, 0)]

    assert found == [(4, 396, 396), (500, 100, 100)]


def test_a_damaged_record_is_forgotten_alone(connection):
    """Its neighbours in the same row are kept."""
    records = pack_records(map(done, range(10)))
    keep_records(connection, 0, (1, "a.part"), records, 0)
    hit = bytearray(records)
    hit[4 * RECORD_SIZE + 20] ^= 1
    connection.execute("UPDATE done SET records = ?", (bytes(hit),))

    assert [4] == [one.mini_batch for one in read_done(connection, 0) if not one.whole]

    forget_records(connection, 0, [7])
    left = [(one.mini_batch, one.whole) for one in read_done(connection, 0)]

    assert left == [(n, True) for n in range(10) if n not in {4, 7}]
