"""Sixty bad files among good ones: every row is as written, or accounted for."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.parquet import encryption

from azml_pipelines import Dataset

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import json, os

def run(mini_batch):
    rows = mini_batch.to_dict("records")
    return [
        json.dumps([os.path.basename(row["Path"]), row["id"], row["text"]], default=str)
        for row in rows
    ]
"""
GOOD = [(1, "one"), (2, "two"), (3, "three")]
FAILS = "fails"
"""In place of rows: the file, or the rest of it, is a failed item."""


def csv_files():
    """Yield name, bytes, rows: what one pass by the rules gives."""
    head = b"id,text\n"
    good = b"1,one\n2,two\n3,three\n"
    yield "ragged more cells", head + b"1,one\n2,two,2.5\n3,three\n", FAILS
    yield (
        "ragged fewer cells",
        head + b"1,one\n2\n3,three\n",
        [(1, "one"), (2, None), (3, "three")],
    )
    yield "nul in a cell", head + b"1,o\0ne\n2,two\n", FAILS
    yield "nul bytes at the end", head + good + b"\0" * 4096, FAILS
    yield "nothing but nul", b"\0" * 512, FAILS
    yield "byte order mark", b"\xef\xbb\xbf" + head + good, GOOD
    yield "carriage returns only", (head + good).replace(b"\n", b"\r"), GOOD
    yield "both line ends", head + b"1,one\r\n2,two\n3,three\r", GOOD
    yield "utf-16 with mark", (head + good).decode().encode("utf-16"), FAILS
    yield "utf-16 without mark", (head + good).decode().encode("utf-16-le"), FAILS
    yield "latin-1", head + "1,é\n".encode("latin-1"), FAILS
    yield "utf-8 cut in a letter", head + b"1,one\n2,\xc3", FAILS
    yield (
        "one giant field",
        head + b"1," + b"x" * (3 << 20) + b"\n2,two\n",
        [(1, "x" * (3 << 20)), (2, "two")],
    )
    yield "quote never closed", head + b'1,one\n2,"two\n3,three\n', FAILS
    yield "quote in the middle", head + b'1,o"ne\n2,two\n', [(1, 'o"ne'), (2, "two")]
    yield "text behind a quote", head + b'1,"o"ne\n2,two\n', [(1, "one"), (2, "two")]
    yield (
        "line ends in quotes",
        head + b'1,"o\nn\r\ne"\n2,two\n',
        [(1, "o\nn\r\ne"), (2, "two")],
    )
    yield "other header", b"id,name\n1,one\n", FAILS
    yield "no header", good, FAILS
    yield "columns turned", b"text,id\none,1\ntwo,2\n", [(1, "one"), (2, "two")]
    yield "a column twice", b"id,text,text\n1,one,more\n", FAILS
    yield "text for a number", head + b"1,one\nx,two\n", FAILS
    yield "a number too large", head + b"99999999999999999999,one\n", FAILS
    yield "nothing at all", b"", []
    yield "header only", head, []
    yield "blank lines", head + b"\n\n1,one\n\n2,two\n\n", [(1, "one"), (2, "two")]
    yield "no last line end", head + b"1,one\n2,two", [(1, "one"), (2, "two")]
    yield "semicolons", b"id;text\n1;one\n", FAILS


def jsonl_files():
    """The same of JSON lines."""
    good = b'{"id":1,"text":"one"}\n{"id":2,"text":"two"}\n{"id":3,"text":"three"}\n'
    yield "half a line", good + b'{"id":4,"te', FAILS
    yield "not a number", b'{"id":1,"text":"one"}\n{"id":NaN,"text":"two"}\n', FAILS
    yield "infinity", b'{"id":Infinity,"text":"one"}\n', FAILS
    yield "a key twice", b'{"id":1,"id":2,"text":"one"}\n', FAILS
    yield (
        "ten thousand deep",
        b'{"id":1,"text":' + b"[" * 10_000 + b"]" * 10_000 + b"}\n",
        FAILS,
    )
    yield "an array", b'[1,"one"]\n', FAILS
    yield "a number alone", b"17\n", FAILS
    yield (
        "two objects on a line",
        b'{"id":1,"text":"one"} {"id":2,"text":"two"}\n',
        FAILS,
    )
    yield "a comma behind", b'{"id":1,"text":"one"},\n', FAILS
    yield "single quotes", b"{'id':1,'text':'one'}\n", FAILS
    yield (
        "pretty printed",
        json.dumps({"id": 1, "text": "one"}, indent=1).encode(),
        FAILS,
    )
    yield "byte order mark", b"\xef\xbb\xbf" + good, GOOD
    yield "utf-16", good.decode().encode("utf-16"), FAILS
    yield "latin-1", '{"id":1,"text":"é"}\n'.encode("latin-1"), FAILS
    yield "nul bytes", good + b"\0" * 64, FAILS
    yield "blank lines", b"\n\n" + good + b"\n \n", GOOD
    yield "nothing at all", b"", []
    yield "text for a number", b'{"id":"x","text":"one"}\n', FAILS
    yield (
        "a missing key",
        b'{"text":"one"}\n{"id":2,"text":"two"}\n',
        [(None, "one"), (2, "two")],
    )


