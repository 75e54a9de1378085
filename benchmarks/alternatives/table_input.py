"""The table of a work, read with pandas in pieces of about 1 MB."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from benchmarks.work import Work

__all__ = ["ROWS", "file_of", "frames"]

ROWS = 11_000
"""As many as fit into 1 MB of text."""


def file_of(work: Work) -> Path:
    """Return the only file."""
    return Path(work.folder, f"00000000{work.suffix}")


def frames(work: Work) -> Iterator[pd.DataFrame]:
    """Yield the rows, in order."""
    if work.suffix == ".csv":
        import pandas as pd  # noqa: PLC0415 - its import is part of it

        with pd.read_csv(file_of(work), chunksize=ROWS) as chunks:
            yield from chunks
        return
    from pyarrow import parquet  # noqa: PLC0415 - the same

    with parquet.ParquetFile(file_of(work)) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number).to_pandas()
