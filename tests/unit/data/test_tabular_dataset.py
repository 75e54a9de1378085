"""Datasets of rows, read from delimited files."""

from __future__ import annotations

import pytest

from azml_pipelines.data.data_type import DataType
from azml_pipelines.data.dataset import Dataset
from azml_pipelines.data.delimited_options import PromoteHeadersBehavior, header_mode
from azml_pipelines.errors import UserErrorException

pd = pytest.importorskip("pandas")
PLAIN = {"formats": (), "decimal_mark": ".", "truth": None}


@pytest.fixture
def table(store, root):
    """Make a dataset of files called ``t/0.csv``, ``t/1.csv``, … with these texts."""

    def table(*texts, encoding="utf8", **arguments):
        (root / "t").mkdir()
        for number, text in enumerate(texts):
            content = text if isinstance(text, bytes) else text.encode()
            (root / f"t/{number}.csv").write_bytes(content)
        return Dataset.Tabular.from_delimited_files(
            (store, "t/*.csv"), encoding=encoding, **arguments
        )

    return table


def rows(frame) -> list[list[object]]:
    """The cells of a DataFrame, null as None."""
    return frame.astype(object).where(frame.notna(), None).values.tolist()


def test_the_definition_is_what_was_declared(table):
    """Defaults are version 1's."""
    form = table("a,b\n1,x\n").definition.format

    assert form.model_dump(exclude={"kind"}) == {
        "separator": ",",
        "header": "ALL_FILES_HAVE_SAME_HEADERS",
        "encoding": "utf8",
        "include_path": False,
        "empty_as_string": False,
        "support_multi_line": False,
        "text_cells": False,
        "column_types": {
            "a": {**PLAIN, "kind": "integer"},
            "b": {**PLAIN, "kind": "string"},
        },
        "columns": ("a", "b"),
    }


def test_files_are_read_one_after_the_other(table):
    """Types come from the cells, the index counts from 0."""
    frame = table("a,b,c\n1,x,1.5\n2,y,2\n", "a,b,c\n3,z,\n").to_pandas_dataframe()

    assert list(frame.columns) == ["a", "b", "c"]
    assert rows(frame) == [[1, "x", 1.5], [2, "y", 2.0], [3, "z", None]]
    assert list(frame.index) == [0, 1, 2]


@pytest.mark.parametrize(
    ("header", "texts", "columns", "expected"),
    [
        pytest.param(
            False, ["1,x\n", "2,y\n"], ["Column1", "Column2"], [[1, "x"], [2, "y"]],
            id="no file has a header",
        ),
        pytest.param(
            PromoteHeadersBehavior.ONLY_FIRST_FILE_HAS_HEADERS,
            ["a,b\n1,x\n", "2,y\n"], ["a", "b"], [[1, "x"], [2, "y"]],
            id="only the first one has",
        ),
        pytest.param(
            "COMBINE_ALL_FILES_HEADERS",
            ["a,b\n1,x\n", "b,c\ny,3\n"], ["a", "b", "c"],
            [[1, "x", None], [None, "y", 3]],
            id="all have different ones",
        ),
        pytest.param(
            True, ["a,b\n1,x\n", "b,a\ny,2\n"], ["a", "b"], [[1, "x"], [2, "y"]],
            id="columns in another order are the same columns",
        ),
    ],
)  # fmt: skip
def test_headers(table, header, texts, columns, expected):
    """The four behaviours, however they are given."""
    frame = table(*texts, header=header).to_pandas_dataframe()

    assert list(frame.columns) == columns
    assert rows(frame) == expected


def test_headers_that_should_be_equal_and_are_not(table):
    """The message names the file and both sets of columns."""
    dataset = table("a,b\n1,x\n", "a,c\n1,x\n")

    with pytest.raises(UserErrorException, match=r"1\.csv.*'c'.*'b'"):
        dataset.to_pandas_dataframe()


def test_empty_cells(table):
    """Null, or empty text when that was asked for."""
    frame = table("a,b\n1,\n", empty_as_string=True).to_pandas_dataframe()

    assert rows(frame) == [[1, ""]]


def test_separator_and_path(table):
    """One character between cells; the path of the file as the first column."""
    frame = table("a;b\n1;x\n", separator=";", include_path=True).to_pandas_dataframe()

    assert list(frame.columns) == ["Path", "a", "b"]
    assert frame["Path"][0].endswith("t/0.csv")


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("utf8", "utf-8"), ("utf8bom", "utf-8-sig"), ("latin1", "latin-1"),
        ("iso88591", "latin-1"), ("windows1252", "cp1252"), ("utf16", "utf-16"),
        ("utf32", "utf-32"),
    ],
)  # fmt: skip
def test_encodings(table, encoding, codec):
    """Version 1's names of them."""
    frame = table("a,b\n1,é\n".encode(codec), encoding=encoding).to_pandas_dataframe()

    assert list(frame.columns) == ["a", "b"]
    assert rows(frame) == [[1, "é"]]


