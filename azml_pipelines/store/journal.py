"""The journal of one run: one SQLite file, one writer, fenced by an epoch.

Every write of an orchestrator carries its epoch in the same transaction. When another
one has taken the run over, the write changes nothing and says so.
"""

from __future__ import annotations

import hashlib
import socket
import sqlite3
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from azml_pipelines.data.commit import Slice
from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.run_state import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from azml_pipelines.plan.run_plan import RunPlan
    from azml_pipelines.store.run_state import Status
    from azml_pipelines.worker.messages import FailedTry
    from azml_pipelines.worker.page import Done

__all__ = [
    "SCHEMA_VERSION",
    "Journal",
    "LostRunError",
    "Owner",
    "Progress",
    "SettledBundle",
    "connect",
]

SCHEMA_VERSION = 1
_BUSY_SECONDS = 30


class LostRunError(WorkspaceException):
    """Another orchestrator has taken this run over."""


@dataclass(frozen=True)
class Owner:
    """The process that drives a run; its start time tells it from a later namesake."""

    host: str
    pid: int
    process_started: float

    @classmethod
    def of_process(cls, pid: int) -> Owner | None:
        """Describe a process of this machine; None when there is none."""
        import psutil  # noqa: PLC0415 - readers that never ask do not pay for it

        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(socket.gethostname(), pid, process.create_time())
        except psutil.NoSuchProcess:
            return None

    @property
    def alive(self) -> bool:
        """Whether the process runs. Processes of other machines are believed to."""
        if self.host != socket.gethostname():
            return True
        found = Owner.of_process(self.pid)
        return (
            found is not None and abs(found.process_started - self.process_started) < 1
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


class Journal:
    """Writes what happens to a run; used by one orchestrator process."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._lock = threading.Lock()
        self._epoch = 0

    @classmethod
    def create(cls, path: Path, plan: RunPlan, plan_text: bytes) -> None:
        """Make the journal of a run that has not started."""
        path.touch(mode=0o600, exist_ok=False)
        connection = connect(path)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            schema = resources.files("azml_pipelines.store").joinpath("schema.sql")
            connection.executescript(schema.read_text(encoding="utf-8"))
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT INTO run (id, schema_version, run_id, experiment, plan_sha256,"
                " created) VALUES (1, ?, ?, ?, ?, ?)",
                (
                    SCHEMA_VERSION,
                    plan.run_id,
                    plan.experiment,
                    hashlib.sha256(plan_text).hexdigest(),
                    time.time(),
                ),
            )
            connection.executemany(
                "INSERT INTO step (position, step_run_id, name) VALUES (?, ?, ?)",
                [(n, step.step_run_id, step.name) for n, step in enumerate(plan.steps)],
            )
            connection.execute("COMMIT")
        finally:
            connection.close()

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
                holder = self._holder()
                if holder is not None and holder.pid != owner.pid and holder.alive:
                    msg = (
                        f"the run is driven by process {holder.pid} on {holder.host}; "
                        "wait for it, or cancel the run first"
                    )
                    raise LostRunError(msg)
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
        """
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            ended = self.status() in TERMINAL
            if ended:
                self._connection.execute(
                    "UPDATE run SET status = 'Queued', error = NULL, ended = NULL"
                )
                self._connection.execute(
                    "UPDATE step SET status = 'NotStarted', error = NULL, ended = NULL"
                    " WHERE status <> 'Finished'"
                )
                self._connection.execute("UPDATE failure SET final = 0, charged = 0")
            self._connection.execute("COMMIT")
        return ended

    def note_launch(self, owner: Owner, epoch: int) -> None:
        """Note who is about to claim the run, unless somebody has since ``epoch``."""
        self._connection.execute(
            "UPDATE run SET host = ?, pid = ?, process_started = ? WHERE epoch = ?",
            (owner.host, owner.pid, owner.process_started, epoch),
        )

    def _holder(self) -> Owner | None:
        row = self._connection.execute(
            "SELECT host, pid, process_started FROM run"
        ).fetchone()
        return None if row["pid"] is None else Owner(*row)

    def status(self) -> Status:
        """Return the run's status."""
        row = self._connection.execute("SELECT status FROM run").fetchone()
        status: Status = row["status"]
        return status

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
                (status, error, time.time()),
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
                (status, error, time.time(), position),
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
        now = time.time()
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO part (step, name) VALUES (?, ?)",
                (position, bundle.part),
            )
            part = connection.execute(
                "SELECT id FROM part WHERE step = ? AND name = ?",
                (position, bundle.part),
            ).fetchone()["id"]
            connection.executemany(
                "INSERT OR IGNORE INTO done (mini_batch, offset, length, crc, rows,"
                f" items, seconds, step, part) VALUES (?, ?, ?, ?, ?, ?, ?, {position},"
                f" {int(part)})",
                bundle.done,
            )
            connection.executemany(
                "INSERT INTO failure (step, mini_batch, attempt, final, charged, reason,"
                " items, exception_type, message, user_line, traceback, node, process,"
                " seconds, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        position,
                        failed.mini_batch,
                        failed.attempt,
                        failed.mini_batch in bundle.final,
                        failed.charged,
                        failed.reason,
                        failed.items,
                        failed.error.exception_type,
                        failed.error.message,
                        failed.error.user_line,
                        failed.error.traceback,
                        bundle.node,
                        bundle.process,
                        failed.seconds,
                        now,
                    )
                    for failed in bundle.failures
                ],
            )
            self._write_progress(connection, position, progress)

    @staticmethod
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

    def heartbeat(self) -> None:
        """Say that the orchestrator lives.

        Raises:
            LostRunError: Another one has taken over.
        """
        with self._transaction():
            pass

    def forget_done(self, position: int, mini_batch: int) -> None:
        """Let a mini-batch run again whose rows are damaged."""
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM done WHERE step = ? AND mini_batch = ?",
                (position, mini_batch),
            )

    def slices(self, position: int) -> Iterator[Slice]:
        """Yield where the rows of each succeeded mini-batch stand, in input order."""
        rows = self._connection.execute(
            "SELECT mini_batch, part.name, offset, length, crc FROM done"
            " JOIN part ON part.id = done.part WHERE done.step = ? ORDER BY mini_batch",
            (position,),
        )
        for row in rows:
            yield Slice(*row)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                changed = self._connection.execute(
                    "UPDATE run SET heartbeat = ? WHERE epoch = ?",
                    (time.time(), self._epoch),
                )
                if not changed.rowcount:
                    msg = "another orchestrator has taken this run over"
                    raise LostRunError(msg)
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
