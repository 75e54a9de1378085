"""Parquet and JSON lines: their pieces are the whole, each row once."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.data.json_lines import JsonLinesTable
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.parquet import ParquetTable

SLOW = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SLOW
@given(
    rows=st.integers(0, 200),
    group=st.integers(1, 120),
    size=st.integers(1, 5000),
    unit=st.sampled_from(["bytes", "rows"]),
    data=st.data(),
)
def test_pieces_are_the_whole(tmp_path, rows, group, size, unit, data):
    """Across row groups and inside of them, in any order of reading."""
    path = str(tmp_path / "t.parquet")
    whole = pd.DataFrame(
        {
            "n": pd.array(
                [None if n % 7 == 3 else n for n in range(rows)], dtype="Int64"
            ),
            "t": [f"row {n}" for n in range(rows)],
        }
    )
    whole.to_parquet(path, row_group_size=group)
    table = ParquetTable()
    cut = list(table.cut(path, MiniBatchSize(size, unit)))
    order = data.draw(st.permutations(range(len(cut))))
    frames = {number: table.read(path, cut[number]) for number in order}
    together = [text for number in range(len(cut)) for text in frames[number]["t"]]

    assert together == whole["t"].tolist()
    assert [piece.rows for piece in cut] == [len(frames[n]) for n in range(len(cut))]
    assert all(str(frame["n"].dtype) in {"int64", "Int64"} for frame in frames.values())
    assert unit == "bytes" or all(piece.rows == size for piece in cut[:-1])


def test_one_large_row_group(tmp_path):
    """About as many pieces as its bytes say, and one is read without the rest."""
    path = str(tmp_path / "large.parquet")
    rng = np.random.default_rng(1)
    table = pa.table({"a": rng.random(2_000_000), "b": rng.random(2_000_000)})
    pq.write_table(table, path, row_group_size=2_000_000, compression=None)
    reader = ParquetTable()
    cut = list(reader.cut(path, MiniBatchSize(1 << 20, "bytes")))
    before = pa.default_memory_pool().max_memory()
    tracemalloc.start()
    frames = [reader.read(path, piece) for piece in cut[:3]]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    used = pa.default_memory_pool().max_memory() - max(before, 0)

    assert 1 == pq.ParquetFile(path).num_row_groups
    assert 28 <= len(cut) <= 42
    assert frames[2]["a"][0] == table["a"][cut[2].start].as_py()
    assert max(peak, used) < 16 << 20


def test_a_file_that_is_none(tmp_path):
    """A cut footer, a wrong beginning: a ValueError or OSError that names the file."""
    path = tmp_path / "x.parquet"
    pd.DataFrame({"a": range(100)}).to_parquet(path)
    whole = path.read_bytes()
    for damaged in (whole[:-5], b"PAR1" + b"x" * 50, b"", whole[:10]):
        path.write_bytes(damaged)
        with pytest.raises((ValueError, OSError)):
            list(ParquetTable().cut(str(path), MiniBatchSize(10, "bytes")))


def test_a_name_that_is_not_utf_8(tmp_path):
    """The file is read all the same."""
    plain = tmp_path / "x.parquet"
    pd.DataFrame({"a": [1, 2]}).to_parquet(plain)
    strange = plain.rename(tmp_path / "\udcff.parquet")
    reader = ParquetTable()
    (piece,) = reader.cut(str(strange), MiniBatchSize(1 << 20, "bytes"))

    assert [1, 2] == reader.read(str(strange), piece)["a"].tolist()


def test_types_of_parquet(tmp_path):
    """Those of the file, or those that were set."""
    path = str(tmp_path / "x.parquet")
    pd.DataFrame({"a": ["1", "2"], "b": [True, None]}).to_parquet(path)
    reader = ParquetTable()
    (piece,) = reader.cut(path, MiniBatchSize(10, "rows"))
    frame = reader.read(path, piece, {"a": ColumnType("integer")})

    assert ["a", "b"] == reader.column_names(path)
    assert [1, 2] == frame["a"].tolist()
    assert str(frame["b"].dtype) == "boolean"


ROW = st.fixed_dictionaries(
    {}, optional={"a": st.integers(-(2**40), 2**40), "b": st.text(max_size=5)}
)


@SLOW
@given(
    rows=st.lists(ROW, max_size=12),
    size=st.integers(1, 200),
    unit=st.sampled_from(["bytes", "rows"]),
    codec=st.sampled_from([("utf8", "utf-8"), ("utf16", "utf-16")]),
)
def test_json_lines(tmp_path, rows, size, unit, codec):
    """Keys that a line lacks are null, and whole numbers stay whole."""
    path = str(tmp_path / "x.jsonl")
    text = "\n".join(json.dumps(row) for row in rows)
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(text.encode(codec[1]))
    reader = JsonLinesTable(encoding=codec[0], columns=["a", "b"])
    cut = list(reader.cut(path, MiniBatchSize(size, unit), count_rows=True))
    frames = [reader.read(path, piece) for piece in cut]
    found = [
        {name: cell for name, cell in row.items() if not pd.isna(cell)}
        for frame in frames
        for row in frame.to_dict("records")
    ]

    assert found == rows
    assert [piece.rows for piece in cut] == [len(frame) for frame in frames]


@pytest.mark.parametrize(
    ("line", "says"),
    [('{"a":', "line 1"), ("[1]", "not an object"), ('{"a":1,"a":2}', "'a' twice"),
     ("[" * 10_000, "line 1")],
)  # fmt: skip
def test_lines_that_are_no_rows(tmp_path, line, says):
    """An error with file and line, or left out where that was asked for."""
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n' + line + '\n{"a": 2}\n')
    (piece,) = JsonLinesTable().cut(str(path), MiniBatchSize(1 << 20, "bytes"))
    dropped = JsonLinesTable(invalid_lines="drop").read(str(path), piece)

    assert [1, 2] == dropped["a"].tolist()
    with pytest.raises(ValueError, match=rf"x\.jsonl.*{says}"):
        JsonLinesTable().read(str(path), piece)
