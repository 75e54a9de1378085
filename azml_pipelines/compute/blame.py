"""Who is to blame for the end of a worker process: the mini-batch, or nobody. Pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.worker.messages import FailedTry, UserError
from azml_pipelines.worker.page import Phase

if TYPE_CHECKING:
    from azml_pipelines.worker.page import Running

__all__ = ["STRAY_SIGNALS", "Ending", "Overrun", "blame", "timeout_overrun"]

STRAY_SIGNALS = (signal.SIGKILL, signal.SIGTERM)
"""Signals that come from outside; what user code does wrong raises others."""


@dataclass(frozen=True)
class Overrun:
    """What a worker was doing when it was killed for taking too much of something."""

    mini_batch: int
    reason: str
    """``timeout`` or ``memory``."""
    message: str


@dataclass(frozen=True)
class Ending:
    """How a worker process ended."""

    status: int | None
    """Exit code, or minus the signal; None when nobody is left to say."""
    out_of_memory: bool = False
    """Whether the kernel has killed a process for want of memory meanwhile."""

    @property
    def text(self) -> str:
        """``signal SIGSEGV`` or ``exit code 3``."""
        if self.status is None:
            return "no answer"
        if self.status < 0:
            return f"signal {signal.Signals(-self.status).name}"
        return f"exit code {self.status}"

    @property
    def stray(self) -> bool:
        """Whether somebody from outside ended it, as far as anybody can tell."""
        return self.status is not None and -self.status in STRAY_SIGNALS


def timeout_overrun(running: Running, limit: float) -> Overrun:
    """Say that a mini-batch took longer than it may."""
    if running.phase == Phase.RUNNING:
        message = f"run() took longer than run_invocation_timeout={limit:g} s"
    else:
        message = f"reading or writing took longer than {limit:g} s"
    return Overrun(running.mini_batch, "timeout", f"{message} and was killed")


def blame(
    last: Running,
    attempt: int,
    seconds: float,
    ending: Ending,
    overrun: Overrun | None,
) -> FailedTry | None:
    """Say what the end of a worker means for the mini-batch that it held.

    Args:
        last: What it held.
        attempt: Which try that was.
        seconds: For how long.
        ending: How it ended.
        overrun: Why we killed it, if we did.

    Returns:
        None when it was killed for something that it had finished by then.
    """
    charged = True
    if overrun is not None:
        if overrun.mini_batch != last.mini_batch:
            return None
        reason, error = overrun.reason, UserError(overrun.reason, overrun.message)
    else:
        doing = "run()" if last.phase == Phase.RUNNING else "reading or writing"
        message = f"the worker process ended in {doing}: {ending.text}"
        error = UserError(ending.text, message)
        if ending.status is None:
            reason, charged = "node lost", False
        elif ending.stray and ending.out_of_memory:
            reason = "memory"
            message = f"the kernel killed the worker process in {doing}: out of memory"
            error = UserError("memory", message)
        else:
            reason = "signal" if ending.status < 0 else "exit"
            charged = not ending.stray
    return FailedTry(
        last.mini_batch, attempt, reason, last.items, error, seconds, charged
    )
