"""A local folder keeps the promises of stores."""

from __future__ import annotations

import pytest

from azml_pipelines.data.file_store import StoreError, StoreLocation, open_store
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.testing.file_store_tests import FileStoreTests


class TestLocalStore(FileStoreTests):
    """A folder is a store."""

    @pytest.fixture
    def store(self, tmp_path):
        folder = tmp_path / "store"
        folder.mkdir()
        return open_store(StoreLocation(folder_url(folder), name="here"))


def test_a_folder_that_is_not_there_fails_its_check(tmp_path):
    """The message says which one."""
    store = open_store(StoreLocation(folder_url(tmp_path / "nothing")))

    with pytest.raises(StoreError, match="nothing"):
        store.check()
