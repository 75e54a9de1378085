"""``azml replay``."""

from __future__ import annotations

import io
import sys

import pytest


def test_rows_alone_are_the_output(here, finished_id, type_command):
    """What else there is to say goes to standard error."""
    result = type_command("replay", finished_id, 1)

    assert (0, "1.txt\n") == (result.exit_code, result.stdout)
    assert "nothing was stored" in result.stderr


def test_an_error_of_the_script_is_shown_whole(here, failed_id, type_command):
    """The traceback ends with the user's exception; the exit code is 1."""
    result = type_command("replay", failed_id, 0)

    assert 1 == result.exit_code
    assert "Traceback" in result.stderr
    assert "ValueError: five is bad" == result.stderr.splitlines()[-1]


def test_the_debugger_opens_where_it_was_raised(
    here, failed_id, type_command, monkeypatch
):
    """In the script, with its variables."""
    frames = []
    monkeypatch.setattr(
        "pdb.post_mortem", lambda trace: frames.extend(_frames_of(trace))
    )
    result = type_command("replay", failed_id, 0, "--pdb")

    assert 1 == result.exit_code
    assert frames[-1].endswith("score.py")


def _frames_of(trace):
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename
        trace = trace.tb_next


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(
            ["99"], 2, "has no mini-batch 99; give a number from 0 to", id="no"
        ),
        pytest.param(["x"], 2, "'x' is not a valid integer", id="no number"),
        pytest.param(
            ["0", "--step", "y"], 2, "no parallel step 'y': read-texts", id="no step"
        ),
        pytest.param(["0", "--item-count", "9"], 2, "items", id="too many items"),
    ],
)
def test_what_is_not_there(here, finished_id, type_command, words, code, said):
    """One line says what there is."""
    result = type_command("replay", finished_id, *words)

    assert (code, "") == (result.exit_code, result.stdout)
    assert said in result.stderr


def test_prints_reach_the_terminal(monkeypatch):
    """A debugger needs the terminal itself; a pipe gets rows only."""
    from azml_pipelines.cli.foreground import talk_to_user

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for stream, expected in ((Terminal(), "x\n"), (io.StringIO(), "")):
        monkeypatch.setattr(sys, "stdout", stream)
        with talk_to_user():
            print("x")

        assert expected == stream.getvalue()
