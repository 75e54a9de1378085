"""However a file is cut, its pieces hold the rows of the whole, each once."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from itertools import pairwise

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.data.delimited import DelimitedTable
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.record_scan import Shape, windows
from azml_pipelines.data.table_format import TO_THE_END, Piece

SAME_HEADERS = "ALL_FILES_HAVE_SAME_HEADERS"
NO_HEADERS = "NO_HEADERS"
FIRST_ONLY = "ONLY_FIRST_FILE_HAS_HEADERS"
TEXT = ColumnType("string")
SLOW = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FULL_OF_LINE_ENDS = (
    'id,"two\nwords",c\r\n'
    '1,"a\nb",x\r\n'
    '2,"""\n\n""",é\n'
    "\n"
    '3,"\r\n",5" pipe\r'
    '4,,"\n\n\n"\n'
    '"5","a""b"c,\n'
)


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def one_pass(text, **options):
    """Read the whole text at once, all cells as text."""
    return pd.read_csv(
        io.StringIO(text, newline=""),
        dtype=str,
        keep_default_na=False,
        na_values=[""],
        index_col=False,
        **options,
    )


def cells(frames):
    """Return every cell of some tables, null as None."""
    return [
        [None if pd.isna(cell) else cell for cell in row]
        for frame in frames
        for row in frame.itertuples(index=False)
    ]


def pieces(table, path, size, unit="bytes", *, first_file=True):
    """Cut a file and read every piece as text."""
    names = table.column_names(path) or []
    types = dict.fromkeys(names, TEXT)
    cut = list(
        table.cut(
            path, MiniBatchSize(size, unit), first_file=first_file, count_rows=True
        )
    )
    frames = [table.read(path, piece, types) for piece in cut]

    assert all(one.end == two.start for one, two in pairwise(cut))
    assert [len(frame) for frame in frames] == [piece.rows for piece in cut]
    assert all(piece.rows for piece in cut)
    return frames


@pytest.mark.parametrize("unit", ["bytes", "rows"])
@pytest.mark.parametrize(
    ("encoding", "codec"),
    [("utf8", "utf-8"), ("utf8bom", "utf-8-sig"), ("utf16", "utf-16"),
     ("utf16", "utf-16-le"), ("utf32", "utf-32"), ("latin1", "latin-1"),
     ("windows1252", "cp1252")],
)  # fmt: skip
def test_every_size(write, encoding, codec, unit):
    """Quoted line ends, lone returns, blank lines: cut anywhere, 0 differences."""
    content = FULL_OF_LINE_ENDS.encode(codec)
    path = write(content)
    table = DelimitedTable(encoding=encoding)
    expected = cells([one_pass(FULL_OF_LINE_ENDS)])
    wrong = [
        size
        for size in range(1, len(content) + 1)
        if cells(pieces(table, path, size, unit)) != expected
    ]

    assert len(expected) == 5
    assert wrong == []


CELL = st.one_of(
    st.text('ab" ,;\n\ré🧀', max_size=5).map(
        lambda s: '"' + s.replace('"', '""') + '"'
    ),
    st.sampled_from(["x", "", 'a"b', '5"', "0", "é", "🧀", '"a"b']),
)


@SLOW
@given(
    rows=st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=6),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
    separator=st.sampled_from([",", ";", "\t", "§"]),
    header=st.booleans(),
    data=st.data(),
)
def test_any_text(write, rows, line_end, last, separator, header, data):
    """Whatever stands in the cells, and however the text is written."""
    # The engine that pandas has for wide separators refuses text behind a quote.
    assume(separator != "§" or not any('"a"b' in row for row in rows))
    lines = [
        separator.join(row) for row in ([["h", '"h\n2"']] if header else []) + rows
    ]
    text = line_end.join(lines) + (line_end if last and lines else "")
    path = write(text)
    size = data.draw(st.integers(1, max(len(text.encode()), 1)))
    window = data.draw(st.sampled_from([1, 7, 64, 1 << 20]))
    table = DelimitedTable(
        separator=separator,
        header="ALL_FILES_HAVE_SAME_HEADERS" if header else NO_HEADERS,
    )
    engine = "python" if separator == "§" else "c"
    try:
        whole = one_pass(
            text, sep=separator, engine=engine, header=0 if header else None
        )
    except pd.errors.EmptyDataError:
        whole = pd.DataFrame()
    with open(path, "rb") as file:  # noqa: PTH123
        looked_at = b"".join(w.data for w in windows(file, Shape(separator), 0, window))

    assert cells(pieces(table, path, size)) == cells([whole])
    assert cells(pieces(table, path, size, "rows")) == cells([whole])
    assert len(looked_at) == len(text.encode())


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, bz2.compress, lzma.compress,
     lambda raw: pa.Codec("zstd").compress(raw, asbytes=True)],
    ids=["gz", "bz2", "xz", "zst"],
)  # fmt: skip
def test_compressed(write, pack):
    """Pieces of the text that was packed, read in any order."""
    path = write(pack(FULL_OF_LINE_ENDS.encode()))
    table = DelimitedTable()
    expected = cells([one_pass(FULL_OF_LINE_ENDS)])
    cut = list(table.cut(path, MiniBatchSize(9, "bytes"), first_file=True))
    types = dict.fromkeys(table.column_names(path), TEXT)
    backwards = [table.read(path, piece, types) for piece in reversed(cut)]

    assert expected == cells(pieces(table, path, 9))
    assert expected == cells(reversed(backwards))


def test_a_damaged_compressed_file(write):
    """It is an OSError that names the file."""
    path = write(gzip.compress(b"a\n" + b"1\n" * 10_000)[:-20])

    with pytest.raises(OSError, match=r"table\.csv.*damaged"):
        list(DelimitedTable().cut(path, MiniBatchSize(100, "bytes"), first_file=True))


def test_small_offsets(write):
    """A piece grows to the end of its last row; the header is in none of them."""
    path = write("x\n" + "1234567\n" * 4)
    table = DelimitedTable()

    def offsets(size):
        cut = table.cut(path, MiniBatchSize(size, "bytes"), first_file=True)
        return [(piece.start, piece.end) for piece in cut]

    assert offsets(16) == offsets(9) == [(2, 18), (18, 34)]
    assert len(offsets(8)) == 4


@pytest.mark.parametrize("content", ["", "\n\n", "a,b\n", "a,b\r\n\r\n", "  \n a,b\n"])
def test_files_without_rows(write, content):
    """They have no pieces."""
    cut = DelimitedTable().cut(
        write(content), MiniBatchSize(5, "bytes"), first_file=True
    )

    assert list(cut) == []


def test_headers_of_the_first_file_only(write):
    """The names come from there; other files begin with a row."""
    table = DelimitedTable(header=FIRST_ONLY, columns=["a", "b"])
    path = write("1,2\n3,4\n")
    other = pieces(table, path, 1, first_file=False)
    first = pieces(table, path, 1, first_file=True)

    assert [["1", "2"], ["3", "4"]] == cells(other)
    assert [["3", "4"]] == cells(first)


def test_no_headers(write):
    """Names are numbered, as many as the first row has cells, in every piece."""
    table = DelimitedTable(header=NO_HEADERS)
    path = write("1,2,3\n4\n")
    second = table.read(path, Piece(6, 8))

    assert ["Column1", "Column2", "Column3"] == list(second.columns)
    assert [[4, None, None]] == cells([second])


def test_types_hold_in_every_piece(write):
    """Whole numbers stay whole beside empty cells; dates and text stay, too."""
    path = write("n,t,d\n1,007,2024-01-02\n,,\n3,x,2024-01-03\n")
    types = {
        "n": ColumnType("integer"),
        "t": TEXT,
        "d": ColumnType("datetime", ("%Y-%m-%d",)),
    }
    table = DelimitedTable()
    cut = table.cut(path, MiniBatchSize(1, "rows"), first_file=True)
    frames = [table.read(path, piece, types) for piece in cut]

    assert ["int64", "Int64", "int64"] == [str(frame["n"].dtype) for frame in frames]
    assert ["1", "", "3"] == [
        frame[["n"]].to_csv(index=False, header=False).strip().strip('"')
        for frame in frames
    ]
    assert "007" == frames[0]["t"][0]
    assert all(str(f["d"].dtype).startswith("datetime64") for f in frames)


@pytest.mark.parametrize(
    ("kind", "cell"),
    [("integer", "1.5"), ("integer", "x"), ("float", "n/a"), ("boolean", "maybe"),
     ("integer", "99999999999999999999")],
)  # fmt: skip
def test_a_cell_of_another_type(write, kind, cell):
    """The error names file, place, column and cell; or the cell becomes null."""
    good = "true" if kind == "boolean" else "1"
    path = write(f"a,b\n1,{good}\n2,{cell}\n")
    types = {"b": ColumnType(kind)}
    piece = Piece(4, TO_THE_END)
    nulled = DelimitedTable().read(path, piece, types, "null")

    says = rf"table\.csv.*byte 4.*'b'.*{cell}.*row 1"
    with pytest.raises(ValueError, match=says):
        DelimitedTable().read(path, piece, types)
    assert nulled["b"].isna().tolist()[-1]


def test_empty_cells(write):
    """Null, or empty text when that was asked for."""
    path = write("a,b\nNA,\n")
    nulls = pieces(DelimitedTable(), path, 99)
    texts = pieces(DelimitedTable(empty_as_string=True), path, 99)

    assert [["NA", None]] == cells(nulls)
    assert [["NA", ""]] == cells(texts)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a,b\n1,2\n3,4,5\n", "Expected 2 fields"),
        (b"a,b\n1,\x00\n", "NUL byte"),
        (b"a,b\n1,\xff\n", "utf-8"),
        (b'a,b\n1,"x\n', "EOF inside string"),
    ],
    ids=["ragged", "NUL", "another encoding", "open quote"],
)
def test_bad_text(write, content, says):
    """No row is lost or changed in silence; the error names the file and the place."""
    path = write(content)
    table = DelimitedTable()
    cut = list(table.cut(path, MiniBatchSize(1 << 20, "bytes"), first_file=True))

    with pytest.raises(ValueError, match=says) as caught:
        [table.read(path, piece) for piece in cut]
    assert "table.csv" in str(caught.value)
    assert "byte" in str(caught.value)
