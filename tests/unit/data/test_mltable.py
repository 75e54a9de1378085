"""MLTable folders become datasets, and what they ask for is done or refused."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pandas as pd
import pytest

from azml_pipelines import Dataset, FileDataset, UserErrorException
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.datastore import DatastoreSettings
from azml_pipelines.data.listing import list_files
from azml_pipelines.data.mltable import read_mltable

_ALL = re.MULTILINE | re.DOTALL


READ = """
type: mltable
paths:
  - pattern: ./*/*.csv
transformations:
  - read_delimited:
      delimiter: ';'
      encoding: utf8
      header: all_files_same_headers
"""


def test_a_table(mltable):
    """Read, filtered, cut down, with a column from the path behind the others."""
    dataset = mltable(
        READ
        + """
  - extract_columns_from_partition_format:
      partition_format: "{year}/{file}.{extension}"
  - convert_column_types:
      - columns: amount
        column_type: float
  - filter: 'col("amount") < 30 and not col("store") == "B"'
  - drop_columns: [day, file, extension]
  - take: 5
"""
    )

    assert dataset.to_pandas_dataframe().to_dict("list") == {
        "store": ["A", "A"],
        "amount": [1.0, 1.0],
        "year": ["y1", "y2"],
    }


def test_files(mltable):
    """Where nothing says how they are read."""
    dataset = mltable("paths:\n  - folder: ./y1\n  - file: ./y2/sales.csv\n")

    assert isinstance(dataset, FileDataset)
    assert ["/y1/sales.csv", "/y2/sales.csv"] == dataset.to_path()


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param(["pattern: ./y?/*.csv"], ["y1", "y2"], id="a question mark"),
        pytest.param(["pattern: ./y[2-9]/*.csv"], ["y2"], id="a range"),
        pytest.param(["pattern: ./y[13]/sales.csv"], ["y1"], id="one of several"),
        pytest.param(["pattern: ./y[!1]/sales.csv"], ["y2"], id="none of several"),
        pytest.param(["pattern: ./**/*.csv"], ["y1", "y2", "y[2].csv"], id="any depth"),
        pytest.param(["pattern: '**/sales.csv'"], ["y1", "y2"], id="no dot in front"),
        pytest.param(["folder: ./y1/"], ["y1"], id="a folder"),
        pytest.param(["folder: y2", "file: y1/sales.csv"], ["y2", "y1"], id="several"),
        pytest.param(["file: y[2].csv"], ["y[2].csv"], id="a file is no pattern"),
        pytest.param(["file: '*.csv'"], [], id="not even with a star"),
        pytest.param(["pattern: ../HERE/y1/s*.csv"], ["y1"], id="beside the folder"),
    ],
)
def test_paths(mltable, tmp_path, paths, expected):
    """``pattern`` has four kinds of wildcards; ``file`` and ``folder`` have none."""
    (tmp_path / "y[2].csv").write_text("x\n")
    (tmp_path / "y1/.hidden.csv").write_text("x\n")
    text = "paths:\n" + "".join(f"  - {path}\n" for path in paths)
    dataset = mltable(text.replace("HERE", tmp_path.name))

    listing = list_files(dataset.definition)
    files = [Path(listing.root, path).relative_to(tmp_path) for path in listing.paths]

    assert expected == [str(file).removesuffix("/sales.csv") for file in files]


def test_an_absolute_path(mltable, tmp_path):
    """As it stands there."""
    dataset = mltable(f"paths:\n  - file: {tmp_path}/y1/sales.csv\n")

    assert ["/sales.csv"] == dataset.to_path()


