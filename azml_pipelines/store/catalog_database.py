"""The one way to read and to change a workspace's catalog, wherever it is kept."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import insert, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from azml_pipelines.errors import UserErrorException, WorkspaceException
from azml_pipelines.masking import mask
from azml_pipelines.store.catalog_migrations import SCHEMA_VERSION, statements_to
from azml_pipelines.store.catalog_sqlite import SqliteStorage
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine, Table

__all__ = ["CatalogDatabase", "CatalogStorage", "save_row"]


class CatalogStorage(Protocol):
    """What differs between a file and a server.

    A connection of ``engine`` whose option ``azml_write`` is set is the only writer
    from the begin of its transaction on; any other one sees one moment.
    """

    name: str
    """What messages call it."""
    advice: str
    """What to do when it cannot be used."""
    engine: Engine

    def preparing(self) -> AbstractContextManager[None]:
        """Keep others from making or upgrading it meanwhile."""
        ...

    def layout(self, connection: Connection) -> int:
        """Return which migration it has seen last; 0 when it is new."""
        ...

    def set_layout(self, connection: Connection, version: int) -> None:
        """Write that down."""
        ...

    def keep_copy(self, version: int) -> None:
        """Copy what there is before a migration changes it, where that can be done."""
        ...


class CatalogDatabase:
    """A database that many processes use at the same time.

    Nothing stays open between two uses, so an object of this class may be kept in a
    notebook for days and survives a fork.

    Args:
        storage: Where it is kept; a path is a SQLite file.

    Raises:
        WorkspaceException: A later version of this package wrote it, or it cannot be
            opened.
    """

    def __init__(self, storage: CatalogStorage | Path) -> None:
        self._storage: CatalogStorage = (
            SqliteStorage(storage) if isinstance(storage, Path) else storage
        )
        with self._naming_trouble(), self._storage.preparing():
            self._upgrade()

    @property
    def name(self) -> str:
        """What messages call it."""
        return self._storage.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that sees one moment of the catalog.

        Raises:
            WorkspaceException: It cannot be read.
        """
        with self._naming_trouble(), self._storage.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a connection that is the only writer from its first statement on.

        What was read inside is still true when it is written: versions have no races.

        Raises:
            WorkspaceException: It cannot be written, for example on a full disk.
        """
        writer = self._storage.engine.execution_options(azml_write=True)
        with self._naming_trouble(), writer.begin() as connection:
            yield connection

    def _upgrade(self) -> None:
        with self.reading() as connection:
            found = self._storage.layout(connection)
        if found > SCHEMA_VERSION:
            msg = (
                f"{self._storage.name} was written by a later version of "
                f"azml-pipelines (its layout is {found}, this version knows "
                f"{SCHEMA_VERSION}); upgrade azml-pipelines in this environment."
            )
            raise WorkspaceException(msg)
        if 0 < found < SCHEMA_VERSION:
            self._storage.keep_copy(found)
        for version in range(found + 1, SCHEMA_VERSION + 1):
            with self.writing() as connection:
                # Somebody else may have done it since we looked.
                if self._storage.layout(connection) < version:
                    for statement in statements_to(version):
                        connection.exec_driver_sql(statement)
                    self._storage.set_layout(connection, version)

    @contextmanager
    def _naming_trouble(self) -> Iterator[None]:
        """Turn what the database says of itself into one line of ours."""
        try:
            yield
        except IntegrityError:
            raise  # about what is written, not about where
        except UnicodeEncodeError as error:
            msg = (
                f"{shown(error.object)} can neither be stored nor looked up: UTF-8 "
                "cannot hold its characters. Give other text."
            )
            raise UserErrorException(msg) from error
        except OverflowError as error:
            msg = (
                "A number is too large to be stored or looked up; the largest has 64 "
                "bits. Give a smaller one."
            )
            raise UserErrorException(msg) from error
        except (DatabaseError, sqlite3.DatabaseError) as error:
            said = " ".join(str(getattr(error, "orig", None) or error).split())
            msg = (
                f"The workspace's catalog {self._storage.name} cannot be used: "
                f"{mask(said)}. {self._storage.advice}"
            )
            raise WorkspaceException(msg) from error


def save_row(
    connection: Connection, table: Table, key: Mapping[str, Any], row: Mapping[str, Any]
) -> None:
    """Write ``row`` in the place of the one with this key, or add it.

    Args:
        connection: Of ``writing``: nobody adds the same row meanwhile.
        key: Columns that name one row.
        row: The other columns to set.
    """
    this = [table.c[name] == value for name, value in key.items()]
    if not connection.execute(update(table).where(*this).values(**row)).rowcount:
        connection.execute(insert(table).values(**key, **row))
