"""What stands on the page is whole, and survives whoever wrote it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azml_pipelines.worker.page import (
    CAPACITY,
    RECORD_SIZE,
    Done,
    Page,
    Phase,
    checksum,
    pack_record,
    unpack_records,
)

HEAD_SIZE = 64


@pytest.fixture
def page():
    """A page, closed after the test."""
    page = Page.create()
    yield page
    page.close()


def done(mini_batch, **fields):
    """Return a record."""
    values = {
        "offset": 10,
        "length": 5,
        "crc": 7,
        "rows": 2,
        "items": 3,
        "seconds": 0.5,
    }
    values = (mini_batch, *{**values, **fields}.values())
    return Done(*values, checksum(values))


def settle(page, *mini_batches):
    """Settle mini-batches one after the other."""
    for mini_batch in mini_batches:
        page.settle(done(mini_batch))


def numbers(records):
    """Return the mini-batches of some records."""
    return [record.mini_batch for record in unpack_records(records)]


U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)


@given(
    record=st.builds(
        Done, U64, U64, U64, U32, U32, U32, st.floats(0, 2.0**100, width=32)
    )
)
def test_a_record_reads_as_it_was_written(record):
    """Every field, up to its largest value, and the check of them all."""
    packed = pack_record(record)
    whole = record._replace(check=checksum(record[:-1]))

    assert len(packed) == RECORD_SIZE
    assert [whole] == list(unpack_records(packed))


def test_records_are_read_in_the_order_in_which_they_were_written(page):
    """A bundle's records are those of its mini-batches."""
    page.begin()
    settle(page, 5, 6, 7)

    assert [5, 6, 7] == numbers(page.records(5, 3))
    assert [done(5)] == list(unpack_records(page.records(5, 1)))


def test_a_fresh_page_holds_nothing(page):
    """Neither a record nor a mini-batch in hand."""
    assert page.records(0, CAPACITY) == b""
    assert page.running() is None


def test_a_failed_mini_batch_leaves_no_gap(page):
    """Records stand one behind the other; a failure travels on the socket."""
    page.begin()
    settle(page, 0, 2, 3)

    assert [0, 2, 3] == numbers(page.records(0, 5))


def test_records_of_an_earlier_bundle_are_not_returned(page):
    """Also when it was longer than the present one has come."""
    page.begin()
    settle(page, *range(10))
    page.begin()

    assert page.records(10, 10) == b""

    settle(page, 10, 11)

    assert [10, 11] == numbers(page.records(10, 10))


def test_the_same_mini_batch_again_starts_with_nothing(page):
    """A mini-batch whose rows were damaged is not done before it has run again."""
    page.begin()
    settle(page, 7)
    page.begin()

    assert page.records(7, 1) == b""


@given(place=st.integers(0, 3), byte=st.integers(0, RECORD_SIZE - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_record_that_is_not_whole_ends_the_list(page, place, byte):
    """One wrong byte anywhere, and neither it nor what follows counts."""
    page.begin()
    settle(page, 0, 1, 2, 3)
    position = HEAD_SIZE + place * RECORD_SIZE + byte
    page._memory[position] ^= 0xFF

    assert list(range(place)) == numbers(page.records(0, 4))


def test_the_mini_batch_in_hand(page):
    """Its number, phase and size; the clock is the machine's own."""
    page.enter(41, Phase.RUNNING, 10)
    first = page.running()
    page.enter(41, Phase.WRITING, 10)
    second = page.running()

    assert (41, Phase.RUNNING, 10) == (first.mini_batch, first.phase, first.items)
    assert second.phase == Phase.WRITING
    assert first.since <= second.since


def test_nothing_is_in_hand_between_mini_batches(page):
    """Neither after a success nor after a failure."""
    page.begin()
    page.enter(0, Phase.RUNNING, 1)
    settle(page, 0)

    assert page.running() is None

    page.enter(1, Phase.RUNNING, 1)
    page.leave()

    assert page.running() is None


def test_a_torn_head_is_nobody(page):
    """A writer that died in the middle of a head has nothing in hand."""
    page.enter(3, Phase.RUNNING, 1)
    page._memory[0] ^= 0xFF

    assert page.running() is None


def test_the_largest_bundle_fits(page):
    """Every mini-batch of it has its record."""
    page.begin()
    settle(page, *range(CAPACITY))
    records = page.records(0, CAPACITY)

    assert len(records) == CAPACITY * RECORD_SIZE
    assert numbers(records)[-1] == CAPACITY - 1


WRITER = """\
import os, signal, sys
from azml_pipelines.worker.page import Done, Page, Phase
page = Page(int(sys.argv[1]))
page.begin()
for number in range(3):
    page.enter(number, Phase.RUNNING, 1)
    page.settle(Done(number, 0, 0, 0, 1, 1, 0.0))
page.enter(3, Phase.RUNNING, 8)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_records_survive_the_death_of_their_writer(page):
    """A killed worker loses nothing but what it was running."""
    os.set_inheritable(page.descriptor, True)
    subprocess.run(
        [sys.executable, "-c", WRITER, str(page.descriptor)],
        pass_fds=[page.descriptor],
        check=False,
    )

    assert [0, 1, 2] == numbers(page.records(0, 4))
    assert page.running().mini_batch == 3
    assert page.running().items == 8


def test_a_bundle_can_be_recalled(page):
    """Until the next one begins."""
    page.begin()
    before = page.recalled
    page.recall()
    asked = page.recalled
    page.begin()

    assert (before, asked, page.recalled) == (False, True, False)


def test_what_stands_behind_a_recalled_bundle_does_not_count(page):
    """The worker may have had the very same bundle before."""
    for _ in range(2):
        page.begin()
        page.settle(Done(0, 0, 1, 2, 3, 4, 0.5))
        page.end()
        last = len(page.records(0, 3))
        page.settle(Done(1, 0, 1, 2, 3, 4, 0.5))

    assert last == RECORD_SIZE
