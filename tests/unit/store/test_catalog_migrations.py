"""The promises of upgrades: today's layout, nothing lost, all of it or none."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store import catalog_database
from azml_pipelines.store.catalog import Catalog
from azml_pipelines.store.catalog_migrations import SCHEMA_VERSION, statements_to
from azml_pipelines.store.catalog_tables import TABLES


def layout(file):
    """Return what the tables, columns and indexes of a file are."""
    found = inspect(create_engine(f"sqlite:///{file}"))
    return {
        table: (
            [(one["name"], str(one["type"]), one["nullable"]) for one in columns],
            found.get_pk_constraint(table)["constrained_columns"],
            sorted(index["name"] for index in found.get_indexes(table)),
        )
        for table in found.get_table_names()
        if (columns := found.get_columns(table))
    }


def make_old(file, version):
    """Make a catalog as an earlier version left it, with a run in its index."""
    with closing(sqlite3.connect(file)) as connection:
        for earlier in range(1, version + 1):
            for statement in statements_to(earlier):
                connection.execute(statement)
        connection.execute(
            "INSERT INTO runs (run_id, experiment, created, tags)"
            " VALUES ('run-1', 'old', 1.5, '{}')"
        )
        connection.execute(f"PRAGMA user_version={version}")
        connection.commit()


def user_version(file):
    """Return the number of the layout."""
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def test_migrations_are_numbered_without_gaps():
    """Two with one number would hide one of them."""
    folder = Path(catalog_database.__file__).parent / "migrations"
    numbers = sorted(int(file.name[:4]) for file in folder.glob("*.sql"))

    assert numbers == list(range(1, SCHEMA_VERSION + 1))


def test_a_new_catalog_has_the_tables_that_the_code_knows(tmp_path):
    """What the SQL files make is what the table definitions say, column by column."""
    Catalog(tmp_path / "catalog.db")
    engine = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    TABLES.create_all(engine)
    engine.dispose()

    assert layout(tmp_path / "declared.db") == layout(tmp_path / "catalog.db")


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_an_older_catalog_keeps_what_it_knows(tmp_path, version):
    """It has the layout of a new one afterwards, and every run that it had."""
    file = tmp_path / "catalog.db"
    make_old(file, version)
    Catalog(tmp_path / "new.db")

    catalog = Catalog(file)

    assert ["old"] == catalog.runs.experiments()
    assert layout(tmp_path / "new.db") == layout(file)
    assert user_version(file) == SCHEMA_VERSION


def test_what_was_there_before_is_kept_beside_it(tmp_path):
    """The copy has the old layout and its run, and is for its owner only."""
    make_old(tmp_path / "catalog.db", 1)

    Catalog(tmp_path / "catalog.db")

    copy = tmp_path / "catalog.db.layout-1"
    assert user_version(copy) == 1
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT run_id FROM runs").fetchall() == [("run-1",)]


def test_a_new_catalog_leaves_no_copy(tmp_path):
    """Only an upgrade does."""
    Catalog(tmp_path / "catalog.db")

    assert list(tmp_path.glob("*layout*")) == []


def test_an_upgrade_that_fails_midway_changes_nothing(tmp_path, monkeypatch):
    """The next try starts from the old layout and succeeds."""
    file = tmp_path / "catalog.db"
    make_old(file, 1)
    before = layout(file)

    def broken(version):
        yield from list(statements_to(version))[:2]
        yield "CREATE TABLE broken ("

    with monkeypatch.context() as patched:
        patched.setattr(catalog_database, "statements_to", broken)
        with pytest.raises(WorkspaceException, match="cannot be used"):
            Catalog(file)

    assert before == layout(file)
    assert user_version(file) == 1
    assert ["old"] == Catalog(file).runs.experiments()
