"""A step's logs in version 1's layout, written by the orchestrator as it settles."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from azml_pipelines.failpoints import point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from azml_pipelines.compute.report import BundleReport
    from azml_pipelines.engine.ledger import Counts
    from azml_pipelines.store.workspace_folder import StepFolder

__all__ = ["JobLogs"]

_OVERVIEW_SECONDS = 1.0
_MOST_PENDING = 4_000_000
_MANY = 100
"""So many mini-batches that come back together get one line in all."""
_DONE = ",RUN_DONE\n"
_README = """\
job_result.txt                          the result, in a few lines
job_progress_overview.<start>.txt       how the step went on
job_error.txt                           every failed try, one line each
user/error.txt                          the same, for scripts that look there
user/error/<node>/<process>.txt         full tracebacks of the entry script
user/stdout, user/stderr                what the entry script printed
user/entry_script_log                   what EntryScript().logger was given
sys/node/<node>/<process>.txt           the mini-batches, short ones together
sys/stalls.txt                          if nothing moved for long: what was in hand
sys/job_report/processed_mini-batches.csv
sys/metrics/<start>/progress.csv
"""


def _together(head: str, report: BundleReport) -> str:
    """Return one line for mini-batches that are too short for a line each."""
    count, rows, items, short, seconds = report.sums
    return (
        f"{head} {report.first}-{report.first + report.count - report.unstarted - 1}"
        f" try {report.attempt}: {count} done, total {items} succeeded {rows}"
        f" failed {short} run {seconds:.6f} s\n"
    )


def _one_by_one(head: str, report: BundleReport) -> Iterator[str]:
    for index, _, _, _, rows, items, seconds, _ in report.done():
        yield (
            f"{head} {index} try {report.attempt} total {items}"
            f" succeeded {rows} failed {max(items - rows, 0)} run {seconds:.6f} s\n"
        )


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


class JobLogs:
    """Writes the logs of one step.

    Args:
        folder: Of the step.
        total: Mini-batches of the step.
        clock: Monotonic seconds; the overview is written once in a while.
    """

    def __init__(
        self,
        folder: StepFolder,
        total: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logs = folder.logs
        self.total = total
        """Mini-batches that are known; more while the input is being listed."""
        self._started = time.time()
        self._next_overview = 0.0
        self._pending: dict[str, list[str]] = {}
        self._pending_size = 0
        self._clock = clock
        run = datetime.fromtimestamp(self._started, UTC).strftime("%Y%m%d%H%M%S")
        self._overview = self._path(f"job_progress_overview.{run}.txt")
        self._progress = self._path(f"sys/metrics/{run}/progress.csv")
        self._processed = self._path("sys/job_report/processed_mini-batches.csv")
        self._path("readme.txt").write_text(_README, encoding="utf-8")
        if not self._processed.exists():
            self._append(self._processed, "Mini-batch Id,Status\n")
        self._append(
            self._progress,
            "Datetime,Total Tasks,Scheduled Tasks,Completed Tasks,Failed Tasks,"
            "Elapsed Time,Estimated Remaining Time\n",
        )

    def settled(
        self, report: BundleReport, final: frozenset[int], counts: Counts
    ) -> None:
        """Note one report."""
        point("logs.write")
        records: list[str] = []
        processed: list[str] = []
        head = f"{_stamp(time.time())} {report.node} pid {report.pid}"
        if report.records:
            processed.append(_DONE.join(map(str, report.mini_batches)) + _DONE)
        if report.sums.mini_batches > _MANY:
            records.append(_together(f"{head} mini-batches", report))
        else:
            records += _one_by_one(f"{head} mini-batch", report)
        errors: list[str] = []
        for failed in report.failures:
            word = "RUN_TIMEOUT" if failed.reason == "timeout" else "RUN_FAILED"
            given_up = failed.mini_batch in final
            outcome = "given up" if given_up else "tried again"
            error = failed.error
            line = (
                f"{head} mini-batch {failed.mini_batch} try {failed.attempt}"
                f" {failed.reason}: {error.exception_type}: {error.message}"
                f" {error.user_line} ({outcome})".replace("\n", " ")
                + "\n"
            )
            errors.append(line)
            records.append(line)
            if given_up:
                processed.append(f"{failed.mini_batch},{word}\n")
        self._keep(f"sys/node/{report.node}/{report.process}.txt", records)
        self._keep("sys/job_report/processed_mini-batches.csv", processed)
        self._keep("job_error.txt", errors)
        self._keep("user/error.txt", errors)
        due = self._clock() >= self._next_overview
        if due or self._pending_size > _MOST_PENDING:
            self._note_progress(counts)

    def _keep(self, name: str, lines: list[str]) -> None:
        """Have lines written with the next overview: opening files takes its time."""
        if lines:
            self._pending.setdefault(name, []).extend(lines)
            self._pending_size += sum(map(len, lines))

    def _flush(self) -> None:
        pending, self._pending = self._pending, {}
        self._pending_size = 0
        for name, lines in pending.items():
            self._append(self._path(name), "".join(lines))

    def ended(self, status: str, error: str | None, counts: Counts) -> None:
        """Note the end of the step."""
        self._note_progress(counts)
        result = f"Status: {status}\n{self._facts(counts)}"
        if error:
            result += f"Error: {error}\n"
        self._path("job_result.txt").write_text(
            result, encoding="utf-8", errors="backslashreplace"
        )

    def _facts(self, counts: Counts) -> str:
        return (
            f"Mini-batches: total {self.total}, processed {counts.done_mini_batches}, "
            f"failed {counts.failed_mini_batches}, "
            f"remaining {self.total - counts.done_mini_batches}, "
            f"retries {counts.retries}\n"
            f"Items: succeeded {counts.succeeded_items}, failed {counts.failed_items}\n"
        )

    def _note_progress(self, counts: Counts) -> None:
        self._flush()
        now = time.time()
        self._next_overview = self._clock() + _OVERVIEW_SECONDS
        elapsed = now - self._started
        left = "N/A"
        if counts.done_mini_batches:
            rest = self.total - counts.done_mini_batches
            left = f"{elapsed / counts.done_mini_batches * rest:.3f}"
        self._append(self._overview, f"{_stamp(now)}\n{self._facts(counts)}\n")
        self._append(
            self._progress,
            f"{_stamp(now)},{self.total},{counts.done_mini_batches},"
            f"{counts.done_mini_batches},{counts.failed_mini_batches},{elapsed:.3f},"
            f"{left}\n",
        )

    def _path(self, name: str) -> Path:
        path = self._logs / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    @staticmethod
    def _append(path: Path, text: str) -> None:
        if text:
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
