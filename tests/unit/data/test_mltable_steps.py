"""Each transformation of MLTable is done, or refused in one line."""

from __future__ import annotations

import pytest

from azml_pipelines import UserErrorException

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
DELIMITED = "paths:\n  - folder: .\ntransformations:\n  - read_delimited: "
FILES = """
paths:
  - folder: .
transformations:
"""


@pytest.mark.parametrize(
    ("step", "rows"),
    [
        ("take: 2", [1, 2]),
        ("take: {count: 2}", [1, 2]),
        ("skip: 4", [2, 30]),
        ("take_random_sample: {probability: 0}", []),
        ("take_random_sample: {probability: 1, seed: 5}", [1, 2, 30, 1, 2, 30]),
        ("keep_columns: amount", [1, 2, 30, 1, 2, 30]),
        ("keep_columns: {columns: [amount, store]}", [1, 2, 30, 1, 2, 30]),
        ("drop_columns: [store, day]", [1, 2, 30, 1, 2, 30]),
        ("convert_column_types: [{columns: [amount], column_type: string}]",
         ["1", "2", "30"] * 2),
        ("filter: 'col(\"amount\") > 1 and col(\"store\") == \"A\"'", [30, 30]),
        ("filter: '1 < col(\"amount\") <= 30 and not (col(\"amount\") == -2)'",
         [2, 30, 2, 30]),
        ("filter: 'col(\"store\").to_lower().starts_with(\"b\")'", [2, 2]),
        ("filter: '(col(\"amount\") < 2) | (col(\"amount\") % 4 == 2)'",
         [1, 2, 30, 1, 2, 30]),
        ("filter: 'col(\"day\") >= datetime(2024, 1, 4)'", [30, 30]),
        ("filter: 'col(\"store\").is_null()'", []),
    ],
)  # fmt: skip
def test_each_transformation(mltable, step, rows):
    """It is done to the rows."""
    frame = mltable(f"{READ}  - {step}\n").to_pandas_dataframe()

    assert frame["amount"].tolist() == rows


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("type: mltable", "no list called paths"),
        ("paths:\n  - {file: a, folder: b}", "exactly one of"),
        ("paths:\n  - {file: 5}", "exactly one of"),
        (READ + "  - read_parquet", "read more than once"),
        ("paths:\n  - file: y1/sales.csv\ntransformations:\n  - read_delta_lake",
         "'read_delta_lake' is not available. Delta Lake is not read here"),
        (READ + "  - explode: 3", "'explode' is not available"),
        (READ + "  - filter: '__import__(\"os\").system(\"x\")'", "cannot be read"),
        (READ + "  - filter: 'col(\"a\"'", "cannot be read"),
        (READ + "  - convert_column_types: [{columns: day, column_type: uuid}]",
         "column_type='uuid'"),
        (READ + "  - take: -1", "count=-1"),
        (READ + "  - take: two", "take: count='two' is not allowed. Give int"),
        (READ + "  - take: {rows: 2}", "take has no argument 'rows'. There are count"),
        (READ + "  - skip: true", "skip: count=True"),
        (READ + "  - take", "take needs count"),
        (READ + "  - take_random_sample: {seed: 2}", "needs probability"),
        (READ + "  - take_random_sample: 0.5", "needs its arguments by name"),
        (READ + "  - take_random_sample: {probability: 2}", "probability=2"),
        (READ + "  - keep_columns: 5", "keep_columns: columns=5"),
        (READ + "  - keep_columns: [5]", r"columns=\[5\]"),
        (READ + "  - convert_column_types: int", "types='int' is not allowed"),
        (READ + "  - convert_column_types: [int]", "columns and column_type"),
        (READ + "  - convert_column_types: [{columns: nope, column_type: int}]",
         "names 'nope', which is no column"),
        (READ + "  - convert_column_types: [{columns: day, column_type: "
         "{boolean: {true_values: [a]}}}]", "columns=None"),
        (READ + "  - convert_column_types: [{columns: day, column_type: "
         "{boolean: {yes_values: [a]}}}]", "boolean has no argument yes_values"),
        (READ + "  - convert_column_types: [{columns: day, column_type: "
         "{boolean: {true_values: [a], false_values: [b], mismatch_as: x}}}]",
         "mismatch_as='x'"),
        (READ + "  - take: 1\n  - convert_column_types: "
         "[{columns: day, column_type: string}]",
         "convert_column_types stands behind take"),
        (READ + "  - drop_columns: day\n  - extract_columns_from_partition_format: "
         "{partition_format: '{a}/*'}", "stands behind drop_columns"),
        (READ + "  - extract_columns_from_partition_format: {partition_format: '{a}/*'}"
         "\n  - extract_columns_from_partition_format: {partition_format: '{b}/*'}",
         "is there twice"),
        ("paths:\n  - folder: .\ntransformations:\n  - take: 1\n  - read_delimited",
         "read_delimited stands behind take"),
        (DELIMITED + "{delimitr: ';'}", "has no argument 'delimitr'"),
        (DELIMITED + "{header: maybe}", "header='maybe' is not known"),
        (DELIMITED + "{empty_as_string: 'yes'}", "empty_as_string='yes'"),
        (DELIMITED + "{encoding: klingon}", "encoding must be one of"),
        (FILES + "  - read_json_lines: {invalid_lines: ignore}", "'error' or 'drop'"),
        ("paths:\n  - folder: .\ntransformations: 5", "transformations=5"),
        (FILES + "  - filter: 'col(\"a\") > 1'", "filter needs rows"),
        (FILES + "  - drop_columns: a", "drop_columns needs rows"),
        (FILES + "  - convert_column_types: [{columns: a, column_type: int}]",
         "convert_column_types needs rows"),
        ("paths:\n  - folder: .\ntransformation: []", "the key 'transformation'"),
        ("type: uri_folder\npaths:\n  - folder: .", "another type than mltable"),
        ("paths:\n  - folder: .\ntraits: {timestamp_column: a}", "traits needs rows"),
        (READ + "traits: {colour: a}", "traits="),
        (READ + "  - filter: 'col(\"a\") in [1]'", "cannot be read"),
        (READ + "  - filter: 'col(\"a\").apply(1)'", "cannot be read"),
        (READ + "  - filter: 'datetime(1)'", "cannot be read"),
        (READ + "  - filter: 5", "filter: expression=5"),
    ],
)  # fmt: skip
def test_what_is_refused(mltable, text, says):
    """In one line that names it; nothing in a filter is ever carried out."""
    with pytest.raises(UserErrorException, match=says):
        mltable(text)
