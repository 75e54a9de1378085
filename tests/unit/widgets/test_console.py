"""Following a run until it has ended."""

from __future__ import annotations

import io
from typing import NamedTuple

import pytest

from azml_pipelines.widgets.console import follow, wants_live_view


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        """Return True."""
        return True


class Place(NamedTuple):
    """Where an output lies."""

    name: str
    path: str


@pytest.fixture
def _plain_environment(monkeypatch):
    for name in ("CI", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_a_failed_runs_last_line_is_its_error(make_run, make_state, failed, clock):
    """Step, mini-batch, item, exception and line are what remains on the screen."""
    stream = io.StringIO()

    follow(make_run(make_state(), failed), stream, clock=clock)

    assert failed.error == stream.getvalue().splitlines()[-1]


@pytest.mark.usefixtures("_plain_environment")
def test_so_is_it_on_a_terminal(make_run, make_state, failed, clock):
    """The live picture does not come after it."""
    stream = Terminal()

    follow(make_run(make_state(), failed), stream, clock=clock)
    shown = stream.getvalue()

    assert failed.error == shown.splitlines()[-1]
    assert "\x1b[" in shown
    assert "━" in shown


def test_a_finished_run_says_where_its_output_is(make_run, finished, clock):
    """The path is absolute."""
    run = make_run(finished)
    run.output_places = lambda: [Place("inferences", "/data/azureml/1/inferences")]
    stream = io.StringIO()

    follow(run, stream, clock=clock)
    *_, summary, place = stream.getvalue().splitlines()

    assert summary.startswith("Finished in 1:30: 1 of 1 step finished, 100 mini-")
    assert place == "Output inferences: /data/azureml/1/inferences"


def test_an_error_without_a_message_is_still_an_error(make_run, make_state, clock):
    """The last line is never empty."""
    stream = io.StringIO()

    follow(make_run(make_state(status="Failed")), stream, clock=clock)

    assert "left no error message" in stream.getvalue().splitlines()[-1]


def test_a_canceled_run_says_how_to_go_on(make_run, make_state, clock):
    """The command can be copied."""
    stream = io.StringIO()

    follow(make_run(make_state(status="Canceled")), stream, clock=clock)

    assert stream.getvalue().splitlines()[-1] == "To go on: azml resume run-1"


def test_following_polls_until_the_end(make_run, make_state, finished, clock):
    """Five looks per second, and none after the last state."""
    started = clock.now()

    follow(make_run(*[make_state()] * 10, finished), io.StringIO(), clock=clock)

    assert pytest.approx(started + 2.0) == clock.now()


def test_logs_get_a_sign_of_life_every_half_minute(
    make_run, make_state, finished, clock
):
    """Three minutes without news are six lines, with all counts in each."""
    stream = io.StringIO()

    follow(make_run(*[make_state()] * 920, finished), stream, clock=clock)
    told = [line for line in stream.getvalue().splitlines() if "400/1,000" in line]
    still = [line for line in told if "nothing has moved for" in line]

    assert len(told) == 1 + 6
    assert len(still) == 6


def test_plain_lines_never_move_the_cursor(make_run, make_state, failed, clock):
    """What goes into a log is text."""
    stream = io.StringIO()
    state = make_state(experiment="x\x1b[2J")

    follow(make_run(state, failed), stream, clock=clock)

    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    ("encoding", "environment", "live"),
    [
        pytest.param("utf-8", {}, True, id="a terminal"),
        pytest.param("utf-8", {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param("utf-8", {"NO_COLOR": ""}, True, id="an empty NO_COLOR is none"),
        pytest.param("utf-8", {"CI": "true"}, False, id="CI"),
        pytest.param("utf-8", {"TERM": "dumb"}, False, id="a dumb terminal"),
        pytest.param("ascii", {}, False, id="a terminal without our signs"),
    ],
)
def test_who_gets_a_live_view(encoding, environment, live):
    """Only a terminal that can draw, and whose user wants it."""
    stream = Terminal()
    stream.encoding = encoding

    assert live is wants_live_view(stream, environment)


def test_a_pipe_gets_none():
    """A redirected stream is no terminal."""
    assert not wants_live_view(io.StringIO(), {})
