"""The journal of one run: one SQLite file, one writer, fenced by an epoch.

Every write of an orchestrator carries its epoch in the same transaction. When another
one has taken the run over, the write changes nothing and says so.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.failpoints import point
from azml_pipelines.store.journal_damage import DamagedJournalError, naming_damage
from azml_pipelines.store.journal_entries import (
    INSERT_FAILURE,
    Progress,
    SettledBundle,
    failure_rows,
)
from azml_pipelines.store.journal_file import connect, create_journal, reading, storable
from azml_pipelines.store.journal_records import (
    forget_damaged_of_run,
    forget_records,
    keep_records,
)
from azml_pipelines.store.journal_seals import (
    read_run,
    read_steps,
    row_damage,
    seal_rows,
    structure_damage,
)
from azml_pipelines.store.journal_slices import read_stretches
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.run_state import TERMINAL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from azml_pipelines.data.stretch import Stretch
    from azml_pipelines.store.run_state import Status

__all__ = [
    "DamagedJournalError",
    "Journal",
    "LostRunError",
    "Progress",
    "SettledBundle",
]


class LostRunError(WorkspaceException):
    """Another orchestrator has taken this run over."""


def _refuse_if_driven(run: sqlite3.Row, *, besides: int | None = None) -> None:
    if run["pid"] is None or run["pid"] == besides:
        return
    holder = Owner(run["host"], run["pid"], run["process_started"])
    if holder.alive:
        msg = (
            f"the run is driven by process {holder.pid} on {holder.host}; "
            "wait for it, or cancel the run first"
        )
        raise LostRunError(msg)


def _forget_end(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE run SET status = 'Queued', error = NULL, ended = NULL")
    connection.execute(
        "UPDATE step SET status = 'NotStarted', error = NULL, ended = NULL"
        " WHERE status <> 'Finished'"
    )


def _forgive(connection: sqlite3.Connection) -> None:
    """Try again what was given up, but not of a step that has finished."""
    connection.execute(
        "UPDATE failure SET final = 0, forgiven = 1 WHERE step IN"
        " (SELECT position FROM step WHERE status <> 'Finished')"
    )


def _write_progress(
    connection: sqlite3.Connection, position: int, progress: Progress
) -> None:
    connection.execute(
        "UPDATE step SET done_mini_batches = ?, failed_mini_batches = ?,"
        " succeeded_items = ?, failed_items = ?, retries = ? WHERE position = ?",
        (
            progress.done_mini_batches,
            progress.failed_mini_batches,
            progress.succeeded_items,
            progress.failed_items,
            progress.retries,
            position,
        ),
    )


_NOTE_OUTPUT = "UPDATE step SET output = ?, output_sha256 = ? WHERE position = ?"
_NOTE_PROCESSES = "UPDATE step SET auto_processes = ? WHERE position = ?"


class Journal:
    """Writes what happens to a run; used by one orchestrator process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with naming_damage(path):
            self._connection = connect(path)
            try:
                self._connection.execute("PRAGMA synchronous = NORMAL")
                seal_rows(self._connection)
            except BaseException:
                self._connection.close()
                raise
        self._lock = threading.Lock()
        self._epoch = 0

    create = staticmethod(create_journal)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def claim(self, owner: Owner) -> int:
        """Become the run's orchestrator: from now on nobody else's writes count.

        What succeeded and has a damaged record is forgotten, and so will run again. So
        is what was given up in a run that was reopened: not before this, because until
        now the writes of an earlier owner count.

        Returns:
            The new epoch.

        Raises:
            LostRunError: A living process drives the run already.
            DamagedJournalError: More than that is damaged.
        """
        with self._exclusive() as connection:
            run = self._run()
            _refuse_if_driven(run, besides=owner.pid)
            self._refuse_damage()
            if run["status"] == "Queued":
                _forgive(connection)
            connection.execute(
                "UPDATE run SET epoch = epoch + 1, host = ?, pid = ?,"
                " process_started = ?, heartbeat = ?",
                (owner.host, owner.pid, owner.process_started, time.time()),
            )
            forget_damaged_of_run(connection)
            epoch = self.epoch
        self._epoch = epoch
        return epoch

    @property
    def epoch(self) -> int:
        """How often the run has been claimed."""
        return int(self._run()["epoch"])

    def reopen(self) -> bool:
        """Let an ended run go on; False when it has not ended.

        Whoever claims it then tries again what was given up; its tries stay on record.

        Raises:
            LostRunError: A living process drives the run.
            DamagedJournalError: It cannot go on.
        """
        with self._exclusive() as connection:
            run = self._run()
            _refuse_if_driven(run)
            self._refuse_damage()
            ended = run["status"] in TERMINAL
            if ended:
                _forget_end(connection)
        return ended

    def _run(self) -> sqlite3.Row:
        with naming_damage(self._path):
            return read_run(self._connection, self._path)

    def _refuse_damage(self) -> None:
        connection = self._connection
        if problem := structure_damage(connection) or row_damage(connection):
            raise DamagedJournalError(self._path, problem)

    def note_launch(self, owner: Owner, epoch: int) -> None:
        """Note who is about to claim the run, unless somebody has since ``epoch``."""
        with self._exclusive() as connection:
            connection.execute(
                "UPDATE run SET host = ?, pid = ?, process_started = ? WHERE epoch = ?",
                (owner.host, owner.pid, owner.process_started, epoch),
            )

    def status(self) -> Status:
        """Return the run's status."""
        status: Status = self._run()["status"]
        return status

    def plan_sha256(self) -> str:
        """Return the digest of the plan as it was submitted."""
        return str(self._run()["plan_sha256"])

    def finished_steps(self) -> set[int]:
        """Return the positions of the steps that have finished."""
        with naming_damage(self._path):
            steps = read_steps(self._connection, self._path)
        return {step["position"] for step in steps if step["status"] == "Finished"}

    def start_run(self) -> None:
        """Note that the run goes on, for the first time or again."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE run SET status = 'Running', error = NULL, ended = NULL,"
                " started = coalesce(started, ?)",
                (time.time(),),
            )

    def end_run(self, status: Status, error: str | None = None) -> None:
        """Note that the run has ended, and give it out of hand."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE run SET status = ?, error = ?, ended = ?, pid = NULL",
                (status, error and storable(error), time.time()),
            )

    def start_step(self, position: int) -> None:
        """Note that a step has begun, for the first time or again."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE step SET status = 'Running', error = NULL, ended = NULL,"
                " started = coalesce(started, ?) WHERE position = ?",
                (time.time(), position),
            )

    def note_totals(
        self, position: int, mini_batches: int, items: int | None, sha256: str
    ) -> None:
        """Note that the list of a step's mini-batches is frozen."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE step SET total_mini_batches = ?, total_items = ?,"
                " list_sha256 = ? WHERE position = ?",
                (mini_batches, items, sha256, position),
            )

    def end_step(self, position: int, status: Status, error: str | None = None) -> None:
        """Note how a step has ended."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE step SET status = ?, error = ?, ended = ? WHERE position = ?",
                (status, error and storable(error), time.time(), position),
            )

    def note_processes(self, position: int, count: int) -> None:
        """Note how many worker processes ``auto`` has found room for."""
        with self._transaction() as connection:
            connection.execute(_NOTE_PROCESSES, (count, position))

    def note_output(self, position: int, path: str, sha256: str) -> None:
        """Note the committed output file of a step."""
        with self._transaction() as connection:
            connection.execute(_NOTE_OUTPUT, (path, sha256, position))

    def settle(self, position: int, bundle: SettledBundle, progress: Progress) -> None:
        """Write down one report, in one transaction."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO part (step, name, process) VALUES (?, ?, ?)",
                (position, bundle.part, bundle.process),
            )
            part = connection.execute(
                "SELECT id FROM part WHERE step = ? AND name = ?",
                (position, bundle.part),
            ).fetchone()["id"]
            place = part, bundle.part
            records, first = bundle.records, bundle.first_item
            keep_records(connection, position, place, records, first)
            connection.executemany(INSERT_FAILURE, failure_rows(position, bundle))
            _write_progress(connection, position, progress)

    def note_progress(self, position: int, progress: Progress) -> None:
        """Set the counters of a step to what its records say."""
        with self._transaction() as connection:
            _write_progress(connection, position, progress)

    def heartbeat(self) -> None:
        """Say that the orchestrator lives.

        Raises:
            LostRunError: Another one has taken over.
        """
        with self._transaction():
            pass

    def forget_done(self, position: int, mini_batches: Iterable[int]) -> None:
        """Let mini-batches run again whose rows are damaged."""
        with self._transaction() as connection:
            forget_records(connection, position, mini_batches)

    def stretches(self, position: int) -> Iterator[Stretch]:
        """Yield where the rows of succeeded mini-batches stand, in input order.

        One whose record is missing or damaged is yielded as a stretch that no part file
        can hold, so it is told from the others where these are read.

        Raises:
            DamagedJournalError: A record stands for no mini-batch of the plan, or for
                one that has a record already.
        """
        # Not on the connection that other steps write through.
        with reading(self._path) as connection:
            yield from read_stretches(connection, self._path, position)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._exclusive() as connection:
            point("journal.begin")
            self._check_epoch()
            yield connection
            point("journal.commit")
        point("journal.committed")

    @contextmanager
    def _exclusive(self) -> Iterator[sqlite3.Connection]:
        with self._lock, naming_damage(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # After some errors SQLite has done so itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _check_epoch(self) -> None:
        """Write the heartbeat, which an older epoch can not.

        Raises:
            LostRunError: There is a later one.
        """
        changed = self._connection.execute(
            "UPDATE run SET heartbeat = ? WHERE epoch = ?", (time.time(), self._epoch)
        )
        if not changed.rowcount:
            msg = "another orchestrator has taken this run over"
            raise LostRunError(msg)
