"""Files of rows are read with the types of a signature, whole or in blocks."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azml_pipelines.worker.mlflow_model.cast import BadInputError
from azml_pipelines.worker.mlflow_model.signature import Column, Signature, Tensor
from azml_pipelines.worker.mlflow_model.tables import read_table

SIGNATURE = Signature(
    (
        Column("n", "long"),
        Column("x", "double"),
        Column("t", "string", required=False),
        Column("ok", "boolean", required=False),
        Column("at", "datetime", required=False),
    )
)


def read(path, signature=SIGNATURE, rows=None):
    """Return all rows of a file as one table."""
    parts = [part for _, part in read_table(str(path), path.suffix, signature, rows)]
    return pd.concat(parts, ignore_index=True) if parts else None


def test_a_csv_file_has_the_types_of_the_signature(tmp_path):
    """A text NA is a text, a number NA is none; a mark of the byte order is none."""
    file = tmp_path / "a.csv"
    file.write_bytes(
        b"\xef\xbb\xbft,ok,x,n,at\n007,True,1,3,2024-01-02\nNA,false,NA,4,\n"
    )

    table = read(file)

    assert ["n", "x", "t", "ok", "at"] == list(table.columns)
    assert ["007", "NA"] == table["t"].tolist()
    assert [3, 4] == table["n"].tolist()
    assert table["x"].isna().tolist() == [False, True] == table["at"].isna().tolist()
    assert [True, False] == table["ok"].tolist()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("", "is empty; a header line is needed", id="empty"),
        pytest.param("n,x\n1\n2.5,3\n", "'n' holds '2.5' in row 1", id="cell"),
        pytest.param("n,x\n1,2\n,3\n", "'n' is empty in row 1", id="nothing"),
        pytest.param("n,x\n1,2,3\n", "more cells than the header", id="long first row"),
        pytest.param("n,x\n1,2\n1,2,3\n", "Expected 2 fields", id="long row"),
        pytest.param("n,n\n1,2\n", "no column 'x'", id="twice, and one missing"),
        pytest.param("a;b\n1;2\n", "no column 'n', 'x'; it has a;b", id="semicolons"),
        pytest.param("n,x,ok\n1,2,maybe\n", "'ok' holds 'maybe'", id="truth"),
        pytest.param("n,x\n9223372036854775808,1\n", "'n'", id="too large"),
        pytest.param("n,x\n1,\ud800\n", "is no CSV", id="no text"),
    ],
)
def test_a_csv_file_that_does_not_fit(content, said, tmp_path):
    """It is said where, whether it is read at once or in blocks."""
    file = tmp_path / "a.csv"
    file.write_bytes(content.encode("utf-8", "surrogatepass"))

    with pytest.raises(BadInputError, match=said):
        read(file)
    with pytest.raises(BadInputError):
        read(file, rows=1)


def test_json_lines(tmp_path):
    """Whole numbers become doubles; a line that is none is named."""
    file = tmp_path / "a.jsonl"
    file.write_text('{"n": 1, "x": 2, "t": "a"}\n\n{"x": 0.5, "n": 3, "t": null}\n')

    table = read(file, rows=1)

    assert [2.0, 0.5] == table["x"].tolist()
    file.write_text('{"n": 1, "x": 2}\n{"n": \n')
    with pytest.raises(BadInputError, match="line 2 is no JSON"):
        read(file)


def test_parquet(tmp_path):
    """Narrow whole numbers are widened; what is no parquet is named so."""
    file = tmp_path / "a.parquet"
    frame = pd.DataFrame({"x": [1, 2, 3], "n": [4, 5, 6]}).astype("int8")
    frame.to_parquet(file, index=False)

    table = read(file, rows=2)

    assert ["int64", "float64"] == [str(dtype) for dtype in table.dtypes]
    assert 3 == len(table)
    file.write_bytes(b"PAR1 something")
    with pytest.raises(BadInputError, match="the file is no parquet"):
        read(file)


def test_without_a_signature_nothing_is_enforced(tmp_path):
    """Pandas decides, as it does for Azure."""
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,x\n")

    table = read(file, Signature())

    assert "int64" == str(table["a"].dtype)


def test_cells_of_a_tensor_have_its_type(tmp_path):
    """Whole numbers in a file for a model of floats are floats."""
    file = tmp_path / "a.csv"
    file.write_text("p,q\n1,2\n3,4\n")

    table = read(file, Signature(tensors=(Tensor(None, "float32", (-1, 2)),)))

    assert ["float32", "float32"] == [str(dtype) for dtype in table.dtypes]


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(0, 25), block=st.integers(1, 30))
def test_blocks_are_the_whole(tmp_path_factory, rows, block):
    """However they are cut: each row once, in order, with its number."""
    file = tmp_path_factory.mktemp("csv") / "a.csv"
    lines = "".join(f"{number},{number / 2}\n" for number in range(rows))
    file.write_text(f"n,x\n{lines}")

    found = [
        (first + place, row["n"])
        for first, part in read_table(str(file), ".csv", SIGNATURE, block)
        for place, row in part.iterrows()
    ]

    assert [(number, number) for number in range(rows)] == found