def parquet_bytes(table, **options):
    """Return a table as the bytes of a file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def parquet_files():
    """The same of parquet."""
    ids, texts = pa.array([1, 2, 3]), pa.array(["one", "two", "three"])
    good = pa.table({"id": ids, "text": texts})
    whole = parquet_bytes(good)
    yield "footer cut", whole[:-20], FAILS
    yield "half of it", whole[: len(whole) // 2], FAILS
    yield "magic at the end", whole[:-4] + b"NOPE", FAILS
    # Nobody reads the first four bytes; every row is as it was written.
    yield "magic at the start", b"NOPE" + whole[4:], GOOD
    yield "nothing at all", b"", FAILS
    yield "text", b"id,text\n1,one\n", FAILS
    yield "footer length", whole[:-8] + b"\xff\xff\xff\x7f" + whole[-4:], FAILS
    checked = parquet_bytes(
        good, write_page_checksum=True, compression="none", use_dictionary=False
    )
    place = checked.index(b"three")
    yield "a page flipped", checked[:place] + b"T" + checked[place + 1 :], FAILS
    packed = bytearray(parquet_bytes(good, compression="zstd"))
    for n in range(8, 40):
        packed[n] ^= 0xFF
    yield "a packed page flipped", bytes(packed), FAILS
    yield "other columns", parquet_bytes(pa.table({"id": ids, "name": texts})), FAILS
    yield (
        "text for a number",
        parquet_bytes(pa.table({"id": texts, "text": texts})),
        FAILS,
    )
    yield "a number for text", parquet_bytes(pa.table({"id": ids, "text": ids})), FAILS
    yield "columns turned", parquet_bytes(pa.table({"text": texts, "id": ids})), GOOD
    narrow = pa.table({"id": ids.cast("int16"), "text": texts.dictionary_encode()})
    yield "narrower types", parquet_bytes(narrow), GOOD
    yield "no rows", parquet_bytes(good.slice(0, 0)), []
    yield "encrypted", encrypted(good), FAILS


def encrypted(table):
    """Return a table whose footer and columns need a key."""

    class Client(encryption.KmsClient):
        def __init__(self, _config):
            super().__init__()

        def wrap_key(self, key, _name):
            return key.hex()

        def unwrap_key(self, key, _name):
            return bytes.fromhex(key)

    factory = encryption.CryptoFactory(Client)
    settings = encryption.EncryptionConfiguration(
        footer_key="footer", column_keys={"column": ["id", "text"]}
    )
    sink = io.BytesIO()
    properties = factory.file_encryption_properties(
        encryption.KmsConnectionConfig(), settings
    )
    with pq.ParquetWriter(sink, table.schema, encryption_properties=properties) as file:
        file.write_table(table)
    return sink.getvalue()


KINDS = {
    "csv": (
        csv_files,
        Dataset.Tabular.from_delimited_files,
        b"id,text\n1,one\n2,two\n3,three\n",
    ),
    "jsonl": (
        jsonl_files,
        Dataset.Tabular.from_json_lines_files,
        b'{"id":1,"text":"one"}\n{"id":2,"text":"two"}\n{"id":3,"text":"three"}\n',
    ),
    "parquet": (
        parquet_files,
        Dataset.Tabular.from_parquet_files,
        parquet_bytes(pa.table({"id": [1, 2, 3], "text": ["one", "two", "three"]})),
    ),
}


def told(cell):
    """Return what a script has printed of a cell, null as None."""
    return None if cell in {"<NA>", "nan"} or cell != cell else cell  # noqa: PLR0124 - NaN


def rows_by_file(path: Path) -> dict[str, list[tuple]]:
    """Return the rows of an output by the file that they came from."""
    found: dict[str, list[tuple]] = {}
    for line in path.read_text().splitlines():
        name, number, text = json.loads(line)
        found.setdefault(name, []).append((told(number), told(text)))
    return found


def test_there_are_sixty():
    """As many as the catalogue of faults asks for."""
    assert sum(len(list(files())) for files, _, _ in KINDS.values()) >= 60


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_right_or_accounted_for(kind, tables, tmp_path):
    """Bad files between good ones: none is read wrong, none holds up the others."""
    files, read, good = KINDS[kind]
    (tmp_path / "in").mkdir()
    expected = {}
    for number, (name, content, rows) in enumerate(files()):
        for file, data, known in (
            (f"{2 * number:03d} good.{kind}", good, GOOD),
            (f"{2 * number + 1:03d} {name}.{kind}", content, rows),
        ):
            (tmp_path / "in" / file).write_bytes(data)
            expected[file] = known
    table = read(str(tmp_path / "in"), include_path=True)

    run = tables.run(
        SCRIPT, table.as_named_input("table"), run_max_try=1, mini_batch_size="1KB"
    )
    (step,) = run.get_steps()
    found = rows_by_file(tables.output(run) / "parallel_run_step.txt")
    failed = {
        file: item
        for item in run.failed_items()
        for file in expected
        if item.item.startswith(file)
    }
    state = step.state()

    assert {file for file, rows in expected.items() if rows is FAILS} == set(failed)
    assert {"bad data"} == {item.reason for item in failed.values()}
    assert [] == [
        item.message for file, item in failed.items() if file not in item.message
    ]
    assert {file: rows for file, rows in expected.items() if rows is not FAILS} == {
        file: found.get(file, []) for file in expected if file not in failed
    }
    # A file that fails is one mini-batch, so nothing of it is in the output.
    assert not found.keys() & failed.keys()
    assert len(failed) == state.failed_mini_batches
    assert state.done_mini_batches == state.total_mini_batches
    assert all(finding.ok for finding in run.verify())


HUGE = 1 << 30
MEASURED = """
import resource

