"""The SQLite file of a journal: how it is made, opened and written to as text."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from contextlib import closing, contextmanager
from importlib import resources
from typing import TYPE_CHECKING

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.journal_damage import naming_damage
from azml_pipelines.store.journal_seals import schema_seal, seal_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.plan.run_plan import RunPlan

__all__ = ["SCHEMA_VERSION", "connect", "create_journal", "reading", "storable"]

SCHEMA_VERSION = 1
_BUSY_SECONDS = 30


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open a journal file; transactions are begun by hand."""
    mode = "ro" if read_only else "rw"
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a journal for reading, in one transaction: all of one moment.

    Raises:
        DamagedJournalError: It is not the journal of a run, or is damaged.
        WorkspaceException: It cannot be opened or read.
    """
    try:
        with naming_damage(path), closing(connect(path, read_only=True)) as connection:
            connection.execute("BEGIN")
            yield connection
    except sqlite3.OperationalError as error:
        msg = (
            f"the run's journal {path} cannot be read: {error}; make room if the disk "
            "is full, and try again"
        )
        raise WorkspaceException(msg, inner_exception=error) from error


def create_journal(path: Path, plan: RunPlan, plan_text: bytes) -> None:
    """Make the journal of a run that has not started.

    Raises:
        FileExistsError: The run has one already.
    """
    path.touch(mode=0o600, exist_ok=False)
    connection = connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        schema = resources.files("azml_pipelines.store").joinpath("schema.sql")
        connection.executescript(schema.read_text(encoding="utf-8"))
        seal_rows(connection)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO run (id, schema_version, schema_seal, run_id, experiment,"
            " plan_sha256, created) VALUES (1, ?, ?, ?, ?, ?, ?)",
            (
                SCHEMA_VERSION,
                schema_seal(connection),
                plan.run_id,
                plan.experiment,
                hashlib.sha256(plan_text).hexdigest(),
                time.time(),
            ),
        )
        connection.executemany(
            "INSERT INTO step (position, step_run_id, name, kind) VALUES (?, ?, ?, ?)",
            [
                (n, step.step_run_id, step.name, step.kind)
                for n, step in enumerate(plan.steps)
            ],
        )
        connection.execute("COMMIT")
    finally:
        connection.close()


def storable(text: str) -> str:
    """Return ``text`` as SQLite can hold it.

    File names that are not UTF-8 reach us as lone surrogates, in messages of user code
    among others; they become escapes that a person can read.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
