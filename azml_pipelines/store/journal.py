"""The journal of one run: one SQLite file, one writer, fenced by an epoch.

Every write of an orchestrator carries its epoch in the same transaction. When another
one has taken the run over, the write changes nothing and says so.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.data.commit import Slice
from azml_pipelines.errors import WorkspaceException
from azml_pipelines.failpoints import point
from azml_pipelines.store.journal_file import connect, create_journal, storable
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.run_state import TERMINAL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from azml_pipelines.store.run_state import Status
    from azml_pipelines.worker.messages import FailedTry
    from azml_pipelines.worker.page import Done

__all__ = [
    "DamagedJournalError",
    "Journal",
    "LostRunError",
    "Progress",
    "SettledBundle",
]


class LostRunError(WorkspaceException):
    """Another orchestrator has taken this run over."""


class DamagedJournalError(WorkspaceException):
    """The journal is not what was written; see ``azml verify``."""

    def __init__(self, mini_batch: int) -> None:
        super().__init__(
            f"the run's journal is damaged: its record of mini-batch {mini_batch} "
            "cannot be; look at it with azml verify, and submit the pipeline again"
        )


@dataclass(frozen=True)
class Progress:
    """A step's counters, stored beside its records: nobody has to add them up."""

    done_mini_batches: int = 0
    failed_mini_batches: int = 0
    succeeded_items: int = 0
    failed_items: int = 0
    retries: int = 0


@dataclass(frozen=True)
class SettledBundle:
    """What one report adds to the journal."""

    part: str
    done: Iterable[Done]
    failures: Sequence[FailedTry]
    final: frozenset[int]
    """Mini-batches among the failures that were given up."""
    node: str
    process: str
    split: frozenset[int] = frozenset()
    """Mini-batches among the failures whose halves are tried next."""
    first_item: int = 0
    """Where the piece begins, when the bundle is a piece of one mini-batch."""


