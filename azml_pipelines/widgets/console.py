"""Following a run until it has ended: a live picture on a terminal, else lines."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Protocol, TextIO

from azml_pipelines.printable import encodable
from azml_pipelines.widgets.closing import closing_lines
from azml_pipelines.widgets.pace import Pace
from azml_pipelines.widgets.plain_view import PlainView
from azml_pipelines.widgets.signs import SIGNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from azml_pipelines.store.failure_groups import StepFailures
    from azml_pipelines.store.run_state import RunState
    from azml_pipelines.widgets.closing import OutputPlace

__all__ = ["Clock", "FollowedRun", "SystemClock", "follow", "wants_live_view"]

_POLL_SECONDS = 0.2


class FollowedRun(Protocol):
    """What following needs of a run."""

    def state(self) -> RunState:
        """Return what has happened to the run so far."""


class Clock(Protocol):
    """The only source of time here, so that tests need not wait."""

    def now(self) -> float:
        """Return seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The computer's own clock."""

    def now(self) -> float:
        """See ``Clock``."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """See ``Clock``."""
        time.sleep(seconds)


def follow(
    run: FollowedRun, stream: TextIO | None = None, *, clock: Clock | None = None
) -> None:
    """Show ``run`` until it has ended for good, then a summary.

    On a terminal a live picture is kept up to date. Elsewhere, and with ``NO_COLOR`` or
    ``CI`` in the environment, each change of state is one line, and so is every half
    minute without one.

    Args:
        run: Its ``state()`` is read five times per second.
        stream: ``sys.stdout`` unless given.
        clock: For tests.
    """
    stream = stream or sys.stdout
    clock = clock or SystemClock()
    if wants_live_view(stream, os.environ):
        state = _follow_live(run, stream, clock)
    else:
        state = _follow_plainly(run, stream, clock)
    outputs: Sequence[OutputPlace] = getattr(run, "output_places", tuple)()
    failures: Sequence[StepFailures] = getattr(run, "step_failures", tuple)()
    for line in closing_lines(state, clock.now(), outputs, failures):
        _write(stream, line)


def wants_live_view(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether ``stream`` is a terminal on which a picture can and may be redrawn."""
    if environment.get("NO_COLOR") or environment.get("CI"):
        return False
    if not stream.isatty() or environment.get("TERM") == "dumb":
        return False
    return encodable(SIGNS, stream.encoding) == SIGNS


def _follow_live(run: FollowedRun, stream: TextIO, clock: Clock) -> RunState:
    from rich.console import Console  # noqa: PLC0415 - logs do without it
    from rich.live import Live  # noqa: PLC0415 - the same

    from azml_pipelines.widgets.console_view import ConsoleView  # noqa: PLC0415 - rich

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    pace = Pace()
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:

        def draw(state: RunState, now: float) -> None:
            pace.observe(state, now)
            view = ConsoleView(console.width, console.height)
            live.update(view.render(state, now, pace), refresh=True)

        return _watch(run, draw, clock)


def _follow_plainly(run: FollowedRun, stream: TextIO, clock: Clock) -> RunState:
    pace = Pace()
    view = PlainView()

    def tell(state: RunState, now: float) -> None:
        pace.observe(state, now)
        for line in view.lines(state, now, pace):
            _write(stream, line)

    return _watch(run, tell, clock)


def _watch(
    run: FollowedRun, show: Callable[[RunState, float], None], clock: Clock
) -> RunState:
    """Show each state, the last one included, and return that."""
    while True:
        state = run.state()
        show(state, clock.now())
        if state.ended_for_good:
            return state
        clock.sleep(_POLL_SECONDS)


def _write(stream: TextIO, line: str) -> None:
    stream.write(encodable(line, stream.encoding) + "\n")
    stream.flush()
