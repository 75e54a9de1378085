"""Version 1's calls that mean nothing without Azure: each is there, and says so."""

from __future__ import annotations

from typing import NoReturn

from azml_pipelines.errors import NotAvailableError

__all__ = ["AzureOnlyDatastores", "AzureOnlyTable"]


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


class AzureOnlyTable:
    """What version 1's tables do with Spark."""

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
