"""Length-prefixed frames over a private socket pair. Rows never travel here."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

__all__ = [
    "MAX_FRAME",
    "FrameReader",
    "ProtocolError",
    "decode_json",
    "encode_json",
    "send_frame",
]

MAX_FRAME = 256 * 1024 * 1024
"""A longer frame is garbage: the process that sent it is replaced."""

_HEADER = struct.Struct("<IB")
_READ_SIZE = 1 << 18


class ProtocolError(Exception):
    """The other side sent something that is not a frame."""


def encode_json(fields: dict[str, Any]) -> bytes:
    """Encode the fields of one message; lone surrogates survive as escapes."""
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def decode_json(payload: bytes) -> dict[str, Any]:
    """Decode what ``encode_json`` wrote.

    Raises:
        ProtocolError: ``payload`` is not a JSON object.
    """
    try:
        fields = json.loads(payload)
    except ValueError as error:
        msg = f"a message is not JSON: {error}"
        raise ProtocolError(msg) from error
    if not isinstance(fields, dict):
        msg = f"a message is a JSON {type(fields).__name__}; expected an object"
        raise ProtocolError(msg)
    return fields


def send_frame(link: socket.socket, kind: int, payload: bytes = b"") -> None:
    """Send one frame; blocks until the other side has room for it.

    Raises:
        OSError: The other side is gone.
    """
    link.sendall(_HEADER.pack(len(payload), kind) + payload)


class FrameReader:
    """Cuts the bytes of one socket into frames."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._buffer = bytearray()

    def read(self) -> tuple[int, bytes] | None:
        """Wait for the next frame; None when the other side has closed.

        Raises:
            OSError: The connection broke.
            ProtocolError: The frame is longer than ``MAX_FRAME``.
        """
        while True:
            frame = self.buffered()
            if frame is not None:
                return frame
            if not self.fill():
                return None

    def fill(self) -> bool:
        """Wait for bytes and keep them; False when the other side has closed."""
        data = self.receive()
        self._buffer += data
        return bool(data)

    def receive(self) -> bytes:
        """Receive some bytes; none when the other side has closed."""
        return self._link.recv(_READ_SIZE)

    def buffered(self) -> tuple[int, bytes] | None:
        """Return the next frame if all of it has been received already."""
        if len(self._buffer) < _HEADER.size:
            return None
        length, kind = _HEADER.unpack_from(self._buffer)
        if length > MAX_FRAME:
            msg = f"a frame claims {length} bytes; at most {MAX_FRAME} are allowed"
            raise ProtocolError(msg)
        end = _HEADER.size + length
        if len(self._buffer) < end:
            return None
        payload = bytes(self._buffer[_HEADER.size : end])
        del self._buffer[:end]
        return kind, payload
