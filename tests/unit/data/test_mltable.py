"""MLTable folders become datasets, and what they ask for is done or refused."""

from __future__ import annotations

import pytest

from azml_pipelines import Dataset, FileDataset, UserErrorException


@pytest.fixture
def mltable(tmp_path):
    """Write an MLTable beside ``a/1.csv``, and read it."""
    for year in (1, 2):
        folder = tmp_path / f"y{year}"
        folder.mkdir()
        (folder / "sales.csv").write_text(
            "store;amount;day\nA;1;2024-01-02\nB;2;2024-01-03\nA;30;2024-01-04\n"
        )

    def read(text):
        (tmp_path / "MLTable").write_text(text)
        return Dataset.from_mltable(tmp_path)

    return read


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
    ("text", "says"),
    [
        ("type: mltable", "no list called paths"),
        ("paths:\n  - {file: a, folder: b}", "exactly one of"),
        ("paths:\n  - {file: 5}", "exactly one of"),
        (READ + "  - read_parquet", "read more than once"),
        ("paths:\n  - file: y1/sales.csv\ntransformations:\n  - read_delta_lake",
         "'read_delta_lake' is not available"),
        (READ + "  - explode: 3", "'explode' is not available"),
        (READ + "  - filter: '__import__(\"os\").system(\"x\")'", "cannot be read"),
        (READ + "  - filter: 'col(\"a\"'", "cannot be read"),
        (READ + "  - convert_column_types: [{columns: day, column_type: uuid}]",
         "column_type='uuid'"),
        (READ + "  - take: -1", "count=-1"),
    ],
)  # fmt: skip
def test_what_is_refused(mltable, text, says):
    """In one line that names it; nothing in a filter is ever carried out."""
    with pytest.raises(UserErrorException, match=says):
        mltable(text)


def test_there_is_none(tmp_path):
    """The message names the folder."""
    with pytest.raises(UserErrorException, match="There is no file MLTable"):
        Dataset.from_mltable(tmp_path)
