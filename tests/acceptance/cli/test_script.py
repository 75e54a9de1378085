"""How a user's script is run, and what is shown of its errors."""

from __future__ import annotations

import sys

import click
import pytest

from azml_pipelines.cli.script import run_script


@pytest.fixture(autouse=True)
def _own_path(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])


def shown(capsys, file, *, debug=False):
    """Run a failing script; return what was printed."""
    with pytest.raises(click.exceptions.Exit) as ended:
        run_script(file, debug=debug)

    assert ended.value.exit_code == 2

    return capsys.readouterr().err


def test_only_the_users_own_lines_are_shown(tmp_path, capsys):
    """Not ours, not Python's; the user's two files are both there."""
    (tmp_path / "neighbour.py").write_text(
        "import json\ndef load():\n    return json.loads('{')\n"
    )
    file = tmp_path / "script.py"
    file.write_text("import neighbour\nneighbour.load()\n")
    text = shown(capsys, file)

    assert text.startswith("Traceback (most recent call last):\n")
    assert text.count("  File ") == 2
    assert f'File "{file}", line 2, in <module>' in text
    assert "neighbour.py" in text
    assert text.splitlines()[-1].startswith("json.decoder.JSONDecodeError:")


def test_debug_shows_every_line(tmp_path, capsys):
    """For those who look for a mistake of ours."""
    file = tmp_path / "script.py"
    file.write_text("import json\njson.loads('{')\n")

    assert "json/decoder.py" in shown(capsys, file, debug=True)


def test_our_errors_point_at_the_users_line(tmp_path, capsys):
    """The line that wrote the wrong value, then the message."""
    file = tmp_path / "script.py"
    file.write_text(
        "from azml_pipelines import Experiment\nExperiment(None, 'no spaces!')\n"
    )
    text = shown(capsys, file)

    assert text.count("  File ") == 1
    assert "line 2, in <module>" in text
    assert "Experiment name 'no spaces!' is not allowed" in text.splitlines()[-1]


def test_a_syntax_error_is_shown_where_it_is(tmp_path, capsys):
    """With its line, as Python shows it."""
    file = tmp_path / "script.py"
    file.write_text("x = = 1\n")
    text = shown(capsys, file)

    assert "x = = 1" in text
    assert text.splitlines()[-1].startswith("SyntaxError:")


def test_causes_of_the_users_own_stay(tmp_path, capsys):
    """A chain of the user's own errors is shown whole."""
    file = tmp_path / "script.py"
    file.write_text(
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n"
        "    raise ValueError('bad') from e\n"
    )
    text = shown(capsys, file)

    assert "ZeroDivisionError" in text
    assert text.splitlines()[-1] == "ValueError: bad"


def test_a_script_runs_as_python_would_run_it(tmp_path, monkeypatch):
    """As `__main__`, with its own arguments, beside its neighbours."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "neighbour2.py").write_text("VALUE = 1\n")
    file = tmp_path / "script.py"
    file.write_text(
        "import sys\nfrom neighbour2 import VALUE\n"
        "assert __name__ == '__main__'\nassert sys.argv == [__file__]\n"
    )
    arguments = sys.argv
    result = run_script(file)

    assert (result.pipelines, result.submitted) == ([], [])
    assert sys.argv is arguments
