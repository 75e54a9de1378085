"""fsspec's stores keep the promises; here the one that is in memory."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from azml_pipelines.data.file_store import (
    DamagedFileError,
    StoredFile,
    StoreLocation,
    open_store,
)
from azml_pipelines.testing.file_store_tests import FileStoreTests


@pytest.fixture
def location():
    """A place in memory that no other test uses."""
    return StoreLocation(f"memory://{uuid4().hex}/folder", name="mind")


class TestMemoryStore(FileStoreTests):
    """Memory is a store."""

    @pytest.fixture
    def store(self, location, tmp_path):
        store = open_store(location)
        # A folder that never had a file is none.
        (tmp_path / "empty").touch()
        store.put(tmp_path / "empty", "empty")
        store.delete("empty")
        return store


def test_a_wrong_digest_is_not_accepted(location, tmp_path):
    """The same size is not enough where the store has said what the bytes are."""
    store = open_store(location)
    (tmp_path / "a").write_text("abc")
    put = store.put(tmp_path / "a", "a")
    told = StoredFile(put.path, put.size, put.tag, "0" * 32)
    store._call = _damaging(store._call)

    with pytest.raises(DamagedFileError, match="damaged"):
        store.fetch(told, tmp_path / "back")


def _damaging(call):
    """Return what brings other bytes each time."""
    count = iter(range(100))

    def damaged(method, *arguments, **options):
        result = call(method, *arguments, **options)
        if method == "get_file":
            Path(arguments[1]).write_text(f"{next(count):03d}")
        return result

    return damaged


def test_a_tag_that_only_looks_like_a_digest_is_found_out(location, tmp_path):
    """The same bytes twice, with the tag unchanged, are the file."""
    store = open_store(location)
    (tmp_path / "a").write_text("abc")
    put = store.put(tmp_path / "a", "a")

    store.fetch(StoredFile(put.path, put.size, put.tag, "0" * 32), tmp_path / "back")

    assert "abc" == (tmp_path / "back").read_text()
