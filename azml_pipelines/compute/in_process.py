"""One slot in the present process: a debugger stops inside of ``run()``."""

from __future__ import annotations

import sys
from bdb import BdbQuit
from collections import deque
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from azml_pipelines.compute.fetcher_link import start_fetcher
from azml_pipelines.compute.node_folder import make_node_folder
from azml_pipelines.compute.report import BundleReport
from azml_pipelines.errors import RunCanceledError
from azml_pipelines.worker.foreground import PROCESS, Foreground
from azml_pipelines.worker.frames import FrameReader
from azml_pipelines.worker.loop import StoreError, Worker
from azml_pipelines.worker.messages import FAILED, FailedTry, UserError
from azml_pipelines.worker.page import Page
from azml_pipelines.worker.part_file import PartFile
from azml_pipelines.worker.scratch import clear_scratch
from azml_pipelines.worker.user_errors import UserErrors

if TYPE_CHECKING:
    from azml_pipelines.compute.agent import AgentPlan
    from azml_pipelines.worker.entry import Entry, MiniBatchContext
    from azml_pipelines.worker.messages import Bundle

__all__ = ["InProcessSlots"]


class InProcessSlots:
    """Runs each bundle at once, when it is submitted; see ``engine.dispatch.Slots``.

    Args:
        plan: Of the first node; the number of its processes does not matter.
        source_directory: Where the user's own files lie; see ``Foreground``.
    """

    def __init__(self, plan: AgentPlan, source_directory: str = "") -> None:
        start = plan.start
        make_node_folder(plan.snapshot, Path(start.source_directory), plan.epoch)
        self._start = start
        self._reports: deque[BundleReport] = deque()
        self._submitted = 0
        self._page = Page.create()
        self._mailbox = _Mailbox()
        self._foreground = Foreground(start, source_directory)
        self._foreground.__enter__()
        self._entry = _StoppableEntry(self._foreground.entry)
        errors = Path(start.logs) / "user" / "error" / start.node / f"{PROCESS}.txt"
        errors.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._errors = _ShownErrors(start.source_directory, str(errors))
        self._part = f"{start.node}.{plan.epoch}.1.part"
        self._fetcher = start_fetcher(plan.supply, Path(start.logs), start.node)
        self._worker = Worker(
            self._mailbox,  # type: ignore[arg-type] # has what frames need of a socket
            self._page,
            entry=self._entry,
            inputs=self._foreground.inputs,
            action=self._foreground.action,
            part=PartFile(start.parts, self._part),
            errors=self._errors,
        )

    @property
    def count(self) -> int:
        """One: the present process."""
        return 1

    @property
    def in_hand(self) -> int:
        """Bundles that have run and wait to be looked at."""
        return len(self._reports)

    def recall(self) -> None:
        """Do nothing: what was submitted has run."""

    def moves(self) -> int:
        """Return a number that changes with every bundle."""
        return self._submitted

    def has_room(self, *, waiting: int) -> bool:
        """Whether the last report has been taken."""
        return not self._reports

    def describe(self) -> list[str]:
        """Return nothing: what was submitted has run."""
        return []

    def restart(self) -> None:
        """Do nothing: there is no other process."""

    def submit(self, bundle: Bundle) -> None:
        """Run a bundle to its end.

        Raises:
            RunCanceledError: Ctrl-C, or the debugger was left with ``quit``.
        """
        self._submitted += 1
        with self._fetcher.supplied(bundle.lines):
            self._reports.append(self._run(bundle))

    def next_report(self, timeout: float) -> BundleReport | None:
        """Return the report of the bundle that was submitted last."""
        return self._reports.popleft() if self._reports else None

    def close(self, *, at_once: bool = False) -> None:
        """Let the entry shut down, then put this process back in order.

        With ``at_once``, too: nobody kills this process, so what the entry has started
        would go on.
        """
        del at_once
        try:
            if self._entry.ready:
                self._worker.shut_down()
        finally:
            self._fetcher.close()
            self._foreground.__exit__(None, None, None)
            clear_scratch(self._start.scratch)
            self._page.close()

    def _run(self, bundle: Bundle) -> BundleReport:
        started = perf_counter()
        report = BundleReport.of(
            bundle, node=self._start.node, process=PROCESS, part=self._part
        )
        failure = self._init_failure()
        if failure is not None:
            return replace(report, unstarted=bundle.count, init_failure=failure)
        store_failure = None
        try:
            self._worker.run_bundle(bundle)
        except StoreError as error:
            store_failure = self._errors.describe(error.__cause__ or error)
        self._entry.check()
        failures = tuple(self._mailbox.failures())
        records = self._page.records(bundle.first, bundle.count)
        report = replace(report, records=records, failures=failures)
        settled = len(report.done()) + len(failures)
        return replace(
            report,
            unstarted=bundle.count - settled,
            store_failure=store_failure,
            seconds=perf_counter() - started,
        )

    def _init_failure(self) -> UserError | None:
        if self._entry.ready:
            return None
        try:
            self._entry.init()
        except BaseException as error:  # noqa: BLE001 - user code: reported, as a worker does
            self._entry.check()
            return self._errors.describe(error)
        return None


class _StoppableEntry:
    """An entry that remembers that its user wants to stop.

    A worker takes whatever ``run()`` raises for a failed try, Ctrl-C included: there it
    can only come from the script. Here it comes from the keyboard.
    """

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._stopped = False
        self.ready = False

    def init(self) -> None:
        """See ``Entry``."""
        try:
            self._entry.init()
        except (KeyboardInterrupt, BdbQuit):
            self._stopped = True
            raise
        self.ready = True

    def run(self, mini_batch: Any, context: MiniBatchContext) -> Any:  # noqa: ANN401 - the user's
        """See ``Entry``; refuses everything once it was stopped."""
        if self._stopped:
            raise KeyboardInterrupt
        try:
            return self._entry.run(mini_batch, context)
        except (KeyboardInterrupt, BdbQuit):
            self._stopped = True
            raise

    def shutdown(self) -> None:
        """See ``Entry``."""
        self._entry.shutdown()

    def check(self) -> None:
        """Stop the run if its user wants that.

        Raises:
            RunCanceledError: Ctrl-C, or the debugger was left with ``quit``.
        """
        if self._stopped:
            msg = "the run was interrupted"
            raise RunCanceledError(msg)


class _ShownErrors(UserErrors):
    """Errors of user code, shown at once: somebody is looking."""

    def describe(self, error: BaseException, where: str = "") -> UserError:
        """See ``UserErrors``."""
        described = super().describe(error, where)
        if not isinstance(error, KeyboardInterrupt | BdbQuit):
            print(f"{where}{described.traceback}", file=sys.stderr)  # noqa: T201 - asked for
        return described


class _Mailbox:
    """Keeps the frames that a worker sends; has what frames need of a socket."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def sendall(self, data: bytes) -> None:
        """Keep bytes."""
        self._bytes += data

    def recv(self, size: int) -> bytes:
        """Take bytes."""
        taken = bytes(self._bytes[:size])
        del self._bytes[:size]
        return taken

    def failures(self) -> list[FailedTry]:
        """Take the failed tries that were sent."""
        reader = FrameReader(self)  # type: ignore[arg-type] # has what frames need of a socket
        found = []
        while (frame := reader.read()) is not None:
            if frame[0] == FAILED:
                found.append(FailedTry.decode(frame[1]))
        return found
