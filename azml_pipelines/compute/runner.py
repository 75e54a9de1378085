"""One worker process from the outside: its private socket, its page, its clock.

Only a runner has its worker killed. What user code does is reported, never raised.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from azml_pipelines.compute.blame import Ending, Overrun, blame, timeout_overrun
from azml_pipelines.compute.fork_server_link import ForkServerLostError
from azml_pipelines.compute.memory import (
    in_megabytes,
    kernel_memory_kills,
    resident_bytes,
)
from azml_pipelines.compute.report import BundleReport
from azml_pipelines.worker.frames import FrameReader, ProtocolError, send_frame
from azml_pipelines.worker.messages import (
    BUNDLE,
    BUNDLE_DONE,
    FAILED,
    INIT_FAILED,
    READY,
    STOP,
    STORE_FAILED,
    FailedTry,
    UserError,
)
from azml_pipelines.worker.page import Page, Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from azml_pipelines.compute.fork_server_link import ForkServerLink
    from azml_pipelines.worker.messages import Bundle, WorkerStart
    from azml_pipelines.worker.page import Running

__all__ = ["InitError", "ProcessLimits", "Runner"]

_LOOK_SECONDS = 0.25
_BEAT_SECONDS = 1.0
_EXIT_SECONDS = 10.0
_GRACE_SECONDS = 0.5
_WATCH_SECONDS = 0.05


class InitError(Exception):
    """A worker process did not get through its start. ``stray``: nobody is to blame."""

    def __init__(self, error: UserError, *, stray: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        self.stray = stray


@dataclass(frozen=True)
class ProcessLimits:
    """What a worker process may take: seconds, and bytes of memory."""

    run: float
    """One ``run()`` call."""
    init: float
    """From fork to the end of ``init()``."""
    overhead: float = 600.0
    """Reading a mini-batch, or writing its rows."""
    memory: int | None = None
    """Bytes of resident memory; None sets no limit."""
    stop: float = 10.0
    """``shutdown()`` and the end of the process."""

    def allowed(self, running: Running) -> float:
        """Return how many seconds a worker may do what it does."""
        return self.run if running.phase == Phase.RUNNING else self.overhead

    def left(self, running: Running, now: float, given: float = 0.0) -> float:
        """Return how many seconds are left of these; none when time is up.

        Args:
            running: What the worker has in hand.
            now: Seconds of this machine's monotonic clock.
            given: When it was given its bundle: nothing of it has begun before.
        """
        return max(running.since, given) + self.allowed(running) - now


class Runner:
    """Starts one worker process, hands it bundles, has it killed when time is up."""

    def __init__(
        self,
        server: ForkServerLink,
        start: WorkerStart,
        limits: ProcessLimits,
        *,
        outputs: Sequence[int] = (),
        on_move: Callable[[], None] = lambda: None,
    ) -> None:
        self._server = server
        self._limits = limits
        self._on_move = on_move
        self.seen: Running | None = None
        """What the worker was last seen with; may be asked by any thread."""
        self._memory_kills = kernel_memory_kills()
        self.start = start
        self.used = False
        self._page = Page.create()
        self._link, theirs = socket.socketpair()
        self._reader = FrameReader(self._link)
        self._born = time.monotonic()
        self._ready = False
        with theirs:
            server.start(start, theirs, self._page, outputs)

    @property
    def pid(self) -> int:
        """Process id of the worker; 0 as long as it is not known."""
        return self._server.pid(self.start.number) or 0

    def has_spoken(self) -> bool:
        """Whether ``init()`` has ended; may be asked by any thread."""
        with contextlib.suppress(ValueError, OSError):  # closed meanwhile
            return self._ready or bool(select.select([self._link], [], [], 0)[0])
        return False

    def wait_ready(self) -> None:
        """Wait for the end of ``init()``.

        Raises:
            InitError: The script cannot be loaded, its ``init()`` raised, took too
                long, or ended the process.
            ForkServerLostError: The node is gone.
        """
        if self._ready:
            return
        deadline = self._born + self._limits.init
        try:
            self._take_first_frame(deadline)
        except ProtocolError as error:
            self.kill()
            message = f"the worker process does not speak as one: {error}"
            raise InitError(UserError("ProtocolError", message)) from error

    def _take_first_frame(self, deadline: float) -> None:
        asked = time.monotonic()
        while True:
            rest = deadline - time.monotonic()
            frame = self._next_frame(min(rest, _BEAT_SECONDS))
            if frame is not None or self._closed or rest <= 0:
                break
            if not self.pid and time.monotonic() - asked > _EXIT_SECONDS:
                # Not even forked: the fork server is frozen.
                self._server.destroy()
                raise ForkServerLostError
            # It has a clock of its own, which still runs.
            self._on_move()
        if frame is not None and frame[0] == READY:
            self._ready = True
            return
        if frame is not None and frame[0] == INIT_FAILED:
            self.kill()
            raise InitError(UserError.decode(frame[1]))
        if time.monotonic() >= deadline:
            self.kill()
            message = f"init() took longer than {self._limits.init:g} s and was killed"
            raise InitError(UserError("timeout", message))
        ending = Ending(self.kill())
        message = f"the process ended in init(): {ending.text}"
        raise InitError(UserError(ending.text, message), stray=ending.stray)

    def run(self, bundle: Bundle) -> tuple[BundleReport, bool]:
        """Have a bundle processed.

        Returns:
            The report without the node's name, and whether the worker is still usable.

        Raises:
            ForkServerLostError: The node is gone; the report would be guesswork.
        """
        started = time.monotonic()
        failures: list[FailedTry] = []
        store_failure: UserError | None = None
        alive, overrun, unstarted = True, None, 0
        self.used = True
        try:
            self._link.settimeout(self._limits.overhead)
            send_frame(self._link, BUNDLE, bundle.encode())
            while True:
                frame = self._next_frame(self._look())
                if frame is None and self._closed:
                    alive = False
                elif frame is None:
                    overrun = self._overrun(started)
                    alive = overrun is None
                elif frame[0] == FAILED:
                    failures.append(FailedTry.decode(frame[1]))
                elif frame[0] == STORE_FAILED:
                    store_failure = UserError.decode(frame[1])
                    alive = False
                elif frame[0] == BUNDLE_DONE:
                    unstarted = int(frame[1])
                    break
                if not alive:
                    break
        except (OSError, ProtocolError, ValueError):
            alive = False
        report = self._report(bundle, failures, time.monotonic() - started)
        report = replace(report, store_failure=store_failure, unstarted=unstarted)
        if alive and report.complete:
            return report, True
        return self._post_mortem(bundle, report, overrun), False

    def stop(self) -> None:
        """Let the worker call ``shutdown()`` and end; kill it if it does not."""
        try:
            send_frame(self._link, STOP)
            self._server.wait_exit(self.start.number, self._limits.stop)
        except (OSError, ForkServerLostError):
            pass
        self.kill()

    def kill(self) -> int | None:
        """Kill the worker's process group; return how it ended, None when unknown.

        A worker that has closed its socket is ending by itself: how, it shall say.
        """
        try:
            if self._closed:
                status = self._server.wait_exit(self.start.number, _GRACE_SECONDS)
                if status is not None:
                    return status
            self._server.kill(self.start.number)
            status = self._server.wait_exit(self.start.number, _EXIT_SECONDS)
            if status is None:
                # Nobody reaps a killed process: the fork server itself is frozen.
                self._server.destroy()
        except ForkServerLostError:
            return None
        else:
            return status
        finally:
            self._link.close()

    def recall(self) -> None:
        """Ask for what the worker has not started of its bundle."""
        with contextlib.suppress(ValueError):  # released in between
            self._page.recall()

    def release(self) -> None:
        """Give the shared page back, when the worker has ended."""
        self._page.close()

    _closed = False

    def _next_frame(self, seconds: float) -> tuple[int, bytes] | None:
        """Return the next frame; None: not in time, or never again (``_closed``)."""
        deadline = time.monotonic() + seconds
        while True:
            frame = self._reader.buffered()
            if frame is not None:
                return frame
            rest = deadline - time.monotonic()
            if not select.select([self._link], [], [], max(rest, 0))[0]:
                return None
            try:
                open_still = self._reader.fill()
            except OSError:
                open_still = False
            if not open_still:
                self._closed = True
                return None

    def _look(self) -> float:
        """Look what the worker does, and return when to look again."""
        running = self._page.running()
        soon = _LOOK_SECONDS if self._limits.memory is None else _WATCH_SECONDS
        rest = self._limits.left(running, time.monotonic()) if running else 0.0
        # A clock of its own that still runs is a sign of life, too.
        if running != self.seen or rest > 0:
            self.seen = running
            self._on_move()
        return soon if running is None else min(max(rest, 0.001), soon)

    def _overrun(self, started: float) -> Overrun | None:
        """Return what the worker has to be killed for, if anything."""
        running = self._page.running()
        if running is None:
            return None
        allowed = self._limits.memory
        if allowed is not None and (used := resident_bytes(self.pid)) > allowed:
            message = (
                f"the worker process used {in_megabytes(used)} of memory, more than "
                f"memory_limit_per_process={in_megabytes(allowed)}, and was killed"
            )
            return Overrun(running.mini_batch, "memory", message)
        if self._limits.left(running, time.monotonic(), started) > 0:
            return None
        return timeout_overrun(running, self._limits.allowed(running))

    def _report(
        self, bundle: Bundle, failures: list[FailedTry], seconds: float
    ) -> BundleReport:
        return BundleReport.of(
            bundle,
            process=self.start.process,
            pid=self.pid,
            part=self.start.part,
            records=self._page.records(bundle.first, bundle.count),
            failures=tuple(failures),
            seconds=seconds,
        )

    def _post_mortem(
        self, bundle: Bundle, report: BundleReport, overrun: Overrun | None
    ) -> BundleReport:
        """Find out what the worker held when it ended, and who is to blame.

        The page is read again after the end: the worker may have finished what it held
        while it was being killed, and then nobody is to blame.
        """
        running = self._page.running()
        status = self.kill()
        starved = kernel_memory_kills() > self._memory_kills
        records = self._page.records(bundle.first, bundle.count)
        report = replace(report, records=records).without_gaps()
        last = self._page.running() or running
        held = bundle.first + bundle.count - report.unstarted
        if last is None or last.mini_batch != held or report.store_failure is not None:
            return report
        seconds = time.monotonic() - last.since
        ending = Ending(status, out_of_memory=starved)
        failed = blame(last, bundle.attempt, seconds, ending, overrun)
        if failed is None:
            return report
        failures = (*report.failures, failed)
        return replace(report, failures=failures, unstarted=report.unstarted - 1)
