"""The seam of dataset formats: how files become rows, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional, Protocol

from azml_pipelines.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from azml_pipelines.data.column_types import ColumnType
    from azml_pipelines.data.mini_batch_size import MiniBatchSize

__all__ = ["TO_THE_END", "Piece", "TableFormat", "table_formats"]

TO_THE_END = -1
"""As the end of a piece: whatever is left of the file."""


@dataclass(frozen=True)
class Piece:
    """Some rows of one file that follow each other."""

    start: int
    """Where they begin; what it counts is the format's own business."""
    end: int
    """Where they end, the first of the next piece; ``TO_THE_END`` for all the rest."""
    rows: Optional[int] = None  # noqa: UP045 - loaded by workers, Python 3.9
    """How many rows, where the format has counted them."""


class TableFormat(Protocol):
    """A way to write tables into files.

    Pieces put together are the rows of one pass over the file, each exactly once.
    """

    def cut(
        self,
        path: str,
        size: MiniBatchSize,
        *,
        first_file: bool = False,
        count_rows: bool = False,
    ) -> Iterator[Piece]:
        """Cut a file into pieces of about ``size``, never through a row.

        Args:
            path: A local file.
            size: Bytes or rows of a piece; each has at least one row.
            first_file: Whether this is the first file of the dataset.
            count_rows: Whether ``Piece.rows`` is needed.

        Raises:
            OSError: The file cannot be read.
            ValueError: It cannot be cut; what was yielded before stands.
        """

    def read(
        self,
        path: str,
        piece: Piece,
        types: Optional[Mapping[str, ColumnType]] = None,  # noqa: UP045
        on_error: str = "fail",
    ) -> pd.DataFrame:
        """Read one piece with an index from 0.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is no such table, or a cell is not of its column's type.
        """

    def column_names(self, path: str) -> Optional[list[str]]:  # noqa: UP045
        """Return the names in a file; None for an empty one."""


table_formats: Registry[Callable[..., Any]] = Registry(
    "dataset format",
    {
        "csv": "azml_pipelines.data.delimited:DelimitedTable",
        "parquet": "azml_pipelines.data.parquet:ParquetTable",
        "jsonl": "azml_pipelines.data.json_lines:JsonLinesTable",
    },
    "azml_pipelines.dataset_formats",
)