def run(mini_batch):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return [f"{number} {peak >> 10}" for number in mini_batch["id"]]
"""
CUT = """
import resource, sys
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.table import Table, TableReader

reader = TableReader(Table(format=sys.argv[1]), sys.argv[2])
pieces = list(reader.pieces(["huge"], MiniBatchSize(1 << 20, "bytes")))
print(len(pieces), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""


def write_around_nothing(path: Path, before: bytes, after: bytes) -> None:
    """Write a gigabyte of NUL between two texts; the disk holds only these."""
    with path.open("wb") as file:
        file.write(before)
        file.seek(len(before) + HUGE)
        file.write(after)


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        pytest.param("csv", b"id,text\n1,", b"\n2,two\n", id="a cell"),
        pytest.param("csv", b'id,text\n1,"', b'"\n2,two\n', id="a cell in quotes"),
        pytest.param(
            "jsonl", b'{"id":1,"text":"', b'"}\n{"id":2,"text":"two"}\n', id="JSON"
        ),
    ],
)
def test_a_field_of_a_gigabyte(kind, before, after, tables, tmp_path):
    """It is a failed item, the other files go on, and nobody holds much of it."""
    _, read, good = KINDS[kind]
    (tmp_path / "in").mkdir()
    for name in (f"0.{kind}", f"2.{kind}"):
        (tmp_path / "in" / name).write_bytes(good)
    write_around_nothing(tmp_path / "in" / f"1.{kind}", before, after)
    (tmp_path / "huge").hardlink_to(tmp_path / "in" / f"1.{kind}")

    run = tables.run(
        MEASURED,
        read(str(tmp_path / "in")).as_named_input("table"),
        run_max_try=1,
        mini_batch_size="1KB",
    )
    lines = (tables.output(run) / "parallel_run_step.txt").read_text().splitlines()
    (failed,) = run.failed_items()
    cut = subprocess.run(
        [sys.executable, "-c", CUT, kind, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert [line.split()[0] for line in lines] == ["1", "2", "3"] * 2
    assert f"1.{kind}" in failed.item
    assert failed.reason == "bad data"
    assert "does not end within 256 MB" in failed.message
    assert max(int(line.split()[1]) for line in lines) < 400
    assert int(cut[1]) < 1_000
