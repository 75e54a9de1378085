"""``RunDetails``: a run in a notebook, as HTML that updates itself; else as text."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from azml_pipelines.printable import encodable
from azml_pipelines.widgets import state_html, step_table
from azml_pipelines.widgets.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.store.run_state import RunState
    from azml_pipelines.widgets.closing import OutputPlace
    from azml_pipelines.widgets.console import FollowedRun

__all__ = ["RunDetails", "html", "show"]

_REFRESH_SECONDS = 0.5
_MOST_METRICS = 20
_SHARE = 20
"""Reading metrics takes at most one part in so many of the time."""


def html(state: RunState, now: float | None = None) -> str:
    """Return ``state`` as one self-contained fragment of HTML.

    Args:
        state: What is to be shown.
        now: Seconds since 1970, for what is still running; the present unless given.
    """
    return state_html.render(state, time.time() if now is None else now)


class RunDetails:
    """Shows what a run is doing.

    Args:
        run_instance: A pipeline run; a step run shows the run that it belongs to.
    """

    def __init__(self, run_instance: FollowedRun) -> None:
        parent: FollowedRun | None = getattr(run_instance, "parent", None)
        self._run = parent or run_instance

    def show(
        self,
        render_lib: object = None,  # noqa: ARG002 - version 1's signature
        widget_settings: dict[str, Any] | None = None,  # noqa: ARG002 - the same
    ) -> None:
        """Show the run and return at once.

        In a notebook the picture updates itself until the run has ended, and its last
        version is what the saved notebook shows. In plain Python the present state is
        printed once, as a table.

        Args:
            render_lib: Accepted for version 1's sake, and ignored.
            widget_settings: The same.
        """
        shell = _notebook_shell()
        if shell is None:
            table = step_table.text(self._run.state(), time.time(), _outputs(self._run))
            table = "\n".join([*_Metrics(self._run).lines(last=True), table])
            print(encodable(table, sys.stdout.encoding))  # noqa: T201 - what it is for
            return
        _LiveDisplay(self._run, shell).start()

    def get_widget_data(
        self,
        widget_settings: dict[str, Any] | None = None,  # noqa: ARG002 - version 1's
    ) -> dict[str, Any]:
        """Return the present state as plain values, ready for ``json.dumps``.

        Args:
            widget_settings: Accepted for version 1's sake, and ignored.
        """
        return asdict(self._run.state())


class _Metrics:
    """What the scripts of a run have logged, read as often as that is cheap."""

    def __init__(self, run: FollowedRun) -> None:
        self._run = run
        self._lines: list[str] = []
        self._next = 0.0

    def lines(self, *, last: bool) -> list[str]:
        """Return a line for each metric, at most twenty.

        Args:
            last: Whether nothing more will be logged.
        """
        began = time.monotonic()
        if last or began >= self._next:
            found: list[str] = getattr(self._run, "metric_lines", list)()
            more = len(found) - _MOST_METRICS
            self._lines = found[:_MOST_METRICS]
            if more > 0:
                self._lines.append(f"and {more:,} more metrics")
            spent = time.monotonic() - began
            self._next = began + max(_REFRESH_SECONDS, _SHARE * spent)
        return self._lines


class _Picture:
    """A state as notebooks display it: HTML, and text for those that show no HTML."""

    def __init__(
        self,
        state: RunState,
        pace: Pace,
        outputs: Sequence[OutputPlace],
        metrics: Sequence[str],
    ) -> None:
        now = time.time()
        self._html = state_html.render(state, now, pace, outputs, metrics)
        self._text = "\n".join([*metrics, step_table.text(state, now, outputs)])

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return self._text


class _LiveDisplay:
    """Keeps one output of a notebook up to date until the run has ended.

    A thread does so while cells run or nobody does anything. The end of every cell does
    it too: a notebook that is executed as a whole may be saved and its kernel stopped
    before the thread gets to the last state.
    """

    def __init__(self, run: FollowedRun, shell: Any) -> None:  # noqa: ANN401 - IPython is untyped
        self._run = run
        self._shell = shell
        self._pace = Pace()
        self._metrics = _Metrics(run)
        self._lock = threading.Lock()
        self._shown: RunState | None = None
        self._handle: Any = None

    def start(self) -> None:
        """Show the present state; leave the rest to a thread."""
        from IPython.display import display  # noqa: PLC0415 - only notebooks have it

        state = self._run.state()
        picture = self._picture(state)
        self._handle = display(picture, display_id=True)  # type: ignore[no-untyped-call]
        if state.ended_for_good:
            return
        self._shell.events.register("post_run_cell", self._after_cell)
        threading.Thread(
            target=self._keep_fresh, name="azml-run-details", daemon=True
        ).start()

    def _keep_fresh(self) -> None:
        while not self._refresh():
            time.sleep(_REFRESH_SECONDS)

    def _after_cell(self, _result: object = None) -> None:
        if self._refresh():
            self._shell.events.unregister("post_run_cell", self._after_cell)

    def _refresh(self) -> bool:
        """Show the present state; return whether it is the last one."""
        with self._lock:
            if self._shown is not None and self._shown.ended_for_good:
                return True
            state = self._run.state()
            self._handle.update(self._picture(state))
            return state.ended_for_good

    def _picture(self, state: RunState) -> _Picture:
        self._pace.observe(state, time.time())
        self._shown = state
        outputs = _outputs(self._run) if state.ended_for_good else ()
        metrics = self._metrics.lines(last=state.ended_for_good)
        return _Picture(state, self._pace, outputs, metrics)


def _outputs(run: FollowedRun) -> Sequence[OutputPlace]:
    outputs: Sequence[OutputPlace] = getattr(run, "output_places", tuple)()
    return outputs


def _notebook_shell() -> Any:  # noqa: ANN401 - IPython is untyped
    """Return the shell of a notebook's kernel; None in plain Python and terminals."""
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython  # noqa: PLC0415 - only if it is there

    shell = get_ipython()
    return shell if getattr(shell, "kernel", None) is not None else None


def show(run: Any) -> None:  # noqa: ANN401 - what RunDetails takes
    """Show a run; see ``RunDetails.show``."""
    RunDetails(run).show()
