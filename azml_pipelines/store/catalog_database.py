"""The tables of a workspace's catalog, and the one way to read and to change them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    NullPool,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.exc import DatabaseError, IntegrityError

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.file_lock import wait_for_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "SCHEMA_VERSION",
    "CatalogDatabase",
    "computes",
    "datasets",
    "datastores",
    "environments",
    "models",
    "preferences",
    "runs",
]

SCHEMA_VERSION = 1
_BUSY_SECONDS = 30.0
_LOCK_SECONDS = 30.0

_tables = MetaData()

datastores = Table(
    "datastores",
    _tables,
    Column("name", String, primary_key=True),
    Column("settings", Text, nullable=False),
)
preferences = Table(
    "preferences",
    _tables,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
datasets = Table(
    "datasets",
    _tables,
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("description", Text),
    Column("tags", JSON, nullable=False),
    Column("definition", Text, nullable=False),
    Column("created", Float, nullable=False),
    PrimaryKeyConstraint("name", "version"),
)
models = Table(
    "models",
    _tables,
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("description", Text),
    Column("tags", JSON, nullable=False),
    Column("properties", JSON, nullable=False),
    Column("framework", String),
    Column("framework_version", String),
    Column("created", Float, nullable=False),
    PrimaryKeyConstraint("name", "version"),
)
environments = Table(
    "environments",
    _tables,
    Column("name", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("definition", Text, nullable=False),
    PrimaryKeyConstraint("name", "version"),
)
computes = Table(
    "computes",
    _tables,
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("settings", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
)
runs = Table(
    "runs",
    _tables,
    Column("run_id", String, primary_key=True),
    Column("experiment", String, nullable=False, index=True),
    Column("created", Float, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("resubmitted_from", String),
)


class CatalogDatabase:
    """One SQLite file that many processes use at the same time.

    Nothing stays open between two uses, so an object of this class may be kept in a
    notebook for days and survives a fork.

    Args:
        path: The file; it and its folder are made, readable only by their owner.

    Raises:
        WorkspaceException: A later version of this package wrote the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._engine = create_engine(
            f"sqlite:///{path}",
            poolclass=NullPool,
            connect_args={"timeout": _BUSY_SECONDS},
        )
        event.listen(self._engine, "connect", _leave_transactions_to_us)
        event.listen(self._engine, "begin", _begin)
        # Switching to WAL ignores the busy timeout: two processes that make the same
        # catalog at once would see "database is locked" without a lock of our own.
        with _only_one(path.with_suffix(".lock")):
            self._prepare()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that sees one moment of the catalog.

        Raises:
            WorkspaceException: The file cannot be read, for example on a full disk.
        """
        with _naming_trouble(self._path), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a connection that is the only writer from its first statement on.

        What was read inside is still true when it is written: versions have no races.

        Raises:
            WorkspaceException: The file cannot be written, for example on a full disk.
        """
        writer = self._engine.execution_options(azml_write=True)
        with _naming_trouble(self._path), writer.begin() as connection:
            yield connection

    def _prepare(self) -> None:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with _naming_trouble(self._path), self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None  # noqa: S101 - an open connection has one
            found: int = raw.execute("PRAGMA user_version").fetchone()[0]
            if found == 0:
                raw.execute("PRAGMA journal_mode=WAL")
        if found > SCHEMA_VERSION:
            msg = (
                f"{self._path} was written by a later version of azml-pipelines "
                f"(its layout is {found}, this version knows {SCHEMA_VERSION}); "
                "upgrade azml-pipelines in this environment."
            )
            raise WorkspaceException(msg)
        if found == 0:
            with self.writing() as connection:
                _tables.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")


@contextmanager
def _naming_trouble(path: Path) -> Iterator[None]:
    """Turn what SQLite says of the machine or of the file into one line of ours."""
    try:
        yield
    except IntegrityError:
        raise  # about what is written, not about the file
    except (DatabaseError, sqlite3.DatabaseError) as error:
        said = getattr(error, "orig", None) or error
        msg = (
            f"The workspace's catalog {path} cannot be used: {said}. Make room if the "
            "disk is full, and see that the file may be read and written."
        )
        raise WorkspaceException(msg) from error


def _leave_transactions_to_us(connection: sqlite3.Connection, _record: object) -> None:
    """Stop Python's driver from opening transactions late and behind our back."""
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("azml_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not wait_for_lock(descriptor, _LOCK_SECONDS):
            msg = (
                f"Another process has been making {lock.with_suffix('.db')} for "
                f"{_LOCK_SECONDS:g} s; end it, or try again later."
            )
            raise WorkspaceException(msg)
        yield
    finally:
        os.close(descriptor)
