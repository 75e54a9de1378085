"""Files become records; no record is cut, joined or lost."""

from __future__ import annotations

import csv
import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.worker.inference_server.payloads import (
    Payload,
    RecordTooLargeError,
    pack,
)
from azml_pipelines.worker.inference_server.records import (
    BadFileError,
    Record,
    split_records,
)


def recordio(*records: bytes) -> bytes:
    """Frame records as RecordIO."""
    return b"".join(
        struct.pack("<II", 0xCED7230A, len(data)) + data + bytes(-len(data) % 4)
        for data in records
    )


def tfrecord(*records: bytes) -> bytes:
    """Frame records as TFRecord; their checksums are not looked at."""
    return b"".join(
        struct.pack("<QI", len(data), 0) + data + struct.pack("<I", zlib.crc32(data))
        for data in records
    )


@pytest.mark.parametrize(
    ("content", "records"),
    [
        pytest.param(b"a\nb\n", [b"a", b"b"], id="lines"),
        pytest.param(b"a\nb", [b"a", b"b"], id="no end of the last line"),
        pytest.param(b"a\r\nb\r\n", [b"a", b"b"], id="two bytes at the end"),
        pytest.param(b"\xef\xbb\xbfa\n", [b"a"], id="a mark of the encoding"),
        pytest.param(b"\n\na\n\n", [b"a"], id="empty lines"),
        pytest.param(b"", [], id="nothing"),
        pytest.param(b'"x\ny",1\nz\n', [b'"x\ny",1', b"z"], id="a quoted line end"),
        pytest.param(b'"x\r\ny",1\r\nz\r\n', [b'"x\r\ny",1', b"z"], id="the same, two"),
        pytest.param(b'"a""\nb"\n', [b'"a""\nb"'], id="a quoted quote"),
    ],
)
def test_lines_of_csv(content, records):
    """A line end between quotes is part of its record."""
    found = split_records(content, "Line", is_csv=True)

    assert records == [record.data for record in found]
    assert all(record.framed == record.data + b"\n" for record in found)


def test_lines_of_json_know_no_quotes():
    """A quote in one line does not reach the next."""
    found = split_records(b'{"a": "\\""}\n"\n', "Line", is_csv=False)

    assert [b'{"a": "\\""}', b'"'] == [record.data for record in found]


@given(
    st.lists(
        st.lists(st.text(alphabet='a",\n\r ', max_size=6), min_size=2, max_size=3),
        max_size=6,
    )
)
def test_what_csv_writes_is_found_again(rows):
    """Whatever stands in its cells."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(rows)
    found = split_records(text.getvalue().encode(), "Line", is_csv=True)
    read = [
        next(csv.reader(io.StringIO(record.data.decode(), newline="")))
        for record in found
    ]

    assert rows == read


@given(st.lists(st.binary(max_size=9), max_size=6))
def test_frames_hold_what_was_framed(records):
    """With RecordIO and TFRecord; the frames together are the file."""
    for kind, framed in (("RecordIO", recordio), ("TFRecord", tfrecord)):
        content = framed(*records)
        found = split_records(content, kind, is_csv=False)

        assert records == [record.data for record in found]
        assert content == b"".join(record.framed for record in found)


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        pytest.param(b'a,"b\nc\n', "Line", "not closed", id="an open quote"),
        pytest.param(recordio(b"abc")[:-2], "RecordIO", "cut off", id="half a record"),
        pytest.param(recordio(b"abc")[:5], "RecordIO", "cut off", id="half a head"),
        pytest.param(b"x" * 12, "RecordIO", "byte 0", id="no record at all"),
        pytest.param(tfrecord(b"abc")[:-1], "TFRecord", "cut off", id="half a tail"),
        pytest.param(b"\xff" * 12, "TFRecord", "cut off", id="a length beyond all"),
    ],
)
def test_what_is_no_record_is_named(content, kind, said):
    """With the number of the record, or the place."""
    if kind == "RecordIO" and said == "cut off" and len(content) > 8:
        content = content[:10]
    with pytest.raises(BadFileError, match=said):
        split_records(content, kind, is_csv=True)


@given(
    st.lists(st.binary(min_size=1, max_size=20), max_size=30),
    st.integers(25, 60),
    st.binary(max_size=4),
    st.booleans(),
)
def test_payloads_hold_every_record_once(data, limit, header, single):
    """In order, each within the limit, each as full as the next record allows."""
    records = [Record(one + b"\n", one) for one in data]
    payloads = list(pack(records, limit, header=header, single=single))

    begin = 0
    for payload in payloads:
        part = data[begin : begin + payload.count]
        end = b"" if single else b"\n"
        assert begin == payload.first
        assert header + b"".join(one + end for one in part) == payload.body
        assert len(payload.body) <= limit
        if not single and begin + payload.count < len(data):
            following = data[begin + payload.count] + end
            assert len(payload.body) + len(following) > limit
        begin += payload.count
    assert len(data) == begin
    assert not single or all(payload.count == 1 for payload in payloads)


@pytest.mark.parametrize("over", [0, 1], ids=["at the limit", "one byte over"])
def test_a_record_at_the_limit(over):
    """It is sent; one byte more is refused with its number and size."""
    records = [Record(b"a\n", b"a"), Record(b"b" * (9 + over) + b"\n", b"b")]
    if not over:
        assert Payload(1, 1, b"b" * 9 + b"\n") == list(pack(records, 10))[1]
        return
    with pytest.raises(RecordTooLargeError, match="record 1 has 11 bytes"):
        list(pack(records, 10))


def test_zero_is_no_limit():
    """All records in one request."""
    records = [Record(bytes(100), b"")] * 100

    assert [100] == [payload.count for payload in pack(records, 0)]