_INSERT_FAILURE = (
    "INSERT INTO failure (step, mini_batch, attempt, first_item, final, split, charged,"
    " reason, items, exception_type, message, user_line, traceback, node, process,"
    " seconds, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def _failures(position: int, bundle: SettledBundle) -> Iterator[tuple[object, ...]]:
    now = time.time()
    for failed in bundle.failures:
        yield (
            position,
            failed.mini_batch,
            failed.attempt,
            bundle.first_item,
            failed.mini_batch in bundle.final,
            failed.mini_batch in bundle.split,
            failed.charged,
            failed.reason,
            failed.items,
            storable(failed.error.exception_type),
            storable(failed.error.message),
            storable(failed.error.user_line),
            storable(failed.error.traceback),
            bundle.node,
            bundle.process,
            failed.seconds,
            now,
        )


def _refuse_if_driven(
    connection: sqlite3.Connection, *, besides: int | None = None
) -> None:
    row = connection.execute("SELECT host, pid, process_started FROM run").fetchone()
    if row["pid"] is None or row["pid"] == besides:
        return
    holder = Owner(*row)
    if holder.alive:
        msg = (
            f"the run is driven by process {holder.pid} on {holder.host}; "
            "wait for it, or cancel the run first"
        )
        raise LostRunError(msg)


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


class Journal:
    """Writes what happens to a run; used by one orchestrator process."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._lock = threading.Lock()
        self._epoch = 0

    create = staticmethod(create_journal)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def claim(self, owner: Owner) -> int:
        """Become the run's orchestrator: from now on nobody else's writes count.

        Returns:
            The new epoch.

        Raises:
            LostRunError: A living process drives the run already.
        """
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                _refuse_if_driven(self._connection, besides=owner.pid)
                self._connection.execute(
                    "UPDATE run SET epoch = epoch + 1, host = ?, pid = ?,"
                    " process_started = ?, heartbeat = ?",
                    (owner.host, owner.pid, owner.process_started, time.time()),
                )
                row = self._connection.execute("SELECT epoch FROM run").fetchone()
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        self._epoch = int(row["epoch"])
        return self._epoch

    @property
    def epoch(self) -> int:
        """How often the run has been claimed."""
        return int(self._connection.execute("SELECT epoch FROM run").fetchone()[0])

    def reopen(self) -> bool:
        """Let an ended run go on; False when it has not ended.

        Mini-batches that were given up are tried again; their tries stay on record.

        Raises:
            LostRunError: A living process drives the run.
        """
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                _refuse_if_driven(self._connection)
                ended = self.status() in TERMINAL
                if ended:
                    self._forget_end()
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        return ended

    def _forget_end(self) -> None:
        self._connection.execute(
            "UPDATE run SET status = 'Queued', error = NULL, ended = NULL"
        )
        self._connection.execute(
            "UPDATE step SET status = 'NotStarted', error = NULL, ended = NULL"
            " WHERE status <> 'Finished'"
        )
        self._connection.execute("UPDATE failure SET final = 0, forgiven = 1")

    def note_launch(self, owner: Owner, epoch: int) -> None:
        """Note who is about to claim the run, unless somebody has since ``epoch``."""
        self._connection.execute(
            "UPDATE run SET host = ?, pid = ?, process_started = ? WHERE epoch = ?",
            (owner.host, owner.pid, owner.process_started, epoch),
        )

    def status(self) -> Status:
        """Return the run's status."""
        row = self._connection.execute("SELECT status FROM run").fetchone()
        status: Status = row["status"]
        return status

    def plan_sha256(self) -> str:
        """Return the digest of the plan as it was submitted."""
        row = self._connection.execute("SELECT plan_sha256 FROM run").fetchone()
        return str(row["plan_sha256"])

    def finished_steps(self) -> set[int]:
        """Return the positions of the steps that have finished."""
        rows = self._connection.execute(
            "SELECT position FROM step WHERE status = 'Finished'"
        )
        return {row["position"] for row in rows}

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

    def note_output(self, position: int, path: str, sha256: str) -> None:
        """Note the committed output file of a step."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE step SET output = ?, output_sha256 = ? WHERE position = ?",
                (path, sha256, position),
            )

    def settle(self, position: int, bundle: SettledBundle, progress: Progress) -> None:
        """Write down one report, in one transaction."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO part (step, name) VALUES (?, ?)",
                (position, bundle.part),
            )
            part = connection.execute(
                "SELECT id FROM part WHERE step = ? AND name = ?",
                (position, bundle.part),
            ).fetchone()["id"]
            # Numbers of ours, not parameters: there is one record per mini-batch.
            connection.executemany(
                "INSERT OR IGNORE INTO done (mini_batch, offset, length, crc, rows,"  # noqa: S608
                " items, seconds, step, part, first_item)"
                f" VALUES (?, ?, ?, ?, ?, ?, ?, {position}, {int(part)},"
                f" {bundle.first_item})",
                bundle.done,
            )
            connection.executemany(_INSERT_FAILURE, _failures(position, bundle))
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
            connection.executemany(
                "DELETE FROM done WHERE step = ? AND mini_batch = ?",
                [(position, mini_batch) for mini_batch in mini_batches],
            )

    def slices(self, position: int) -> Iterator[Slice]:
        """Yield where the rows of each succeeded mini-batch stand, in input order.

        Raises:
            DamagedJournalError: A record stands for no mini-batch of the plan, or for
                one that has a record already.
        """
        total = self._connection.execute(
            "SELECT total_mini_batches FROM step WHERE position = ?", (position,)
        ).fetchone()[0]
        rows = self._connection.execute(
            "SELECT mini_batch, part.name, offset, length, crc, first_item FROM done"
            " JOIN part ON part.id = done.part WHERE done.step = ?"
            " ORDER BY mini_batch, first_item",
            (position,),
        )
        last = (-1, 0)
        for *fields, first_item in rows:
            place = (fields[0], first_item)
            if place <= last or (total is not None and fields[0] >= total):
                raise DamagedJournalError(fields[0])
            last = place
            yield Slice(*fields)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                point("journal.begin")
                self._check_epoch()
                yield self._connection
                point("journal.commit")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        point("journal.committed")

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
