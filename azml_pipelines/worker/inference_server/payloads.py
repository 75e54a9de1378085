"""Records are packed into requests that are as large as the server takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azml_pipelines.worker.inference_server.records import Record

__all__ = ["Payload", "RecordTooLargeError", "pack"]


class RecordTooLargeError(Exception):
    """One record alone is more than a request may hold."""


@dataclass(frozen=True)
class Payload:
    """The body of one request."""

    first: int
    """Index of its first record in the file."""
    count: int
    body: bytes


def pack(
    records: Sequence[Record], limit: int, *, header: bytes = b"", single: bool = False
) -> Iterator[Payload]:
    """Yield payloads that hold all records in order.

    Args:
        records: Of one file: records of two files never share a payload.
        limit: Bytes of a body at most; 0 for no limit.
        header: Stands in front of each payload's records.
        single: Send each record alone, and without its frame.

    Raises:
        RecordTooLargeError: A record with its header is over the limit.
    """
    first, size = 0, len(header)
    parts: list[bytes] = []
    for index, record in enumerate(records):
        part = record.data if single else record.framed
        if limit and len(header) + len(part) > limit:
            msg = (
                f"record {index} has {len(part)} bytes and a request may hold {limit}; "
                "give a larger max_payload_in_mb"
            )
            raise RecordTooLargeError(msg)
        full = parts and (single or (limit and size + len(part) > limit))
        if full:
            yield Payload(first, len(parts), header + b"".join(parts))
            first, size, parts = index, len(header), []
        parts.append(part)
        size += len(part)
    if parts:
        yield Payload(first, len(parts), header + b"".join(parts))
