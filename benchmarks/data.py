"""The inputs of the benchmarks, made from a seed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["empty_files", "images", "rows_in", "skewed_files", "tables"]

SEED = 4
_COLUMNS = 10
_BYTES_PER_ROW = 95
_ROWS_PER_MEGABYTE = 11_000
_SLICE = 200_000
_PARETO = 1.2


def empty_files(folder: Path, count: int) -> Path:
    """Make ``count`` empty files."""
    folder.mkdir()
    for number in range(count):
        os.close(os.open(folder / f"{number:08d}", os.O_CREAT | os.O_WRONLY))
    return folder


def images(folder: Path, count: int) -> Path:
    """Make ``count`` grey images of 28x28 pixels."""
    import numpy as np  # noqa: PLC0415 - only in the benchmarks' own environment
    from PIL import Image  # noqa: PLC0415 - the same

    folder.mkdir()
    numbers = np.random.default_rng(SEED)
    for number in range(count):
        # Half of the pixels are black, so that there is something to compress.
        pixels = numbers.integers(-255, 256, (28, 28), dtype=np.int16).clip(0)
        image = Image.fromarray(pixels.astype(np.uint8))
        image.save(folder / f"{number:08d}.png", compress_level=1)
    return folder


def skewed_files(folder: Path, count: int, total_bytes: int) -> Path:
    """Make files whose sizes follow a Pareto distribution, in no order.

    They are sparse: they have a size and take no room. A fifth of them holds about
    four fifths of all bytes.
    """
    import random  # noqa: PLC0415

    numbers = random.Random(SEED)  # noqa: S311 - no secret
    shares = [numbers.paretovariate(_PARETO) for _ in range(count)]
    scale = total_bytes / sum(shares)
    folder.mkdir()
    for number, share in enumerate(shares):
        path = folder / f"{number:08d}"
        path.touch()
        os.truncate(path, int(share * scale))
    return folder


def rows_in(megabytes: int) -> int:
    """Return how many rows a table of that many megabytes of text has."""
    return megabytes * 1_000_000 // _BYTES_PER_ROW


def tables(folder: Path, megabytes: int) -> tuple[Path, Path]:
    """Make the same table of ten columns of numbers as CSV and as parquet.

    Returns:
        The folders of the two files. The parquet file has row groups of about 1 MB.
    """
    import numpy as np  # noqa: PLC0415 - only in the benchmarks' own environment
    import pyarrow as pa  # noqa: PLC0415 - the same
    from pyarrow import csv, parquet  # noqa: PLC0415 - the same

    text, columns = folder / "csv", folder / "parquet"
    text.mkdir()
    columns.mkdir()
    numbers = np.random.default_rng(SEED)
    names = [f"x{number}" for number in range(_COLUMNS)]
    schema = pa.schema([(name, pa.float64()) for name in names])
    rows = rows_in(megabytes)
    with (
        csv.CSVWriter(text / "00000000.csv", schema) as lines,
        parquet.ParquetWriter(columns / "00000000.parquet", schema) as groups,
    ):
        for first in range(0, rows, _SLICE):
            count = min(_SLICE, rows - first)
            values = numbers.standard_normal((_COLUMNS, count)).round(6)
            table = pa.table(dict(zip(names, values, strict=True)), schema=schema)
            lines.write_table(table)
            groups.write_table(table, row_group_size=_ROWS_PER_MEGABYTE)
    return text, columns
