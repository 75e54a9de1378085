"""What crosses the border between the server and its model processes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from azml_pipelines.masking import mask
from azml_pipelines.worker.frames import ProtocolError, decode_json, encode_json
from azml_pipelines.worker.messages import build

__all__ = ["ANSWER", "INVOKE", "SETUP", "Answer", "Invocation", "Setup"]

# Server to model process, and back. Readiness is told as workers tell it.
SETUP, INVOKE, ANSWER = 50, 51, 60

_LENGTH_BYTES = 4


@dataclass(frozen=True)
class Setup:
    """How a model process reads what it is sent."""

    items: str = "auto"
    """``table`` makes a DataFrame of each body, ``file`` a file; ``auto`` decides by
    its content type."""
    columns: tuple[str, ...] = ()
    """Names for the columns of CSV without a header line; empty when it has one."""
    folder: str = ""
    """For the files that bodies become."""

    def encode(self) -> bytes:
        """Return the payload of a ``SETUP`` frame."""
        return encode_json(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> Setup:
        """Read the payload of a ``SETUP`` frame."""
        fields = decode_json(payload)
        return build(cls, {**fields, "columns": tuple(fields.get("columns", ()))})


@dataclass(frozen=True)
class Invocation:
    """One request. The body travels as it came."""

    number: int
    """Counts the requests of this server, from 0."""
    content_type: str
    accept: str
    body: bytes
    file_name: str = ""
    """What the caller calls the body; empty when it did not say."""

    def encode(self) -> bytes:
        """Return the payload of an ``INVOKE`` frame."""
        head = [self.number, self.content_type, self.accept, self.file_name]
        return _with_head({"head": head}, self.body)

    @classmethod
    def decode(cls, payload: bytes) -> Invocation:
        """Read the payload of an ``INVOKE`` frame."""
        fields, body = _split(payload)
        number, content_type, accept, file_name = fields["head"]
        return cls(number, content_type, accept, body, file_name)


@dataclass(frozen=True)
class Answer:
    """What the caller gets."""

    status: int
    content_type: str
    body: bytes

    def encode(self) -> bytes:
        """Return the payload of an ``ANSWER`` frame."""
        return _with_head({"head": [self.status, self.content_type]}, self.body)

    @classmethod
    def decode(cls, payload: bytes) -> Answer:
        """Read the payload of an ``ANSWER`` frame."""
        fields, body = _split(payload)
        status, content_type = fields["head"]
        return cls(status, content_type, body)

    @classmethod
    def refusal(cls, status: int, message: str) -> Answer:
        """Say in JSON what was wrong, in one line without secrets."""
        line = mask(" ".join(message.split()))
        return cls(status, "application/json", encode_json({"error": line}))


def _with_head(fields: dict[str, object], body: bytes) -> bytes:
    head = encode_json(fields)
    return len(head).to_bytes(_LENGTH_BYTES, "little") + head + body


def _split(payload: bytes) -> tuple[dict[str, Any], bytes]:
    end = _LENGTH_BYTES + int.from_bytes(payload[:_LENGTH_BYTES], "little")
    if end > len(payload):
        msg = f"a head of {end} bytes in a message of {len(payload)}"
        raise ProtocolError(msg)
    return decode_json(payload[_LENGTH_BYTES:end]), payload[end:]
