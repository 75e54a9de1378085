"""Bodies become what run() takes, or are refused with a reason."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from azml_pipelines.serving.messages import Invocation, Setup
from azml_pipelines.serving.request_body import (
    BadBodyError,
    UnknownMediaTypeError,
    read_body,
)

TABLE = pd.DataFrame({"a": [1, 3], "b": [2.5, 4.5]})


def parquet() -> bytes:
    """Return the table as parquet."""
    buffer = io.BytesIO()
    TABLE.to_parquet(buffer)
    return buffer.getvalue()


def invocation(content_type: str, body: bytes, file_name: str = "") -> Invocation:
    """Return a request with this body."""
    return Invocation(7, content_type, "", body, file_name)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", b"a,b\n1,2.5\n3,4.5\n"),
        ("text/csv; charset=utf-16", "a,b\n1,2.5\n3,4.5\n".encode("utf-16")),
        ("application/jsonlines", b'{"a":1,"b":2.5}\n\n{"a":3,"b":4.5}\n'),
        ("application/json", b'[{"a":1,"b":2.5},{"a":3,"b":4.5}]'),
        ("application/json", b'{"instances":[{"a":1,"b":2.5},{"a":3,"b":4.5}]}'),
        (
            "application/json",
            b'{"dataframe_records":[{"a":1,"b":2.5},{"a":3,"b":4.5}]}',
        ),
        (
            "application/json",
            b'{"dataframe_split":{"columns":["a","b"],"data":[[1,2.5],[3,4.5]]}}',
        ),
        ("application/json", b'{"inputs":{"a":[1,3],"b":[2.5,4.5]}}'),
        ("application/vnd.apache.parquet", parquet()),
    ],
)
def test_a_table_arrives(content_type, body):
    """The same rows and columns in every form that is accepted."""
    frame = read_body(invocation(content_type, body), Setup())

    pd.testing.assert_frame_equal(TABLE, frame)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("text/csv", b"1,2.5\n3,4.5\n"), ("application/json", b"[[1,2.5],[3,4.5]]")],
)
def test_rows_without_names_get_those_of_the_server(content_type, body):
    """With --columns, the first line is a row."""
    frame = read_body(invocation(content_type, body), Setup(columns=("a", "b")))

    pd.testing.assert_frame_equal(TABLE, frame)


@pytest.mark.parametrize(
    ("content_type", "body", "said"),
    [
        pytest.param("text/csv", b" \n", "empty", id="no text"),
        pytest.param("text/csv", b"a,b\n1,2,3,4\n5\n6,7,8,9,10\n", "csv", id="ragged"),
        pytest.param("text/csv", b"\xff\xfea", "csv", id="not utf-8"),
        pytest.param("application/json", b"{", "JSONDecodeError", id="half"),
        pytest.param("application/json", b"{}", "exactly one of", id="no form"),
        pytest.param("application/json", b"null", "exactly one of", id="null"),
        pytest.param("application/json", b"7", "application/json", id="a number"),
        pytest.param(
            "application/json",
            b'{"inputs":[[1]],"instances":[[1]]}',
            "exactly one of",
            id="two forms",
        ),
        pytest.param("application/json", b"[]", "no rows", id="no rows"),
        pytest.param("application/json", b'{"instances":3}', "list of rows", id="int"),
        pytest.param("application/jsonlines", b'{"a":1}\n{', "jsonlines", id="cut"),
        pytest.param("application/vnd.apache.parquet", b"PAR1", "parquet", id="cut"),
    ],
)
def test_a_bad_body_is_refused(content_type, body, said):
    """With a reason that names what was expected."""
    with pytest.raises(BadBodyError, match=said):
        read_body(invocation(content_type, body), Setup())


def test_too_many_values_for_the_columns():
    """The counts are named."""
    with pytest.raises(BadBodyError, match="3 values for 2 columns"):
        read_body(invocation("text/csv", b"1,2,3\n"), Setup(columns=("a", "b")))


def test_no_table_where_one_is_wanted():
    """A server of tables says which types it takes."""
    with pytest.raises(UnknownMediaTypeError, match="text/csv"):
        read_body(invocation("image/png", b"x"), Setup(items="table"))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param("7.png", "7.png", id="as given"),
        pytest.param("../../etc/passwd", "passwd", id="only the last part"),
        pytest.param("..\\..\\boot.ini", "boot.ini", id="of other systems too"),
        pytest.param("", "000007.png", id="made from the type"),
        pytest.param("..", "000007.png", id="no name at all"),
        pytest.param("a\nb;c.png", "a_b_c.png", id="strange characters"),
        pytest.param("x" * 300 + ".png", "x" * 96 + ".png", id="too long"),
    ],
)
def test_any_other_body_becomes_a_file(tmp_path, given, name):
    """In a folder of its own, under a name that cannot lead out of it."""
    setup = Setup(folder=str(tmp_path))
    [path] = read_body(invocation("image/png", b"pixels", given), setup)

    assert name == Path(path).name
    assert tmp_path == Path(path).parent.parent
    assert b"pixels" == Path(path).read_bytes()


def test_a_server_of_files_makes_files_of_tables(tmp_path):
    """--items file: the script reads CSV itself."""
    setup = Setup(items="file", folder=str(tmp_path))
    [path] = read_body(invocation("text/csv", b"a\n1\n"), setup)

    assert b"a\n1\n" == Path(path).read_bytes()
    assert path.endswith(".csv")
