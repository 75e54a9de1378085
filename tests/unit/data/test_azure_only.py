"""Calls of version 1 that mean nothing here."""

from __future__ import annotations

import pytest

from azml_pipelines import Dataset, Datastore
from azml_pipelines.errors import NotAvailableError


@pytest.mark.parametrize(
    "name",
    [
        "register_azure_data_lake",
        "register_azure_sql_database",
        "register_azure_postgre_sql",
        "register_azure_my_sql",
        "register_dbfs",
        "register_hdfs",
    ],
)
def test_each_says_what_to_do_instead(name):
    """With its own name, whatever it is called with."""
    with pytest.raises(NotAvailableError, match=rf"{name} is not .* without Azure"):
        getattr(Datastore, name)("workspace", "store", server_name="server")


def test_spark_is_not_there(tmp_path):
    """Dask and pandas are."""
    (tmp_path / "a.csv").write_text("x\n1\n")
    table = Dataset.Tabular.from_delimited_files(str(tmp_path / "a.csv"))

    with pytest.raises(NotAvailableError, match="to_dask_dataframe"):
        table.to_spark_dataframe()
