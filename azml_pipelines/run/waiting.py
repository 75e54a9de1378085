"""Waiting for a run: with a picture or without, with a deadline, and never silently."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Protocol

from azml_pipelines.errors import (
    ActivityFailedException,
    ExperimentExecutionException,
)
from azml_pipelines.run.views import views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from azml_pipelines.run.output_place import RunOutputPlace
    from azml_pipelines.store.failure_groups import StepFailures
    from azml_pipelines.store.run_state import RunState

__all__ = ["FollowedRun", "failure", "follow_until", "wait_until"]

_SHORTEST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5


class FollowedRun(Protocol):
    """What waiting and drawing need of a run."""

    id: str

    def state(self) -> RunState:
        """Return what has happened so far."""
        ...

    def output_places(self) -> Sequence[RunOutputPlace]:
        """Return where the outputs lie."""
        ...

    def step_failures(self) -> Sequence[StepFailures]:
        """Return what failed in each step."""
        ...


def wait_until(
    ended: Callable[[], bool], run_id: str, timeout_seconds: float = sys.maxsize
) -> bool:
    """Return True once ``ended``, False when the time is over first.

    Raises:
        ExperimentExecutionException: Ctrl-C; the run goes on.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = _SHORTEST_PAUSE
    try:
        while not ended():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            # Short runs are noticed at once, long ones cost next to nothing.
            pause = min(pause * 1.5, _LONGEST_PAUSE)
    except KeyboardInterrupt as error:
        raise _interrupted(run_id) from error
    return True


def follow_until(run: FollowedRun, timeout_seconds: float = sys.maxsize) -> bool:
    """Show a run until it has ended (True) or the time is over (False).

    Raises:
        ExperimentExecutionException: Ctrl-C; the run goes on.
    """
    deadline = time.monotonic() + timeout_seconds
    try:
        views.get("console")(_UntilDeadline(run, deadline))
    except _TimeIsOverError:
        return False
    except KeyboardInterrupt as error:
        raise _interrupted(run.id) from error
    return True


def failure(what: str, error: str | None) -> ActivityFailedException:
    """Return the exception for somebody who waited for ``what``, as version 1's is."""
    message = error or f"{what} failed and left no message; its logs may know more."
    details = {"error": {"code": "UserError", "message": message}}
    return ActivityFailedException(message, error_details=json.dumps(details))


class _TimeIsOverError(Exception):
    """Leaves a view that knows no deadline; never seen outside of this file."""


class _UntilDeadline:
    """A run that stops being followed at a deadline: a view reads ``state()`` often."""

    def __init__(self, run: FollowedRun, deadline: float) -> None:
        self._run = run
        self._deadline = deadline
        self.id = run.id

    def state(self) -> RunState:
        state = self._run.state()
        if not state.ended_for_good and time.monotonic() >= self._deadline:
            raise _TimeIsOverError
        return state

    def output_places(self) -> Sequence[RunOutputPlace]:
        return self._run.output_places()

    def step_failures(self) -> Sequence[StepFailures]:
        return self._run.step_failures()


def _interrupted(run_id: str) -> ExperimentExecutionException:
    msg = (
        f"Stopped waiting for run {run_id}, which goes on; "
        f"`azml show {run_id}` shows it, `azml cancel {run_id}` stops it."
    )
    return ExperimentExecutionException(msg)
