"""Frames arrive as they were sent, and what is no frame is refused."""

from __future__ import annotations

import itertools
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.worker.frames import (
    MAX_FRAME,
    FrameReader,
    ProtocolError,
    decode_json,
    encode_json,
    send_frame,
)

FRAMES = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=8)


class Pieces(FrameReader):
    """A reader whose link hands out pieces that were cut beforehand."""

    def __init__(self, pieces):
        super().__init__(None)
        self._pieces = iter(pieces)

    def receive(self):
        return next(self._pieces, b"")


@pytest.fixture
def link():
    """Both ends of a socket pair."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def read_all(reader):
    """Read frames until the other side has closed."""
    frames = []
    while (frame := reader.read()) is not None:
        frames.append(frame)
    return frames


def wire(frames):
    """Return the bytes of some frames, independently of ``send_frame``."""
    return b"".join(
        struct.pack("<IB", len(payload), kind) + payload for kind, payload in frames
    )


@given(frames=FRAMES)
def test_frames_arrive_as_they_were_sent(frames):
    """Kind and payload survive, in order, and the end of the stream is the end."""
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            for kind, payload in frames:
                send_frame(ours, kind, payload)
        received = read_all(FrameReader(theirs))

    assert frames == received


@given(frames=FRAMES, data=st.data())
def test_it_does_not_matter_how_the_stream_is_cut(frames, data):
    """The kernel may hand out any number of bytes at a time."""
    stream = wire(frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    edges = [0, *cuts, len(stream)]
    pieces = [
        stream[start:end] for start, end in itertools.pairwise(edges) if end > start
    ]

    assert frames == read_all(Pieces(pieces))


@given(frames=FRAMES.filter(bool), data=st.data())
def test_a_frame_that_was_cut_off_is_no_frame(frames, data):
    """A sender that dies in the middle of a frame has sent those before it only."""
    stream = wire(frames)
    last = len(wire(frames[-1:]))
    end = data.draw(st.integers(len(stream) - last, len(stream) - 1))

    assert frames[:-1] == read_all(Pieces([stream[:end]] if end else []))


@pytest.mark.parametrize(
    "length",
    [
        pytest.param(MAX_FRAME + 1, id="one byte too many"),
        pytest.param(2**32 - 1, id="four gibibytes"),
    ],
)
def test_a_length_that_nobody_sends_is_refused(link, length):
    """Garbage does not make the reader wait for gigabytes."""
    ours, theirs = link
    ours.sendall(struct.pack("<IB", length, 1))

    with pytest.raises(ProtocolError, match=f"{length} bytes"):
        FrameReader(theirs).read()


@given(garbage=st.binary(max_size=200))
def test_garbage_is_frames_or_refused(garbage):
    """Whatever arrives, the reader ends; nothing but its own error comes out."""
    reader = Pieces([garbage] if garbage else [])
    try:
        frames = read_all(reader)
    except ProtocolError:
        return

    assert garbage.startswith(wire(frames))


def test_a_closed_link_is_the_end(link):
    """No frame and no error: the other side is gone."""
    ours, theirs = link
    ours.close()

    assert FrameReader(theirs).read() is None


def test_sending_to_nobody_is_an_error(link):
    """The sender learns that the other side is gone."""
    ours, theirs = link
    theirs.close()

    with pytest.raises(OSError, match="Broken pipe"):
        send_frame(ours, 1, b"x")


def test_buffered_frames_cost_no_waiting(link):
    """What has been received already is there at once, and only that."""
    ours, theirs = link
    ours.sendall(wire([(1, b"a"), (2, b"b")]) + b"\x05")
    reader = FrameReader(theirs)
    reader.fill()

    assert reader.buffered() == (1, b"a")
    assert reader.buffered() == (2, b"b")
    assert reader.buffered() is None


@given(
    fields=st.dictionaries(
        st.text(), st.none() | st.booleans() | st.integers() | st.text()
    )
)
def test_fields_survive(fields):
    """Any text does, file names that are not UTF-8 included."""
    fields["name"] = "\udcff"
    payload = encode_json(fields)

    assert payload.isascii()
    assert fields == decode_json(payload)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        pytest.param(b"", "not JSON", id="nothing"),
        pytest.param(b"{", "not JSON", id="torn"),
        pytest.param(b"\xff\xfe", "not JSON", id="not even text"),
        pytest.param(b"[1]", "a JSON list", id="a list"),
        pytest.param(b"null", "a JSON NoneType", id="null"),
    ],
)
def test_a_message_is_a_json_object(payload, message):
    """Anything else is refused by name."""
    with pytest.raises(ProtocolError, match=message):
        decode_json(payload)
