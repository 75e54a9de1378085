"""The promises of waiting."""

from __future__ import annotations

import json

import pytest

from azml_pipelines.errors import ExperimentExecutionException
from azml_pipelines.run.waiting import failure, follow_until, wait_until
from azml_pipelines.store.run_state import RunState


class ScriptedRun:
    """A run whose statuses are given; the last one stays."""

    id = "run-1"

    def __init__(self, *statuses):
        self._statuses = list(statuses)

    def state(self):
        """Return the next status."""
        more = len(self._statuses) > 1
        status = self._statuses.pop(0) if more else self._statuses[0]
        return RunState("run-1", "digits", status, created=0.0)

    def output_places(self):
        """Return nothing."""
        return []

    def step_failures(self):
        """Return nothing."""
        return []


def test_waiting_ends_with_what_is_waited_for():
    """However often it has to be asked."""
    answers = iter([False, False, True])

    assert wait_until(lambda: next(answers), "run-1")


def test_waiting_ends_with_its_time():
    """No time at all is one look."""
    assert not wait_until(lambda: False, "run-1", 0)
    assert wait_until(lambda: True, "run-1", 0)


def test_control_c_names_the_run():
    """The run goes on, and the message says how to see and to stop it."""

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(ExperimentExecutionException, match="azml cancel run-1"):
        wait_until(interrupted, "run-1")


def test_following_ends_with_the_run(capsys):
    """The view is shown until the end."""
    assert follow_until(ScriptedRun("Running", "Finished"))
    assert "run-1" in capsys.readouterr().out


def test_following_ends_with_its_time():
    """A view that knows no deadline still keeps it."""
    assert not follow_until(ScriptedRun("Running"), 0)


def test_a_failure_is_version_1_s_exception():
    """With the error as JSON, and words even when there is no message."""
    known, unknown = failure("Run 1", "a digit broke"), failure("Run 1", None)

    details = json.loads(known.error_details)
    assert ("a digit broke", "a digit broke") == (
        known.message,
        details["error"]["message"],
    )
    assert "Run 1 failed" in unknown.message
