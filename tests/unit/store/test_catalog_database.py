"""The promises of the catalog's file."""

from __future__ import annotations

import os
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store import catalog_sqlite
from azml_pipelines.store.catalog import Catalog
from azml_pipelines.store.catalog_database import CatalogDatabase
from azml_pipelines.store.catalog_migrations import SCHEMA_VERSION
from azml_pipelines.store.file_lock import wait_for_lock


def test_file_and_folder_are_for_their_owner_only(tmp_path):
    """Nobody else on the machine reads names of datastores or runs."""
    file = tmp_path / "storage" / "catalog.db"

    CatalogDatabase(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_catalog_may_be_made_by_many_at_once(tmp_path):
    """A script started twice at the same moment finds no locked database."""
    file = tmp_path / "catalog.db"

    with ThreadPoolExecutor(8) as threads:
        catalogs = list(threads.map(lambda _: Catalog(file), range(16)))

    assert [[]] * 16 == [catalog.runs.experiments() for catalog in catalogs]


def test_nobody_waits_for_ever_to_make_one(tmp_path, monkeypatch):
    """Who makes it at the same time and stops midway is named by the file."""
    monkeypatch.setattr(catalog_sqlite, "_LOCK_SECONDS", 0.05)
    lock = os.open(tmp_path / "catalog.lock", os.O_RDWR | os.O_CREAT)
    wait_for_lock(lock, 0)
    with pytest.raises(WorkspaceException, match=r"making .*catalog\.db"):
        CatalogDatabase(tmp_path / "catalog.db")
    os.close(lock)

    CatalogDatabase(tmp_path / "catalog.db")


def test_readers_do_not_wait_for_a_writer(tmp_path):
    """The catalog is in WAL mode."""
    file = tmp_path / "catalog.db"
    CatalogDatabase(file)

    connection = sqlite3.connect(file)
    mode = connection.execute("PRAGMA journal_mode").fetchone()
    connection.close()

    assert mode == ("wal",)


def test_a_later_layout_is_refused_by_name(tmp_path):
    """An old version does not write into a catalog that it does not understand."""
    file = tmp_path / "catalog.db"
    CatalogDatabase(file)
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()

    with pytest.raises(WorkspaceException, match="upgrade azml-pipelines"):
        CatalogDatabase(file)


def test_what_is_no_catalog_is_named(tmp_path):
    """Whatever SQLite has to say of the file comes as one line with its path."""
    file = tmp_path / "catalog.db"
    file.write_bytes(b"not a database at all" * 100)

    with pytest.raises(WorkspaceException) as caught:
        CatalogDatabase(file)

    assert f"catalog {file} cannot be used: file is not a database" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_catalog_that_cannot_be_read_later_is_named(tmp_path):
    """So is a file that is damaged after it was opened."""
    file = tmp_path / "catalog.db"
    catalog = Catalog(file)
    file.with_name("catalog.db-wal").unlink(missing_ok=True)
    file.write_bytes(b"not a database at all" * 1000)

    with pytest.raises(WorkspaceException, match="Make room if the disk is full"):
        catalog.computes.all()
