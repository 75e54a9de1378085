"""What URLs of remote files mean."""

from __future__ import annotations

import pytest

from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import DataSource
from azml_pipelines.data.store_url import source_of_url
from azml_pipelines.errors import UserErrorException

AZURE = DataSource(url="abfs://c", path="a/b.csv", options={"account_name": "acc"})


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("s3://bucket/a/*.csv", DataSource(url="s3://bucket", path="a/*.csv")),
        ("gs://bucket", DataSource(url="gs://bucket", path="")),
        ("wasbs://c@acc.blob.core.windows.net/a/b.csv", AZURE),
        ("abfss://c@acc.dfs.core.windows.net/a/b.csv", AZURE),
        ("https://acc.blob.core.windows.net/c/a/b.csv", AZURE),
        ("https://example.org/a.csv", None),
        ("file:///a.csv", None),
    ],
)
def test_what_a_url_means(url, source):
    """Version 1's ways to write a place on Azure, and those of fsspec."""
    assert source == source_of_url(url)


def test_datasets_take_them():
    """With the same wildcards as everywhere."""
    (source,) = data_sources("s3://bucket/images/*/")

    assert source == DataSource(url="s3://bucket", path="images/*/**")


def test_a_signed_address_is_refused():
    """As in version 1; the message does not show the signature."""
    with pytest.raises(UserErrorException, match="holds a secret") as caught:
        data_sources("https://acc.blob.core.windows.net/c/a?sig=abcdefghijk")

    assert "abcdefghijk" not in caught.value.message
