"""What a failed command says, and the number with which it ends."""

from __future__ import annotations

import click
import pytest

from azml_pipelines.cli.exit_code import exit_codes
from azml_pipelines.errors import (
    ActivityFailedException,
    DeclarationError,
    RunCanceledError,
    RunNotFoundError,
)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        pytest.param(
            ActivityFailedException("step a"), 1, "Error: step a\n", id="run failed"
        ),
        pytest.param(DeclarationError("a\nb"), 2, "Error: a b\n", id="usage"),
        pytest.param(RunNotFoundError("none"), 4, "Error: none\n", id="not found"),
        pytest.param(PermissionError(13, "no"), 5, "Error: [Errno 13] no\n", id="disk"),
        pytest.param(RunCanceledError("x"), 6, "Error: x\n", id="canceled"),
        pytest.param(
            KeyError("k"),
            70,
            "Internal error: KeyError: 'k' (azml --debug … shows where)\n",
            id="our own mistake",
        ),
        pytest.param(KeyboardInterrupt(), 130, "Interrupted.\n", id="Ctrl-C"),
    ],
)
def test_each_kind_of_error_has_its_number(capsys, error, code, message):
    """One line to standard error, nothing to standard output."""
    with pytest.raises(click.exceptions.Exit) as ended, exit_codes(debug=False):
        raise error

    assert ended.value.exit_code == code
    assert capsys.readouterr() == ("", message)


def test_debug_shows_the_traceback_first(capsys):
    """The message stays the last line."""
    with pytest.raises(click.exceptions.Exit), exit_codes(debug=True):
        raise DeclarationError("wrong")
    *trace, last = capsys.readouterr().err.splitlines()

    assert trace[0] == "Traceback (most recent call last):"
    assert last == "Error: wrong"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(click.exceptions.Exit(3), id="an exit"),
        pytest.param(BrokenPipeError(32, "Broken pipe"), id="a reader that went away"),
    ],
)
def test_click_deals_with_its_own(error):
    """They pass."""
    with pytest.raises(type(error)), exit_codes(debug=False):
        raise error
