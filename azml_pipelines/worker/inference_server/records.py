"""A file becomes records: by lines, by the frames of RecordIO or TFRecord, or whole."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["BadFileError", "Record", "split_records"]

_RECORDIO_MAGIC = 0xCED7230A
_RECORDIO_HEAD = struct.Struct("<II")
_RECORDIO_LENGTH = (1 << 29) - 1
_TFRECORD_HEAD = struct.Struct("<QI")
_TFRECORD_TAIL = 4
_UTF_8_MARK = b"\xef\xbb\xbf"


class BadFileError(Exception):
    """The file is not made of such records."""


@dataclass(frozen=True)
class Record:
    """One record. ``framed`` is how it stands in its file, ``data`` what it holds."""

    framed: bytes
    data: bytes


def split_records(content: bytes, split_type: str, *, is_csv: bool) -> list[Record]:
    """Cut the content of one file.

    Args:
        content: All of it.
        split_type: ``None``, ``Line``, ``RecordIO`` or ``TFRecord``.
        is_csv: Whether a line may go on in the next one between quotes.

    Returns:
        The records in order. With ``None`` there is one, also of an empty file; the
        others make none of it. Empty lines are none.

    Raises:
        BadFileError: A frame is cut off or damaged, or a quote is not closed.
    """
    if split_type == "None":
        return [Record(content, content)]
    if split_type == "Line":
        return _lines(content, is_csv=is_csv)
    if split_type == "RecordIO":
        return _recordio(content)
    return _tfrecord(content)


def _lines(content: bytes, *, is_csv: bool) -> list[Record]:
    content = content.removeprefix(_UTF_8_MARK)
    records: list[Record] = []
    begun: list[bytes] = []
    quotes = 0
    for line in content.split(b"\n"):
        begun.append(line)
        quotes += line.count(b'"') if is_csv else 0
        if quotes % 2:
            continue
        whole = b"\n".join(begun)
        whole = whole[:-1] if whole.endswith(b"\r") else whole
        begun.clear()
        quotes = 0
        if whole:
            records.append(Record(whole + b"\n", whole))
    if begun:
        msg = f"the quote that record {len(records)} opens is not closed"
        raise BadFileError(msg)
    return records


def _recordio(content: bytes) -> list[Record]:
    records: list[Record] = []
    at = 0
    while at < len(content):
        head = content[at : at + _RECORDIO_HEAD.size]
        if len(head) < _RECORDIO_HEAD.size:
            raise BadFileError(_cut("RecordIO", len(records)))
        magic, length = _RECORDIO_HEAD.unpack(head)
        if magic != _RECORDIO_MAGIC:
            msg = f"byte {at} does not begin a RecordIO record"
            raise BadFileError(msg)
        length &= _RECORDIO_LENGTH
        begin = at + _RECORDIO_HEAD.size
        end = begin + length
        at = begin + (length + 3) // 4 * 4
        if end > len(content):
            raise BadFileError(_cut("RecordIO", len(records)))
        framed = content[begin - _RECORDIO_HEAD.size : at]
        records.append(Record(framed, content[begin:end]))
    return records


def _tfrecord(content: bytes) -> list[Record]:
    records: list[Record] = []
    at = 0
    while at < len(content):
        head = content[at : at + _TFRECORD_HEAD.size]
        if len(head) < _TFRECORD_HEAD.size:
            raise BadFileError(_cut("TFRecord", len(records)))
        length, _ = _TFRECORD_HEAD.unpack(head)
        begin = at + _TFRECORD_HEAD.size
        end = begin + length
        if end + _TFRECORD_TAIL > len(content):
            raise BadFileError(_cut("TFRecord", len(records)))
        framed = content[at : end + _TFRECORD_TAIL]
        records.append(Record(framed, content[begin:end]))
        at = end + _TFRECORD_TAIL
    return records


def _cut(kind: str, number: int) -> str:
    return f"{kind} record {number} is cut off"
