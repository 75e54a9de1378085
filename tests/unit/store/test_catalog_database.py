"""The promises of the catalog's file."""

from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.catalog import Catalog
from azml_pipelines.store.catalog_database import SCHEMA_VERSION, CatalogDatabase


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