def test_quoted_line_ends(table):
    """Cells may hold them when they were announced."""
    frame = table('a,b\n1,"x\ny"\n', support_multi_line=True).to_pandas_dataframe()

    assert rows(frame) == [[1, "x\ny"]]


def test_empty_files_between_others(table):
    """They have no rows; the dataset has."""
    frame = table("a\n1\n", "", "a\n2\n").to_pandas_dataframe()

    assert rows(frame) == [[1], [2]]


def test_only_a_header(table):
    """No rows, but columns."""
    frame = table("a,b\n").to_pandas_dataframe()

    assert list(frame.columns) == ["a", "b"]
    assert len(frame) == 0


def test_a_damaged_file(table):
    """The message names the file and pandas' line."""
    dataset = table("a,b\n1,x\n", "a,b\n1,2\n1,2,3\n")

    with pytest.raises(UserErrorException, match=r"1\.csv, piece at byte 4"):
        dataset.to_pandas_dataframe()


@pytest.mark.parametrize("line", ["1,2,3", "1,2,3,4"])
def test_more_cells_than_columns(table, line):
    """No cell is dropped, or taken for an index."""
    dataset = table(f"a,b\n{line}\n")

    with pytest.raises(UserErrorException, match="more cells than its 2 columns"):
        dataset.to_pandas_dataframe()


class TestValidation:
    """What is checked where the dataset is declared."""

    @pytest.mark.parametrize(
        "texts", [pytest.param([], id="no file"), pytest.param(["", "\n"], id="empty")]
    )
    def test_there_must_be_a_record(self, table, texts):
        """As in version 1, which looks at the first one."""
        with pytest.raises(UserErrorException, match=r"workspaceblobstore:t/\*\.csv"):
            table(*texts)

    def test_types_are_looked_at_even_without_validation(self, table):
        """Version 1 fails here, too."""
        with pytest.raises(UserErrorException, match="No row can be read"):
            table(validate=False)

    def test_a_wrong_encoding(self, table):
        """The message names the file and the encodings there are."""
        with pytest.raises(UserErrorException, match=r"0\.csv.*windows1252"):
            table("a\né\n".encode("latin-1"))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"set_column_types": {"a": str}}, "set_column_types gives column 'a'"),
            ({"set_column_types": ["a"]}, "set_column_types=.*is not allowed"),
            (
                {"set_column_types": {"b": DataType.to_long()}},
                "names 'b', which is no column",
            ),
            ({"separator": ""}, "separator must be one character"),
            ({"separator": "||"}, "separator must be one character"),
            ({"separator": "\n"}, "separator must be one character"),
            ({"encoding": "klingon"}, "encoding must be one of utf8"),
            ({"header": "SOME"}, "header must be True, False or one of"),
            ({"header": None}, "header must be True, False or one of"),
        ],
    )
    def test_arguments(self, table, arguments, message):
        """Wrong ones, and those that would be ignored, are refused by name."""
        with pytest.raises(UserErrorException, match=message):
            table("a\n1\n", **arguments)

    @pytest.mark.parametrize("argument", ["on_error", "out_of_range_datetime"])
    def test_on_error(self, table, argument):
        """Only ``null`` and ``fail`` are known."""
        dataset = table("a\n1\n")

        assert len(dataset.to_pandas_dataframe(**{argument: "fail"})) == 1
        with pytest.raises(UserErrorException, match="'null' or 'fail'"):
            dataset.to_pandas_dataframe(**{argument: "ignore"})

    def test_data_that_went_away(self, table, root):
        """The same message as at declaration."""
        dataset = table("a\n1\n")
        (root / "t/0.csv").unlink()

        with pytest.raises(UserErrorException, match="No row can be read"):
            dataset.to_pandas_dataframe()


def test_every_behaviour_has_a_mode():
    """The enumeration and the definition use the same names."""
    assert [header_mode(behaviour) for behaviour in PromoteHeadersBehavior] == [
        behaviour.name for behaviour in PromoteHeadersBehavior
    ]


def test_as_named_input(table):
    """Direct; tables have no files to mount."""
    config = table("a\n1\n").as_named_input("rows")

    assert (config.name, config.mode) == ("rows", "direct")
    with pytest.raises(UserErrorException, match="TabularDataset"):
        config.as_mount()
    with pytest.raises(UserErrorException, match="TabularDataset"):
        config.as_download()
