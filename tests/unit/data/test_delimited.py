"""However a file is cut, its pieces hold the rows of the whole, each once."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml_pipelines.data.delimited import (
    Delimited,
    column_names,
    cut_file,
    read_piece,
)

HEADERS = "ALL_FILES_HAVE_SAME_HEADERS"
NO_HEADERS = "NO_HEADERS"
FIRST_ONLY = "ONLY_FIRST_FILE_HAS_HEADERS"


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def pieces(path, text, size, *, first_file=True):
    """Cut a file and read every piece."""
    cut = cut_file(path, text, size, first_file=first_file)
    return [read_piece(path, start, end, text) for start, end in cut]


def rows(frames):
    """Return the rows of some tables as text."""
    return [
        [str(value) for value in row]
        for frame in frames
        for row in frame.itertuples(index=False)
    ]


def text_of(**fields):
    """Describe a file whose fields stay text."""
    columns = {f"c{n}": "str" for n in range(4)} | {
        f"Column{n}": "str" for n in range(5)
    }
    return Delimited(column_types=columns, empty_as_string=True, **fields)


CELL = st.text("ab 0é🧀", max_size=4)
ROW = st.lists(CELL, min_size=3, max_size=3).map(lambda row: ["r", *row])
NEWLINE = st.sampled_from(["\n", "\r\n"])


@settings(max_examples=30)
@given(
    table=st.lists(ROW, max_size=12),
    newline=NEWLINE,
    ends=st.booleans(),
    blanks=st.integers(0, 2),
    separator=st.sampled_from([",", ";", "\t", "|"]),
)
def test_every_cut_gives_the_same_rows(
    tmp_path_factory, table, newline, ends, blanks, separator
):
    """Any plain text, cut at every size, with and without a last newline."""
    header = [f"c{n}" for n in range(4)]
    lines = [separator.join(row) for row in [header, *table]]
    content = (newline * (blanks + 1)).join(lines) + newline * ends
    path = tmp_path_factory.mktemp("cut") / "table.csv"
    path.write_bytes(content.encode())
    text = text_of(separator=separator)
    size = path.stat().st_size
    for step in {1, 2, 3, 5, 8, 13, size // 2 + 1, size + 1}:
        found = pieces(str(path), text, step)

        assert table == rows(found)
        assert all(list(frame.columns) == header for frame in found)
        assert all(len(frame) for frame in found)


@given(table=st.lists(ROW, max_size=12), newline=NEWLINE, size=st.integers(1, 60))
def test_without_headers_no_row_is_lost(tmp_path_factory, table, newline, size):
    """The first line is a row like the others; columns are numbered from 1."""
    path = tmp_path_factory.mktemp("cut") / "table.csv"
    path.write_bytes(newline.join(",".join(row) for row in table).encode())
    found = pieces(str(path), text_of(header=NO_HEADERS), size)
    names = ["Column1", "Column2", "Column3", "Column4"]

    assert table == rows(found)
    assert all(names == list(frame.columns) for frame in found)


@given(content=st.binary(max_size=80), size=st.integers(1, 20))
def test_pieces_follow_each_other(tmp_path_factory, content, size):
    """Whatever the bytes: no gap, no overlap, up to the end, cut at line ends."""
    path = tmp_path_factory.mktemp("cut") / "table.csv"
    path.write_bytes(content)
    cut = list(cut_file(str(path), Delimited(), size, first_file=True))
    ends = [end for _, end in cut]

    assert [start for start, _ in cut[1:]] == ends[:-1]
    assert ends[-1:] == [len(content)] * bool(cut)
    assert all(content[end - 1 : end] == b"\n" for end in ends[:-1])
    assert all(end - start >= size for start, end in cut[:-1])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("", [], id="nothing at all"),
        pytest.param("x,y", [], id="a header without a newline"),
        pytest.param("x,y\n", [], id="a header"),
        pytest.param("x,y\r\n\r\n \n", [], id="a header and blank lines"),
        pytest.param("x,y\n1,2", [(4, 7)], id="no last newline"),
        pytest.param("\n\nx,y\n1,2\n", [(6, 10)], id="blank lines before the header"),
        pytest.param("x,y\n\n\n1,2\n", [(6, 10)], id="and after it"),
    ],
)
def test_a_file_without_rows_has_no_pieces(write, content, expected):
    """And a piece begins with a row."""
    cut = cut_file(write(content), Delimited(), 100, first_file=True)

    assert expected == list(cut)


def test_a_piece_ends_with_the_line_that_reaches_its_size(write):
    """Never before, and not a line later."""
    path = write("x\n" + "1234567\n" * 4)

    assert [(2, 18), (18, 34)] == list(cut_file(path, Delimited(), 16, first_file=True))
    assert [(2, 18), (18, 34)] == list(cut_file(path, Delimited(), 9, first_file=True))
    assert [(2, 10), (10, 18), (18, 26), (26, 34)] == list(
        cut_file(path, Delimited(), 8, first_file=True)
    )


def test_blank_lines_between_pieces_are_nobodys_rows(write):
    """A cut among them makes no empty mini-batch."""
    path = write("1,2\n\n\n\n3,4\n")
    found = pieces(path, Delimited(header=NO_HEADERS), 1)

    assert [["1", "2"], ["3", "4"]] == rows(found)
    assert [1, 1] == [len(frame) for frame in found]


def test_old_macintosh_line_ends(write):
    """Carriage returns alone end lines too; such a file is one piece."""
    path = write("x,y\r1,2\r3,4\r")

    assert [["1", "2"], ["3", "4"]] == rows(pieces(path, Delimited(), 1))


@pytest.mark.parametrize("header", [HEADERS, "COMBINE_ALL_FILES_HEADERS"])
def test_every_file_has_a_header(write, header):
    """It is no row, in whichever file."""
    path = write("x,y\n1,2\n3,4\n")
    found = pieces(path, Delimited(header=header), 1, first_file=False)

    assert [["1", "2"], ["3", "4"]] == rows(found)


@pytest.mark.parametrize("splittable", [True, False])
@pytest.mark.parametrize("encoding", ["utf8", "utf16"])
def test_only_the_first_file_has_a_header(write, splittable, encoding):
    """The others get its names; no row is lost and none is made of the header."""
    codec = {"utf8": "utf-8", "utf16": "utf-16"}[encoding]
    first = write("x,y\n1,2\n".encode(codec), "first.csv")
    later = write("x,y\n3,4\n".encode(codec), "later.csv")
    plain = Delimited(header=FIRST_ONLY, encoding=encoding, splittable=splittable)
    text = Delimited(
        header=FIRST_ONLY,
        encoding=encoding,
        splittable=splittable,
        columns=column_names(first, plain),
        header_file=first,
    )
    found = pieces(first, text, 1) + pieces(later, text, 1, first_file=False)

    assert [["1", "2"], ["x", "y"], ["3", "4"]] == rows(found)
    assert all(list(frame.columns) == ["x", "y"] for frame in found)


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        pytest.param("utf8", "utf-8", id="utf8"),
        pytest.param("utf8", "utf-8-sig", id="utf8 with a mark that nobody mentioned"),
        pytest.param("utf8bom", "utf-8-sig", id="utf8bom"),
        pytest.param("utf8bom", "utf-8", id="utf8bom without its mark"),
        pytest.param("latin1", "latin-1", id="latin1"),
        pytest.param("iso88591", "latin-1", id="iso88591"),
        pytest.param("windows1252", "cp1252", id="windows1252"),
        pytest.param("utf16", "utf-16", id="utf16"),
        pytest.param("utf32", "utf-32", id="utf32"),
    ],
)
@pytest.mark.parametrize("size", [1, 8, 1000])
def test_encodings(write, encoding, codec, size):
    """Every encoding of version 1 is read, in pieces or whole."""
    path = write("naïve,y\né,2\nü,4\n".encode(codec))
    found = pieces(path, Delimited(encoding=encoding), size)

    assert [["é", "2"], ["ü", "4"]] == rows(found)
    assert all(list(frame.columns) == ["naïve", "y"] for frame in found)


def test_ascii(write):
    """Text in ASCII is read, and nothing else is."""
    text = Delimited(encoding="ascii")

    assert rows(pieces(write("x\n1\n"), text, 9)) == [["1"]]
    with pytest.raises(ValueError, match="ascii"):
        pieces(write("x\né\n"), text, 9)


@given(table=st.lists(st.lists(st.text('a,"\n', max_size=4), min_size=2, max_size=2)))
def test_fields_with_newlines_are_read_whole(tmp_path_factory, table):
    """With ``support_multi_line`` a file is one piece, as a csv reader reads it."""
    table = [["r", *row] for row in table]
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows([["c0", "c1", "c2"], *table])
    path = tmp_path_factory.mktemp("multi") / "table.csv"
    path.write_text(written.getvalue(), newline="")
    found = pieces(str(path), text_of(splittable=False), 1)

    assert len(found) == 1
    assert table == rows(found)


def test_types_are_kept_or_inferred(write):
    """What is not said is inferred, piece by piece."""
    path = write("x,y\n007,1\n008,2.5\n")
    told = read_piece(path, 4, 10, Delimited(column_types={"x": "str"}))
    inferred = read_piece(path, 4, 10, Delimited())

    assert told["x"].tolist() == ["007"]
    assert inferred["x"].tolist() == [7]


def test_types_of_columns_without_names(write):
    """They go by the names that the columns get."""
    path = write("007,1\n")
    text = Delimited(header=NO_HEADERS, column_types={"Column1": "str", "y": "str"})
    frame = read_piece(path, 0, 6, text)

    assert frame["Column1"].tolist() == ["007"]
    assert frame["Column2"].tolist() == [1]


def test_empty_fields(write):
    """They are missing values, or empty text."""
    path = write("x,y\n,1\n")
    missing = read_piece(path, 4, 7, Delimited())
    empty = read_piece(path, 4, 7, Delimited(empty_as_string=True))

    assert pd.isna(missing["x"][0])
    assert empty["x"][0] == ""


def test_the_path_as_a_column(write):
    """The first one, when it was asked for."""
    path = write("x\n1\n")
    frame = read_piece(path, 2, 4, Delimited(include_path=True))

    assert list(frame.columns) == ["Path", "x"]
    assert frame["Path"].tolist() == [path]


def test_a_separator_at_the_end_of_each_row(write):
    """It does not push the columns aside."""
    frame = read_piece(write("x,y\n1,2,\n3,4,\n"), 4, 14, Delimited())

    assert frame.to_dict("list") == {"x": [1, 3], "y": [2, 4]}
    assert list(frame.index) == [0, 1]


@pytest.mark.parametrize("content", ["x,y\n1,2,3\n4,5,6\n", "x,y\n1,2\n4,5,6\n"])
def test_values_without_a_column_are_not_dropped(write, content):
    """Rows that are longer than the header are an error."""
    path = write(content)

    with pytest.raises(ValueError, match=r"more cells than its 2 columns|Expected 2"):
        read_piece(path, 4, len(content), Delimited())


def test_column_names(write):
    """Those of the header line; an empty file has none."""
    assert column_names(write("x,y\n1,2\n"), Delimited()) == ["x", "y"]
    assert column_names(write("x;y\n1,2\n"), Delimited(separator=";")) == ["x", "y"]
    assert column_names(write(""), Delimited()) is None
