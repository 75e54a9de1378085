"""The command itself: what it knows, and what it costs to ask."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

PROGRAM = "from azml_pipelines.cli.main import main; main()"
HEAVY = (
    "IPython",
    "dask",
    "distributed",
    "fsspec",
    "networkx",
    "pandas",
    "pydantic",
    "rich",
    "sqlalchemy",
    "yaml",
)
COMMANDS = [
    "init",
    "submit",
    "job",
    "batch-endpoint",
    "batch-deployment",
    "component",
    "convert",
    "plan",
    "exec",
    "runs",
    "show",
    "explain",
    "logs",
    "metrics",
    "track",
    "cancel",
    "resubmit",
    "resume",
    "replay",
    "trace",
    "verify",
    "serve",
    "serve-api",
    "gc",
    "datastore",
    "dataset",
    "model",
    "environment",
    "compute",
    "pipeline",
    "schedule",
    "scheduler",
]


def test_help_lists_the_commands_in_the_order_of_use(type_command):
    """Every line fits; nothing is cut off."""
    result = type_command("--help")
    listed = result.stdout.split("Commands:")[1]

    assert result.exit_code == 0
    assert [line.split()[0] for line in listed.strip().splitlines()] == COMMANDS
    assert "..." not in listed


@pytest.mark.parametrize("words", [["--help"], ["submit", "--help"], ["--version"]])
def test_asking_loads_nothing_heavy(words):
    """Whoever forgot an option does not wait."""
    report = (
        "import atexit, sys; atexit.register(lambda: print(*(n for n in "
        f"{HEAVY!r} if n in sys.modules), file=sys.stderr))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", report + PROGRAM, *words],
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stderr.strip() == ""


def test_help_is_fast():
    """At most 100 ms of processor time, in the best of five tries."""

    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-c", PROGRAM, "--help"],
            stdout=subprocess.PIPE,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.1


def test_a_reader_that_went_away_is_no_error(here, finished_id, failed_id):
    """`azml runs | head -1` prints one line and no traceback."""
    shell = f"'{sys.executable}' -c '{PROGRAM}' runs | head -1"
    finished = subprocess.run(
        ["sh", "-c", shell], cwd=here, capture_output=True, text=True, check=True
    )

    assert finished.stdout.startswith(failed_id)
    assert finished.stdout.count("\n") == 1
    assert finished.stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["frobnicate"], id="no such command"),
        pytest.param(["show"], id="a missing argument"),
        pytest.param(["runs", "--nonsense"], id="no such option"),
        pytest.param(["resubmit", "x", "-p", "novalue"], id="no NAME=VALUE"),
    ],
)
def test_wrong_usage_is_one_line(type_command, words):
    """It ends with 2 and says where help is."""
    result = type_command(*words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: ")
    assert "--help" in result.stderr


def test_a_missing_workspace_is_one_line(type_command, tmp_path, monkeypatch):
    """No traceback for a user's mistake."""
    monkeypatch.chdir(tmp_path)
    result = type_command("runs")

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
