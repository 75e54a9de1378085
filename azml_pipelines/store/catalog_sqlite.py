"""A catalog in a SQLite file that many processes of one machine use at once."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, NullPool, create_engine, event

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.file_lock import wait_for_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SqliteStorage"]

_BUSY_SECONDS = 30.0
_LOCK_SECONDS = 30.0


class SqliteStorage:
    """The file ``catalog.db``; see ``CatalogStorage``.

    Args:
        path: The file; it and its folder are made, readable only by their owner.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = str(path)
        self.advice = (
            "Make room if the disk is full, and see that the file may be read and "
            "written."
        )
        self.engine = create_engine(
            f"sqlite:///{path}",
            poolclass=NullPool,
            connect_args={"timeout": _BUSY_SECONDS},
        )
        event.listen(self.engine, "connect", _leave_transactions_to_us)
        event.listen(self.engine, "begin", _begin)

    @contextmanager
    def preparing(self) -> Iterator[None]:
        """Keep others out, and make the file if it is missing.

        Switching to WAL ignores the busy timeout: two processes that make the same
        catalog at once would see "database is locked" without a lock of our own.

        Raises:
            WorkspaceException: Somebody else has been at it for half a minute.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _only_one(self._path.with_suffix(".lock")):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            with closing(sqlite3.connect(self._path, _BUSY_SECONDS)) as connection:
                if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                    connection.execute("PRAGMA journal_mode=WAL")
            yield

    def layout(self, connection: Connection) -> int:
        """Return which migration the file has seen last; 0 for a new one."""
        found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        return int(found)

    def set_layout(self, connection: Connection, version: int) -> None:
        """Write it down, together with what else the transaction changes."""
        connection.exec_driver_sql(f"PRAGMA user_version={version:d}")

    def keep_copy(self, version: int) -> None:
        """Copy the file to ``catalog.db.layout-<version>`` before it is changed."""
        copy = self._path.with_name(f"{self._path.name}.layout-{version}")
        unfinished = copy.with_name(f".{copy.name}.new")
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with (
            closing(sqlite3.connect(self._path, _BUSY_SECONDS)) as source,
            closing(sqlite3.connect(unfinished)) as target,
        ):
            source.backup(target)
        unfinished.replace(copy)


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