@pytest.mark.parametrize(
    ("reader", "columns", "rows"),
    [
        ("{delimiter: ';', include_path_column: true}",
         ["Path", "store", "amount", "day"], 6),
        ("{delimiter: ';', header: no_header}", ["Column1", "Column2", "Column3"], 8),
        ("{delimiter: ';', header: from_first_file}", ["store", "amount", "day"], 7),
        ("{delimiter: ';', header: all_files_different_headers}",
         ["store", "amount", "day"], 6),
        ("{delimiter: ';', encoding: latin1, empty_as_string: true}",
         ["store", "amount", "day"], 6),
        ("{delimiter: ';', support_multi_line: true}", ["store", "amount", "day"], 6),
        ("", ["store;amount;day"], 6),
    ],
)  # fmt: skip
def test_delimited_text(mltable, reader, columns, rows):
    """Every argument of the schema has its effect."""
    frame = mltable(
        "paths:\n  - pattern: ./*/*.csv\n"
        f"transformations:\n  - read_delimited: {reader}\n"
    ).to_pandas_dataframe()

    assert (list(frame.columns), len(frame)) == (columns, rows)


def test_types_that_are_not_found_out(mltable):
    """All cells are text then."""
    frame = mltable(
        "paths:\n  - file: y1/sales.csv\ntransformations:\n"
        "  - read_delimited: {delimiter: ';', infer_column_types: false}\n"
    ).to_pandas_dataframe()

    assert frame["amount"].tolist() == ["1", "2", "30"]


def test_parquet(mltable, tmp_path):
    """With the path in front, and a value of the path behind."""
    pd.DataFrame({"n": [1, 2]}).to_parquet(tmp_path / "y1" / "a.parquet")
    frame = mltable(
        "paths:\n  - pattern: '*/*.parquet'\ntransformations:\n"
        "  - read_parquet: {include_path_column: true}\n"
        "  - extract_columns_from_partition_format:\n"
        "      partition_format: y{year}/*.parquet\n"
        "  - convert_column_types: [{columns: year, column_type: int}]\n"
    ).to_pandas_dataframe()

    assert list(frame.columns) == ["Path", "n", "year"]
    assert frame["year"].tolist() == [1, 1]


