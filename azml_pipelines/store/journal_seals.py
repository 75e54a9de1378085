"""The seals of a journal's rows: checksums by which a damaged row is found.

Rows of ``run``, ``step``, ``listed`` and ``failure`` are sealed by triggers of the
connection that writes, so that no statement can forget it. For those of ``done`` see
``store.journal_records``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from azml_pipelines.store.journal_damage import DamagedJournalError
from azml_pipelines.store.journal_records import checked_runs
from azml_pipelines.worker.page import Done, unpack_records

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = [
    "COUNTERS",
    "DoneRow",
    "checked_done",
    "is_sealed",
    "read_done",
    "read_run",
    "read_step",
    "read_steps",
    "record_damage",
    "row_damage",
    "schema_seal",
    "seal_rows",
    "sealed",
    "structure_damage",
]

_SEALED_TABLES = ("run", "step", "listed", "failure")
COUNTERS = (
    "done_mini_batches",
    "failed_mini_batches",
    "succeeded_items",
    "failed_items",
    "retries",
)
"""Columns of ``step`` that are counted anew from the records when a step goes on."""
_UNSEALED = frozenset({"seal", "heartbeat", *COUNTERS})
_NO_RUN = "it names no run: its submission was never finished"


class DoneRow(NamedTuple):
    """A record of ``done``, and whether it is what was written."""

    mini_batch: int
    first_item: int
    part: str
    """Name of the part file; empty when nobody knows it any more."""
    offset: int
    length: int
    crc: int
    rows: int
    items: int
    whole: bool


def seal_rows(connection: sqlite3.Connection) -> None:
    """Seal every row of these tables that this connection writes from now on."""
    connection.create_function("seal_of", -1, _seal_of, deterministic=True)
    for table in _SEALED_TABLES:
        names = _columns(connection, table)
        values = ", ".join([f"'{_titles(names)}'", *(f"NEW.{name}" for name in names)])
        for event, columns in (("INSERT", ""), ("UPDATE", f" OF {', '.join(names)}")):
            connection.execute(
                f"CREATE TEMP TRIGGER seal_{table}_{event} AFTER {event}{columns}"  # noqa: S608 - names of ours
                f" ON main.{table} BEGIN UPDATE {table} SET seal = seal_of({values})"
                " WHERE rowid = NEW.rowid; END"
            )


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return [name for (name,) in rows if name not in _UNSEALED]


def _titles(names: Iterable[str]) -> str:
    return " ".join(names)


def _seal_of(*values: object) -> int:
    """Return the seal of a row from the names of its columns and what they hold."""
    return crc32(repr(values).encode())


def is_sealed(row: sqlite3.Row) -> bool:
    """Return whether a row is what was written; it has to have all of its columns."""
    names = [name for name in row.keys() if name not in _UNSEALED]  # noqa: SIM118 - no dict
    seal = _seal_of(_titles(names), *(row[name] for name in names))
    return "seal" in row.keys() and bool(row["seal"] == seal)  # noqa: SIM118 - the same


def sealed(row: sqlite3.Row, table: str, path: Path) -> sqlite3.Row:
    """Return a row that has been checked.

    Raises:
        DamagedJournalError: It is not what was written.
    """
    if not is_sealed(row):
        raise DamagedJournalError(path, f"{_name(table, row)} is not as it was written")
    return row


def _name(table: str, row: sqlite3.Row) -> str:
    return f"the record {row[0]!r:.20} of its table {table}"


def structure_damage(connection: sqlite3.Connection) -> str:
    """Return what is wrong with the file as a database; empty if it is whole.

    Reads all of it.
    """
    found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    return "" if found == "ok" else " ".join(found.split())


def schema_seal(connection: sqlite3.Connection) -> int:
    """Return the checksum of the layout, which says how the rows are to be read."""
    rows = connection.execute(
        "SELECT type, name, tbl_name, sql FROM main.sqlite_master ORDER BY name"
    )
    return crc32(repr([tuple(row) for row in rows]).encode())


def row_damage(connection: sqlite3.Connection) -> str:
    """Return which row is not what was written, other than those of ``done``.

    Its layout comes first.
    """
    run = connection.execute("SELECT * FROM run").fetchone()
    if run is None:
        return _NO_RUN
    if is_sealed(run) and run["schema_seal"] != schema_seal(connection):
        return "the layout of its tables is not as it was made"
    for table in _SEALED_TABLES:
        for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a name of ours
            if not is_sealed(row):
                return f"{_name(table, row)} is not as it was written"
    return ""


def record_damage(connection: sqlite3.Connection) -> str:
    """Return which row of ``done`` is not what was written."""
    for (position,) in connection.execute("SELECT position FROM step").fetchall():
        for row in read_done(connection, position):
            if not row.whole:
                return f"the record of mini-batch {row.mini_batch!r:.20} is not whole"
    return ""


def read_run(connection: sqlite3.Connection, path: Path) -> sqlite3.Row:
    """Return the run, checked.

    Raises:
        DamagedJournalError: It is not what was written.
    """
    row = connection.execute("SELECT * FROM run").fetchone()
    if row is None:
        raise DamagedJournalError(path, _NO_RUN)
    return sealed(row, "run", path)


def read_steps(connection: sqlite3.Connection, path: Path) -> list[sqlite3.Row]:
    """Return the steps in the order of the plan, each one checked.

    Raises:
        DamagedJournalError: One of them is not what was written.
    """
    rows = connection.execute("SELECT * FROM step ORDER BY position")
    steps = [sealed(row, "step", path) for row in rows]
    if [row["position"] for row in steps] != list(range(len(steps))):
        raise DamagedJournalError(path, "a record of its table step is missing")
    return steps


def read_step(connection: sqlite3.Connection, path: Path, position: int) -> sqlite3.Row:
    """Return one step, checked; its place is that in the plan.

    Raises:
        DamagedJournalError: It is not what was written, or is missing.
    """
    row = connection.execute(
        "SELECT * FROM step WHERE position = ?", (position,)
    ).fetchone()
    if row is None:
        raise DamagedJournalError(path, "a record of its table step is missing")
    return sealed(row, "step", path)


def checked_done(
    connection: sqlite3.Connection, position: int, *, short: bool = False
) -> Iterator[tuple[Done, int, str, bool]]:
    """Yield what succeeded of a step, in the order of the input.

    Args:
        connection: Reads the journal.
        position: Of the step in the plan.
        short: Only what has fewer results than items, or is damaged.

    Yields:
        The record; the first item of the piece; the name of the part, empty when nobody
        knows it any more; and whether all of that is what was written. A row that is
        not comes as one record, of its first mini-batch.
    """
    for run in checked_runs(connection, position):
        if not run.placed:
            yield _unknown(run.first), run.first_item, run.name, False
            continue
        if run.whole and short and not run.short:
            continue
        damaged = set(run.damaged())
        following = run.first
        for following, done in enumerate(unpack_records(run.records), run.first):
            if following in damaged:
                yield _unknown(following), run.first_item, run.name, False
            elif not (short and done.rows >= done.items):
                yield done, run.first_item, run.name, True
        for index in sorted(damaged):
            if index > following or not run.records:
                yield _unknown(index), run.first_item, run.name, False


def _unknown(mini_batch: int) -> Done:
    return Done(mini_batch, 0, 0, 0, 0, 0, 0.0)


def read_done(connection: sqlite3.Connection, position: int) -> Iterator[DoneRow]:
    """Yield what succeeded of a step, in the order of the input, each one checked."""
    for done, first_item, part, whole in checked_done(connection, position):
        mini_batch, offset, length, crc, rows, items, _, _ = done
        yield DoneRow(
            mini_batch, first_item, part, offset, length, crc, rows, items, whole
        )
