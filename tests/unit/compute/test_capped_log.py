"""Logs keep their beginning and their end, and say what is missing between."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading

from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.compute.capped_log import CappedLog, LogDrain
from azml_pipelines.masking import Masker


@given(
    pieces=st.lists(
        st.text("ab\n", min_size=1, max_size=40).map(str.encode), max_size=60
    ),
    settles=st.booleans(),
)
def test_beginning_and_end_are_kept(tmp_path_factory, pieces, settles):
    """The first bytes and the last ones stand there; the note counts the rest."""
    path = tmp_path_factory.mktemp("log") / "out.txt"
    log = CappedLog(path, Masker(()), head=100, tail=50)
    for number, piece in enumerate(pieces):
        log.write(piece)
        if settles and number % 7 == 0:
            log.settle()
    log.settle(ended=True)

    given_bytes = b"".join(pieces)
    kept = path.read_bytes() if path.exists() else b""
    before, note, after = kept.partition("\n… ".encode())

    if not note:
        assert kept == given_bytes
    else:
        count, _, end = after.partition(b" bytes dropped \xe2\x80\xa6\n")
        assert given_bytes.startswith(before)
        assert len(before) == 100
        assert given_bytes.endswith(end)
        assert len(before) + int(count) + len(end) == len(given_bytes)


def test_a_log_goes_on_where_it_stopped(tmp_path):
    """A worker that replaces another one writes behind it."""
    path = tmp_path / "out.txt"
    for text in (b"first\n", b"second\n"):
        log = CappedLog(path, Masker(()))
        log.write(text)
        log.settle(ended=True)

    assert path.read_bytes() == b"first\nsecond\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_drain_empties_its_pipes(tmp_path):
    """What writers left in their pipes is in the logs when the drain is closed."""
    drain = LogDrain()
    for name in ("a", "b"):
        descriptor = drain.open(tmp_path / name)
        os.write(descriptor, name.encode() * 1000)
        os.close(descriptor)
    drain.close()

    assert [b"a" * 1000, b"b" * 1000] == [
        (tmp_path / name).read_bytes() for name in ("a", "b")
    ]


def test_a_drain_does_not_listen_for_ever(tmp_path):
    """A program that escaped and floods its pipe cannot keep the step from ending."""
    ticks = itertools.count()
    drain = LogDrain(clock=lambda: next(ticks))
    descriptor = drain.open(tmp_path / "flood")
    leave = threading.Event()

    def flood():
        with contextlib.suppress(BrokenPipeError):
            while not leave.is_set():
                os.write(descriptor, bytes(1 << 16))

    thread = threading.Thread(target=flood)
    thread.start()
    drain.close()
    leave.set()
    thread.join(10)
    os.close(descriptor)

    assert not thread.is_alive()


def test_a_full_disk_loses_log_and_nothing_else(tmp_path):
    """Writing to a folder that is gone raises nothing."""
    log = CappedLog(tmp_path / "gone" / "out.txt", Masker(()))
    (tmp_path / "gone").rmdir()

    log.write(b"lost")
    log.settle()

    assert not (tmp_path / "gone").exists()
