"""What every store has to do: subclass ``FileStoreTests`` and give it a ``store``."""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azml_pipelines.data.file_store import (
    ChangedFileError,
    MissingFileError,
    StoredFile,
)

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.data.file_store import FileStore

__all__ = ["FileStoreTests"]


class FileStoreTests:
    """The promises of ``FileStore``; ``store`` is an empty one."""

    @pytest.fixture
    def store(self) -> FileStore:
        """Return an empty store."""
        raise NotImplementedError

    @staticmethod
    def _put(store: FileStore, folder: Path, path: str, text: str) -> StoredFile:
        source = folder / "to-put"
        source.write_text(text)
        return store.put(source, path)

    def test_files_are_listed_in_order_of_their_paths(
        self, store: FileStore, tmp_path: Path
    ) -> None:
        """A folder sorts as its files do, and every file comes with its size."""
        paths = ["b.txt", "a/z.txt", "a-b.txt", "a/b/c.txt", "ä.txt", "a.txt", "B.txt"]
        for path in paths:
            self._put(store, tmp_path, path, path)

        found = list(store.files())

        assert sorted(paths) == [file.path for file in found]
        assert [len(path.encode()) for path in sorted(paths)] == [
            file.size for file in found
        ]

    def test_a_folder_is_not_the_beginning_of_a_name(
        self, store: FileStore, tmp_path: Path
    ) -> None:
        """``images`` does not mean ``images2/x``."""
        for path in ("images/1", "images2/1", "images.txt"):
            self._put(store, tmp_path, path, path)

        assert [file.path for file in store.files("images")] == ["images/1"]
        assert list(store.files("nothing")) == []

    def test_bytes_come_back_as_they_went(
        self, store: FileStore, tmp_path: Path
    ) -> None:
        """Any bytes, none of them, and more than fit into one block."""
        for number, data in enumerate((b"", bytes(range(256)), b"x" * 300_000)):
            source, back = tmp_path / "source", tmp_path / f"back{number}"
            source.write_bytes(data)
            put = store.put(source, f"folder/{number}")
            found = store.find(f"folder/{number}")
            assert found is not None
            store.fetch(found, back)

            assert data == back.read_bytes()
            assert put == found

    def test_a_folder_is_no_file(self, store: FileStore, tmp_path: Path) -> None:
        """``find`` knows files only."""
        self._put(store, tmp_path, "a/b.txt", "x")

        assert store.find("a") is None
        assert store.find("a/c.txt") is None
        assert store.find("a/b.txt") is not None

    def test_a_file_that_has_gone_is_missing(
        self, store: FileStore, tmp_path: Path
    ) -> None:
        """Between listing and fetching it may go; the message names it."""
        file = self._put(store, tmp_path, "gone.txt", "x")
        store.delete("gone.txt")
        store.delete("gone.txt")

        with pytest.raises(MissingFileError, match=r"gone\.txt"):
            store.fetch(file, tmp_path / "back")

    def test_a_file_that_has_changed_is_not_taken_for_the_old_one(
        self, store: FileStore, tmp_path: Path
    ) -> None:
        """Also when the new one is as long as the old one."""
        file = self._put(store, tmp_path, "a.txt", "old")
        self._put(store, tmp_path, "a.txt", "new")

        with pytest.raises(ChangedFileError, match=r"a\.txt"):
            store.fetch(file, tmp_path / "back")

    def test_putting_again_leaves_one_file(
        self, store: FileStore, tmp_path: Path
    ) -> None:
        """A repeated commit changes nothing."""
        self._put(store, tmp_path, "out/rows.txt", "rows")
        self._put(store, tmp_path, "out/rows.txt", "rows")

        assert [file.path for file in store.files()] == ["out/rows.txt"]

    def test_a_store_that_is_there_passes_its_check(self, store: FileStore) -> None:
        """An empty one, too."""
        store.check()
