"""Version 1's calls that mean nothing without Azure: each is there, and says so."""

from __future__ import annotations

from typing import NoReturn

from azml_pipelines.errors import NotAvailableError

__all__ = ["AzureOnlyDatastores", "AzureOnlyFiles", "AzureOnlyTable", "EarlierDataset"]


def _refuse(call: str, instead: str) -> NoReturn:
    msg = f"{call} is not available without Azure. {instead}"
    raise NotAvailableError(msg)


class AzureOnlyDatastores:
    """Registrations of what holds no files here; every one raises.

    Raises:
        NotAvailableError: Always.
    """

    @staticmethod
    def register_azure_data_lake(*args: object, **kwargs: object) -> NoReturn:
        """Azure Data Lake Storage Gen1, which is no more."""
        _refuse(
            "Datastore.register_azure_data_lake",
            "Use register_azure_data_lake_gen2, or register_url with another store.",
        )

    @staticmethod
    def register_azure_sql_database(*args: object, **kwargs: object) -> NoReturn:
        """A database of Azure SQL."""
        _refuse("Datastore.register_azure_sql_database", _EXPORT)

    @staticmethod
    def register_azure_postgre_sql(*args: object, **kwargs: object) -> NoReturn:
        """A database of Azure PostgreSQL."""
        _refuse("Datastore.register_azure_postgre_sql", _EXPORT)

    @staticmethod
    def register_azure_my_sql(*args: object, **kwargs: object) -> NoReturn:
        """A database of Azure MySQL."""
        _refuse("Datastore.register_azure_my_sql", _EXPORT)

    @staticmethod
    def register_dbfs(*args: object, **kwargs: object) -> NoReturn:
        """The file system of Databricks."""
        _refuse("Datastore.register_dbfs", _OTHER_STORE)

    @staticmethod
    def register_hdfs(*args: object, **kwargs: object) -> NoReturn:
        """A Hadoop cluster of Azure."""
        _refuse("Datastore.register_hdfs", "Use register_url with hdfs://HOST/FOLDER.")


_EXPORT = "Write what a query returns to CSV or parquet files, and read those."
_OTHER_STORE = "Register the storage behind it with register_url."


class EarlierDataset:
    """What ``Dataset`` itself had before version 1's datasets; every one raises.

    Raises:
        NotAvailableError: Always.
    """

    @staticmethod
    def auto_read_files(*args: object, **kwargs: object) -> NoReturn:
        """Files whose format was guessed."""
        _refuse("Dataset.auto_read_files", "Use Dataset.Tabular.from_delimited_files.")

    @staticmethod
    def from_binary_files(*args: object, **kwargs: object) -> NoReturn:
        """Files as they are."""
        _refuse("Dataset.from_binary_files", "Use Dataset.File.from_files.")

    @staticmethod
    def from_delimited_files(*args: object, **kwargs: object) -> NoReturn:
        """Delimited text."""
        _refuse(
            "Dataset.from_delimited_files", "Use Dataset.Tabular.from_delimited_files."
        )

    @staticmethod
    def from_excel_files(*args: object, **kwargs: object) -> NoReturn:
        """Sheets of Excel."""
        _refuse("Dataset.from_excel_files", _EXPORT_SHEETS)

    @staticmethod
    def from_json_files(*args: object, **kwargs: object) -> NoReturn:
        """Files of JSON."""
        _refuse("Dataset.from_json_files", "Use Dataset.Tabular.from_json_lines_files.")

    @staticmethod
    def from_pandas_dataframe(*args: object, **kwargs: object) -> NoReturn:
        """Rows of a DataFrame."""
        _refuse(
            "Dataset.from_pandas_dataframe",
            "Use Dataset.Tabular.register_pandas_dataframe.",
        )

    @staticmethod
    def from_parquet_files(*args: object, **kwargs: object) -> NoReturn:
        """Files of parquet."""
        _refuse("Dataset.from_parquet_files", "Use Dataset.Tabular.from_parquet_files.")

    @staticmethod
    def from_sql_query(*args: object, **kwargs: object) -> NoReturn:
        """What a query of a database returns."""
        _refuse("Dataset.from_sql_query", _EXPORT)


_EXPORT_SHEETS = "Save the sheets as CSV, and use Dataset.Tabular.from_delimited_files."


class AzureOnlyFiles:
    """What version 1's file datasets do with a cache of Azure."""

    def as_cache(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("as_cache()", _NODE_CACHE)

    def hydrate(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("hydrate()", _NODE_CACHE)


_NODE_CACHE = "Remote files are kept in the cache of each node; use as_download()."


class AzureOnlyTable:
    """What version 1's tables do with Spark, streams and Azure's computes."""

    def download(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available: columns of streams are text here.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("download() of a table", _STREAMS)

    def mount(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available: columns of streams are text here.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("mount() of a table", _STREAMS)

    def get_profile(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("get_profile()", _DESCRIBE)

    def get_profile_runs(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("get_profile_runs()", _DESCRIBE)

    def submit_profile_run(self, *args: object, **kwargs: object) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse("submit_profile_run()", _DESCRIBE)

    def to_spark_dataframe(self) -> NoReturn:
        """Not available without Azure.

        Raises:
            NotAvailableError: Always.
        """
        _refuse(
            "to_spark_dataframe()",
            "Use to_dask_dataframe() or to_pandas_dataframe(), or to_parquet_files() "
            "for a Spark of your own.",
        )


_STREAMS = "Make a FileDataset of the files that its column names."
_DESCRIBE = "Use to_pandas_dataframe().describe(), or to_dask_dataframe().describe()."
