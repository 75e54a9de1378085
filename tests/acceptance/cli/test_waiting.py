"""Watching a run, and how it ends when somebody stops the run or the watching."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from azml_pipelines import PipelineRun, Workspace

PROGRAM = "from azml_pipelines.cli.main import main; main()"


@pytest.fixture(scope="module")
def project(make_project):
    """These tests submit, so they have a project of their own."""
    return make_project()


@pytest.fixture
def slow_run(here, type_command):
    """A run that would take a minute."""
    result = type_command("submit", "pipe.py", "-p", "texts=slow.txt")
    run = PipelineRun.get(Workspace.from_config(), result.stdout.strip())
    yield run
    run.cancel()
    run.wait_for_completion(show_output=False)


def test_a_canceled_run_ends_with_six(slow_run, type_command):
    """Whoever watches learns that somebody else stopped it."""
    canceled = type_command("cancel", slow_run.id)
    watched = type_command("show", slow_run.id, "--watch")

    assert (canceled.exit_code, canceled.stdout) == (0, "")
    assert f"Asked run {slow_run.id} to stop." in canceled.stderr
    assert watched.exit_code == 6
    assert watched.stdout.splitlines()[-1] == f"To go on: azml resume {slow_run.id}"


def test_ctrl_c_stops_the_watching_and_not_the_run(slow_run, here):
    """It ends with 130, says how to watch again, and shows no traceback."""
    watcher = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "show", slow_run.id, "--watch"],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = watcher.stdout.readline()
    watcher.send_signal(signal.SIGINT)
    _, errors = watcher.communicate(timeout=30)

    assert slow_run.id in first
    assert watcher.returncode == 130
    assert "The run goes on." in errors
    assert "Traceback" not in errors
    assert not slow_run.state().ended_for_good
