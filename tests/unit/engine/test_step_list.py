"""Mini-batches are handed out while others are still being listed."""

from __future__ import annotations

import threading

import pytest

from azml_pipelines.data.frozen_list import NOT_YET
from azml_pipelines.data.minibatch import split_files
from azml_pipelines.engine.ledger import Ledger, Limits
from azml_pipelines.engine.step_list import StepList
from azml_pipelines.errors import OutputError, UserErrorException
from azml_pipelines.store.journal_list import Listed, note_listed
from azml_pipelines.store.resume_point import read_resume_point

WAIT = 10.0


class Source:
    """An input that is listed as far as the test lets it."""

    def __init__(self, planned, names):
        self.names = names
        self.may_go_on = threading.Event()
        self.error = None
        self.kept = []
        self.run = planned()
        self.path = self.run.folder.step("step-1").mini_batches
        self.found = self.open()

    def open(self):
        """Return the list as another orchestrator would."""
        return StepList(
            self.run.journal, self.run.folder.journal, 0, self.path, self.cut
        )

    def cut(self, kept):
        """List half, wait, and list the rest."""
        self.kept.append(kept)
        lines = list(split_files(0, self.names, 1))
        half = len(lines) // 2
        yield from lines[:half]
        yield NOT_YET
        if kept <= half:
            assert self.may_go_on.wait(WAIT)
        if self.error:
            raise self.error
        yield from lines[half:]

    def grow_to_the_end(self, ledger):
        """Let the rest be listed."""
        self.may_go_on.set()
        while not ledger.sealed:
            self.found.grow(ledger, WAIT)


@pytest.fixture
def listing(planned):
    """An input of ten files, the first five of them listed."""
    source = Source(planned, [f"{n:02}" for n in range(10)])
    yield source
    source.may_go_on.set()
    source.found.close()


def nothing():
    """Go on."""


def test_work_begins_before_the_listing_ends(listing):
    """What is known can be read, and the journal knows it too."""
    listing.found.begin(nothing)
    point = read_resume_point(listing.run.folder.journal, 0)

    assert (5, False) == (listing.found.known, listing.found.sealed)
    assert (None, 5) == (point.total_mini_batches, point.known_mini_batches)
    assert b'[0,1,["04"]]\n' == listing.found.read(4, 1)


def test_the_ledger_grows_with_the_list(listing):
    """It is sealed with the last line, and then the totals are in the journal."""
    listing.found.begin(nothing)
    ledger = Ledger(5, Limits(), sealed=False)
    listing.found.grow(ledger, 0)
    half = ledger.total, ledger.sealed
    listing.grow_to_the_end(ledger)
    point = read_resume_point(listing.run.folder.journal, 0)

    assert half == (5, False)
    assert (ledger.total, ledger.waiting_count) == (10, 10)
    assert (point.total_mini_batches, point.known_mini_batches) == (10, 10)
    assert b'[0,1,["09"]]\n' == listing.found.read(9, 1)


def interrupted(listing):
    """Let an orchestrator list half of the input, and end."""
    listing.found.begin(nothing)
    listing.run.journal.start_step(0)
    listing.may_go_on.set()
    listing.found.close()
    listing.may_go_on.clear()
    # The thread may have got further; what it did not say does not count.
    note = Listed(5, sha256_of(listing.path, 5))
    note_listed(listing.run.journal, 0, note)
    listing.found = listing.open()


def sha256_of(path, count):
    """Return the digest of the first lines of a list."""
    import hashlib

    lines = path.read_bytes().splitlines(keepends=True)[:count]
    return hashlib.sha256(b"".join(lines)).hexdigest()


def test_an_unfinished_list_is_gone_on_with(listing):
    """Its lines have to come out the same."""
    interrupted(listing)
    listing.found.begin(nothing)
    ledger = Ledger(5, Limits(), sealed=False)
    listing.grow_to_the_end(ledger)

    assert [0, 5] == listing.kept
    assert 10 == len(listing.path.read_bytes().splitlines())


def test_a_changed_input_begins_again(listing, capsys):
    """What was done is forgotten: its numbers mean something else now."""
    interrupted(listing)
    listing.names = ["00-new", *listing.names]
    listing.found.begin(nothing)
    ledger = Ledger(listing.found.known, Limits(), sealed=False)
    listing.grow_to_the_end(ledger)

    assert [0, 5, 0] == listing.kept
    assert b'[0,1,["00-new"]]\n' == listing.found.read(0, 1)
    assert 11 == ledger.total
    assert "begins again" in capsys.readouterr().err


def test_a_finished_list_is_not_listed_again(listing):
    """It has to be the one that was frozen."""
    listing.found.begin(nothing)
    listing.grow_to_the_end(Ledger(5, Limits(), sealed=False))
    listing.found = listing.open()
    listing.found.begin(nothing)

    assert (10, True) == (listing.found.known, listing.found.sealed)
    assert [0] == listing.kept

    listing.path.write_text("other lines\n")
    with pytest.raises(OutputError, match="not the list that was frozen"):
        listing.open().begin(nothing)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(PermissionError("no"), "cannot be listed: no", id="of the system"),
        pytest.param(UserErrorException("a link leads out"), "leads out", id="ours"),
    ],
)
def test_an_error_midway_is_raised_where_one_waits(listing, error, expected):
    """Not in the thread, where nobody would hear of it."""
    listing.found.begin(nothing)
    listing.error = error

    with pytest.raises(UserErrorException, match=expected):
        listing.grow_to_the_end(Ledger(5, Limits(), sealed=False))


def test_nothing_to_list(planned):
    """That is known when it is certain, and not before."""
    source = Source(planned, [])
    source.may_go_on.set()
    source.found.begin(nothing)

    assert (0, True) == (source.found.known, source.found.sealed)


def test_who_waits_can_be_stopped(planned):
    """As everywhere: several times a second."""
    source = Source(planned, [])

    def stop():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        source.found.begin(stop)

    source.may_go_on.set()
    source.found.close()
