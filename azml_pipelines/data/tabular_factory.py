"""``Dataset.Tabular``: datasets of rows, made of paths or of a DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.argument_checks import check_flag
from azml_pipelines.data.data_type import checked_types
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import (
    DatasetDefinition,
    DelimitedFormat,
    JsonLinesFormat,
    ParquetFormat,
    PartitionDefinition,
)
from azml_pipelines.data.delimited_options import (
    PromoteHeadersBehavior,
    checked_encoding,
    checked_separator,
    header_mode,
)
from azml_pipelines.data.first_rows import checked_first_rows
from azml_pipelines.data.partition_format import (
    PartitionFormatError,
    partition_names,
)
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import (
    DeclarationError,
    NotAvailableError,
    UserErrorException,
)
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from azml_pipelines.data.abstract_datastore import AbstractDatastore
    from azml_pipelines.data.data_reference import DataPath
    from azml_pipelines.data.dataset_paths import DatasetPaths
    from azml_pipelines.data.definition import DatasetFormat

__all__ = ["TabularDatasetFactory", "partition_definition"]

_INVALID_LINES = ("error", "drop")


class TabularDatasetFactory:
    """Makes tabular datasets; known as ``Dataset.Tabular``."""

    @staticmethod
    def from_delimited_files(  # noqa: PLR0917 - version 1's signature
        path: DatasetPaths,
        validate: bool = True,
        include_path: bool = False,
        infer_column_types: bool = True,
        set_column_types: Mapping[str, object] | None = None,
        separator: str = ",",
        header: bool | str | PromoteHeadersBehavior = True,
        partition_format: str | None = None,
        support_multi_line: bool = False,
        empty_as_string: bool = False,
        encoding: str = "utf8",
    ) -> TabularDataset:
        """Make a dataset of the rows of delimited files, compressed or not.

        Args:
            path: As in ``Dataset.File.from_files``.
            validate: Fail now when there is no record to read.
            include_path: Add a column ``Path``.
            infer_column_types: Find out types from the first 200 rows; columns keep
                them in every mini-batch. ``False`` leaves all cells text.
            set_column_types: Column to ``DataType``, in the place of what is found out.
            header: ``True``: all files start with the same line of names; ``False``:
                names are ``Column1``, …; or a PromoteHeadersBehavior, or its name.
            partition_format: Columns in the path, such as ``/{year}/{month}/x.csv``.
            support_multi_line: Recorded: quoted cells may always hold line ends, and
                files are cut all the same.
            empty_as_string: Read empty cells as empty text instead of null.
            encoding: One of version 1's names, such as ``utf8`` and ``windows1252``.

        Raises:
            UserErrorException: An argument is not as described, or there is no record.
            DeclarationError: ``partition_format`` is none; a ``ValueError``.
        """
        form = DelimitedFormat(
            separator=checked_separator(separator),
            header=header_mode(header),
            encoding=checked_encoding(encoding),
            include_path=_flag("include_path", include_path),
            empty_as_string=_flag("empty_as_string", empty_as_string),
            support_multi_line=_flag("support_multi_line", support_multi_line),
            text_cells=not infer_column_types,
            column_types=checked_types(set_column_types),
        )
        definition = _definition(path, form, partition_format)
        if validate or infer_column_types:
            definition = checked_first_rows(definition, infer=infer_column_types)
        return TabularDataset(definition)

    @staticmethod
    def from_parquet_files(
        path: DatasetPaths,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: Mapping[str, object] | None = None,
        partition_format: str | None = None,
    ) -> TabularDataset:
        """Make a dataset of the rows of parquet files.

        Args:
            path: As in ``Dataset.File.from_files``.
            validate: Fail now when there is no record to read; every file must then
                have the columns of the first one, in types that say the same.
            include_path: Add a column ``Path``.
            set_column_types: Column to ``DataType``, where it is not the file's.
            partition_format: Columns in the path, such as ``/{year}/x.parquet``.

        Raises:
            UserErrorException: An argument is not as described, or there is no record.
            DeclarationError: ``partition_format`` is none; a ``ValueError``.
        """
        form = ParquetFormat(
            include_path=_flag("include_path", include_path),
            column_types=checked_types(set_column_types),
        )
        definition = _definition(path, form, partition_format)
        if validate:
            definition = checked_first_rows(definition, infer=False)
        return TabularDataset(definition)

    @staticmethod
    def from_json_lines_files(  # noqa: PLR0917 - version 1's signature
        path: DatasetPaths,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: Mapping[str, object] | None = None,
        partition_format: str | None = None,
        invalid_lines: str = "error",
        encoding: str = "utf8",
    ) -> TabularDataset:
        """Make a dataset of files with one JSON object per line.

        Args:
            path: As in ``Dataset.File.from_files``.
            validate: Fail now when there is no record to read; types and columns are
                then those of the first 200 rows.
            include_path: Add a column ``Path``.
            set_column_types: Column to ``DataType``, in the place of what is found out.
            partition_format: Columns in the path, such as ``/{year}/{month}/x.jsonl``.
            invalid_lines: ``error``, or ``drop`` for lines that are no JSON object.
            encoding: One of version 1's names.

        Raises:
            UserErrorException: An argument is not as described, or there is no record.
            DeclarationError: ``partition_format`` is none; a ``ValueError``.
        """
        if invalid_lines not in _INVALID_LINES:
            msg = (
                f"invalid_lines must be 'error' or 'drop', not {shown(invalid_lines)}."
            )
            raise UserErrorException(msg)
        form = JsonLinesFormat(
            encoding=checked_encoding(encoding),
            invalid_lines=invalid_lines,
            include_path=_flag("include_path", include_path),
            column_types=checked_types(set_column_types),
        )
        definition = _definition(path, form, partition_format)
        if validate:
            definition = checked_first_rows(definition, infer=True)
        return TabularDataset(definition)

    @staticmethod
    def from_sql_query(
        query: object,
        validate: bool = True,
        set_column_types: Mapping[str, object] | None = None,
        query_timeout: int = 30,
    ) -> TabularDataset:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        msg = (
            "Dataset.Tabular.from_sql_query is not available without Azure. Write what "
            "the query returns to CSV or parquet files, and read those."
        )
        raise NotAvailableError(msg)

    @staticmethod
    def register_pandas_dataframe(  # noqa: PLR0917 - version 1's signature
        dataframe: pd.DataFrame,
        target: AbstractDatastore | tuple[AbstractDatastore, str] | DataPath,
        name: str,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        show_progress: bool = True,
        row_group_size: int | None = None,
        make_target_path_unique: bool = True,
    ) -> TabularDataset:
        """Write a DataFrame to one parquet file and register a dataset of it.

        Args:
            dataframe: The rows.
            target: A datastore, ``(datastore, 'folder')`` or a DataPath.
            name: A new version of this name is registered in the datastore's workspace.
            description: For people.
            tags: Text to text.
            show_progress: Write one line of summary to standard output.
            row_group_size: Rows per row group of the file.
            make_target_path_unique: Write into a new folder below the target.

        Raises:
            UserErrorException: ``dataframe`` or ``name`` is not as described.
            DeclarationError: ``target`` is none; a ``ValueError``.
        """
        from azml_pipelines.data import table_writing  # noqa: PLC0415 - it makes datasets

        _check_name(name)
        dataset, home = table_writing.written_frame(
            dataframe,
            target,
            show_progress=show_progress,
            row_group_size=row_group_size,
            unique=make_target_path_unique,
        )
        return dataset.register(home, name, description, tags, create_new_version=True)

    @staticmethod
    def register_dask_dataframe(  # noqa: PLR0917 - version 1's signature
        dataframe: object,
        target: AbstractDatastore | tuple[AbstractDatastore, str] | DataPath,
        name: str,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        show_progress: bool = True,
    ) -> TabularDataset:
        """Write a Dask DataFrame to parquet files and register a dataset of them.

        Args:
            dataframe: The rows; one file per partition.
            target: A datastore, ``(datastore, 'folder')`` or a DataPath; a new folder
                is made in it.
            name: A new version of this name is registered in the datastore's workspace.
            description: For people.
            tags: Text to text.
            show_progress: Write one line of summary to standard output.

        Raises:
            UserErrorException: ``dataframe`` or ``name`` is not as described.
            DeclarationError: ``target`` is none; a ``ValueError``.
        """
        from azml_pipelines.data import dask_frame  # noqa: PLC0415 - takes a second

        _check_name(name)
        dataset, home = dask_frame.written_dask(
            dataframe, target, show_progress=show_progress
        )
        return dataset.register(home, name, description, tags, create_new_version=True)

    @staticmethod
    def register_spark_dataframe(  # noqa: PLR0917 - version 1's signature
        dataframe: object,
        target: object,
        name: str,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        show_progress: bool = True,
    ) -> TabularDataset:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        msg = (
            "Dataset.Tabular.register_spark_dataframe is not available without Azure. "
            "Write parquet with Spark, and read it with from_parquet_files."
        )
        raise NotAvailableError(msg)


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        msg = f"name must be text, not {shown(name)}."
        raise UserErrorException(msg)


def partition_definition(partition_format: str | None) -> PartitionDefinition | None:
    """Return the definition of partition columns.

    Raises:
        DeclarationError: The text is no partition format.
    """
    if partition_format is None:
        return None
    try:
        partition_names(partition_format)
    except PartitionFormatError as error:
        msg = f"{error}."
        raise DeclarationError(msg) from None
    return PartitionDefinition(format=partition_format)


def _flag(name: str, value: bool) -> bool:
    check_flag(name, value)
    return value


def _definition(
    path: Any,  # noqa: ANN401 - checked by data_sources
    form: DatasetFormat,
    partition_format: str | None,
) -> DatasetDefinition:
    return DatasetDefinition(
        kind="tabular",
        sources=data_sources(path),
        format=form,
        partition=partition_definition(partition_format),
    )
