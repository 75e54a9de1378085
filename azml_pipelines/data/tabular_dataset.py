"""A dataset of rows, read from delimited text, parquet or JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from azml_pipelines.data.abstract_dataset import AbstractDataset
from azml_pipelines.data.azure_only import AzureOnlyTable
from azml_pipelines.data.consumption import DatasetConsumptionConfig
from azml_pipelines.data.dataset_operations import checked_columns
from azml_pipelines.data.expression import DatasetExpression
from azml_pipelines.data.operations import Operation
from azml_pipelines.data.table_reading import frames_of, joined
from azml_pipelines.data.time_series import TimeSeries
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from azml_pipelines.data.abstract_datastore import AbstractDatastore
    from azml_pipelines.data.data_reference import DataPath
    from azml_pipelines.data.file_dataset import FileDataset

__all__ = ["TabularDataset"]

_ON_ERROR = ("null", "fail")


class TabularDataset(AbstractDataset, TimeSeries, AzureOnlyTable):
    """Rows of files; made by ``Dataset.Tabular.from_delimited_files`` and its like.

    Methods such as ``take`` and ``filter`` return a new dataset and read nothing.
    """

    kind: Literal["tabular"] = "tabular"

    def __getitem__(self, column: str) -> DatasetExpression:
        """Return a column for a filter: ``dataset.filter(dataset['age'] > 30)``."""
        return DatasetExpression(["col", str(column)])

    def to_pandas_dataframe(
        self, on_error: str = "null", out_of_range_datetime: str = "null"
    ) -> pd.DataFrame:
        """Read every row, with an index from 0.

        Args:
            on_error: ``null`` or ``fail``: what becomes of cells that do not have the
                type of their column.
            out_of_range_datetime: ``null`` or ``fail``, the same for dates.

        Raises:
            UserErrorException: There are no files, or one of them is no such table.
        """
        _check_on_error(on_error, out_of_range_datetime)
        return joined(self.definition, _strictest(on_error, out_of_range_datetime))

    def to_dask_dataframe(
        self,
        sample_size: int = 10000,
        dtypes: object = None,
        on_error: str = "null",
        out_of_range_datetime: str = "null",
    ) -> Any:  # noqa: ANN401 - a dask DataFrame, which only its users import
        """Return the rows as a Dask DataFrame, one partition per piece of about 64 MB.

        Args:
            sample_size: Recorded; types come from the dataset.
            dtypes: Column to a type of pandas, which the column is then cast to.
            on_error: See ``to_pandas_dataframe``.
            out_of_range_datetime: The same.

        Raises:
            UserErrorException: There are no files, or one of them is no such table.
        """
        from azml_pipelines.data.dask_frame import to_dask  # noqa: PLC0415 - takes a second

        _check_on_error(on_error, out_of_range_datetime)
        frame = to_dask(self.definition, _strictest(on_error, out_of_range_datetime))
        return frame.astype(dtypes) if dtypes else frame

    def keep_columns(
        self, columns: str | Sequence[str], validate: bool = False
    ) -> Self:
        """Return only these columns, in this order.

        Args:
            columns: A name or several.
            validate: Whether to read the first rows now, to see that they are there.

        Raises:
            UserErrorException: ``columns`` is neither, or they are not there.
        """
        kept = self._with(Operation("keep", columns=checked_columns(columns)))
        if validate:
            next(frames_of(kept.take(1).definition), None)
        return kept

    def drop_columns(self, columns: str | Sequence[str]) -> Self:
        """Return all columns but these.

        Raises:
            UserErrorException: ``columns`` is neither a name nor several.
        """
        return self._with(Operation("drop", columns=checked_columns(columns)))

    def partition_by(
        self,
        partition_keys: Sequence[str],
        target: tuple[AbstractDatastore, str] | DataPath,
        name: str | None = None,
        show_progress: bool = True,
        partition_as_file_dataset: bool = False,
    ) -> TabularDataset | FileDataset:
        """Write the rows to one folder per combination of values, as parquet.

        Args:
            partition_keys: Columns; their values become folders and leave the files.
            target: ``(datastore, 'folder')`` or a DataPath; a new folder is made in it.
            name: Also register the result in the datastore's workspace.
            show_progress: Write one line of summary to standard output.
            partition_as_file_dataset: Return a dataset of the files.

        Returns:
            A dataset whose key columns stand behind the others.

        Raises:
            UserErrorException: A key is no column, or given twice.
        """
        from azml_pipelines.data.partition_by import write_partitions  # noqa: PLC0415 - it makes datasets

        return write_partitions(
            self,
            partition_keys,
            target,
            name,
            show_progress=show_progress,
            as_files=partition_as_file_dataset,
        )

    def to_csv_files(self, separator: str = ",") -> FileDataset:
        """Write the rows to CSV files in a temporary folder, one per piece."""
        from azml_pipelines.data.table_writing import written_files  # noqa: PLC0415 - it makes datasets

        return written_files(self.definition, "csv", separator)

    def to_parquet_files(self) -> FileDataset:
        """Write the rows to parquet files in a temporary folder, one per piece."""
        from azml_pipelines.data.table_writing import written_files  # noqa: PLC0415 - it makes datasets

        return written_files(self.definition, "parquet")

    def as_named_input(self, name: str) -> DatasetConsumptionConfig:
        """Name this dataset as the input of a step.

        Raises:
            UserErrorException: ``name`` is no identifier.
        """
        return DatasetConsumptionConfig(name, self)


def _strictest(*values: str) -> str:
    return "fail" if "fail" in values else "null"


def _check_on_error(*values: str) -> None:
    for value in values:
        if value not in _ON_ERROR:
            msg = (
                "on_error and out_of_range_datetime must be 'null' or 'fail', "
                f"not {shown(value)}."
            )
            raise UserErrorException(msg)