@pytest.mark.parametrize(("invalid", "rows"), [("error", None), ("drop", 1)])
def test_json_lines(mltable, tmp_path, invalid, rows):
    """Lines that are none are an error, or are dropped."""
    (tmp_path / "a.jsonl").write_bytes('{"n":"é"}\nnothing\n'.encode("latin-1"))

    def read():
        return mltable(
            "paths:\n  - file: a.jsonl\ntransformations:\n  - read_json_lines: "
            f"{{invalid_lines: {invalid}, encoding: latin1}}\n"
        ).to_pandas_dataframe()

    if rows is None:
        with pytest.raises(UserErrorException, match="line"):
            read()
    else:
        assert read()["n"].tolist() == ["é"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("int", [1, 2]),
        ("float", [1.0, 2.0]),
        ("string", ["1", "2"]),
        ("{boolean: {true_values: ['1'], false_values: ['2']}}", [True, False]),
        ("{boolean: {true_values: ['1'], false_values: ['0'], mismatch_as: 'true'}}",
         [True, True]),
        ("{datetime: {formats: ['%m']}}",
         [pd.Timestamp("1900-01-01"), pd.Timestamp("1900-02-01")]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("column", ["n", "m", "year"])
def test_types(mltable, tmp_path, column, kind, expected):
    """Of columns in files and of columns in their paths, by name or with a map."""
    for n in (1, 2):
        (tmp_path / f"y{n}" / "b.csv").write_text(f"n,m\n0{n},{n}\n")
    if column == "n" and "true_values" in kind:
        kind = kind.replace("['", "['0")
    frame = mltable(
        "paths:\n  - pattern: '*/b.csv'\ntransformations:\n  - read_delimited\n"
        "  - extract_columns_from_partition_format: {partition_format: 'y{year}/*'}\n"
        f"  - convert_column_types: [{{columns: {column}, column_type: {kind}}}]\n"
    ).to_pandas_dataframe()
    if column == "n" and kind == "string":
        expected = ["01", "02"]

    assert frame[column].tolist() == expected


def test_a_text_that_is_neither_true_nor_false(mltable):
    """It fails, unless the file says what it is; the message names file and column."""
    dataset = mltable(
        READ + "  - convert_column_types: [{columns: store, column_type: "
        "{boolean: {true_values: [A], false_values: [C]}}}]\n"
    )

    with pytest.raises(UserErrorException, match=r"y1/sales\.csv.*'store' holds 'B'"):
        dataset.to_pandas_dataframe(on_error="fail")
    assert dataset.to_pandas_dataframe()["store"].isna().sum() == 2


def test_traits(mltable):
    """The time of rows is known; what has no effect says so."""
    with pytest.warns(UserWarning, match="index_columns"):
        dataset = mltable(
            READ + "traits:\n  timestamp_column: day\n  index_columns: [store]\n"
        )

    assert dataset.timestamp_columns == ("day", None)
    assert len(dataset.time_after(dt.datetime(2024, 1, 4)).to_pandas_dataframe()) == 2  # noqa: DTZ001


@pytest.mark.parametrize("where", ["store", "memory"])
def test_on_a_datastore(home, root, store, where):
    """The folder may lie on any store; its paths are relative to it there, too."""
    content = b"paths:\n  - file: d/a.csv\ntransformations:\n  - read_delimited\n"
    if where == "store":
        (root / "t/d").mkdir(parents=True)
        (root / "t/MLTable").write_bytes(content)
        (root / "t/d/a.csv").write_text("n\n1\n")
        place = (store, "t")
    else:
        memory = pytest.importorskip("fsspec").filesystem("memory")
        memory.pipe_file("/mltables/t/MLTable", content)
        memory.pipe_file("/mltables/t/d/a.csv", b"n\n1\n")
        settings = DatastoreSettings(
            name="far", datastore_type="Url", url="memory://mltables"
        )
        home.save_datastore(settings, overwrite=False)
        place = home.get_datastore("far").path("t")

    (source,) = data_sources(place)
    file = source.model_copy(update={"path": f"{source.path}/MLTable"})

    assert Dataset.from_mltable(place).to_pandas_dataframe()["n"].tolist() == [1]
    assert read_mltable(file).definition == read_mltable(source).definition


def test_paths_on_datastores(mltable, tmp_path, home, root):
    """``azureml://`` paths are those of datastores that the workspace knows."""
    (root / "a.csv").write_text("n\n1\n")
    where = "azureml://datastores/workspaceblobstore/paths/a.csv"
    text = (
        f"paths:\n  - file: {where}\n  - file: azureml://subscriptions/s/resourcegroups"
        "/r/workspaces/w/datastores/workspaceblobstore/paths/a.csv\n"
        "transformations:\n  - read_delimited\n"
    )

    with pytest.raises(UserErrorException, match="Pass workspace="):
        mltable(text)
    dataset = Dataset.from_mltable(tmp_path, workspace=home)

    assert dataset.to_pandas_dataframe()["n"].tolist() == [1, 1]


def test_there_is_none(tmp_path):
    """The message names the folder."""
    with pytest.raises(UserErrorException, match="There is no file MLTable"):
        Dataset.from_mltable(tmp_path)


def test_the_folder_that_the_documentation_shows(tmp_path):
    """It is read as the page says."""
    page = Path(__file__).parents[3] / "docs/how-to/use-tables.md"
    (text,) = re.findall(r"^```yaml\n(type: mltable\n.*?)^```$", page.read_text(), _ALL)
    (tmp_path / "MLTable").write_text(text)
    for year in (2022, 2023, 2024):
        (tmp_path / str(year)).mkdir()
        (tmp_path / str(year) / "north.csv").write_text(
            "income;paid;comment\n5;y;x\n-1;y;x\n7;n;x\n"
        )

    frame = Dataset.from_mltable(tmp_path).to_pandas_dataframe()

    assert frame.to_dict("list") == {
        "income": [5, 5],
        "paid": [True, True],
        "year": [2023, 2024],
        "store": ["north", "north"],
    }
