"""Who is blamed for the end of a worker process (reliability 2.4)."""

from __future__ import annotations

import signal

import pytest

from azml_pipelines.compute.blame import Ending, Overrun, blame, timeout_overrun
from azml_pipelines.worker.page import Phase, Running

RUNNING = Running(mini_batch=7, phase=Phase.RUNNING, since=0.0, items=10)
LOADING = Running(mini_batch=7, phase=Phase.LOADING, since=0.0, items=0)


@pytest.mark.parametrize(
    ("ending", "reason", "charged", "label"),
    [
        pytest.param(
            Ending(-signal.SIGSEGV), "signal", True, "signal SIGSEGV", id="segfault"
        ),
        pytest.param(
            Ending(-signal.SIGABRT), "signal", True, "signal SIGABRT", id="abort"
        ),
        pytest.param(Ending(0), "exit", True, "exit code 0", id="exit 0 is no success"),
        pytest.param(Ending(77), "exit", True, "exit code 77", id="exit 77"),
        pytest.param(
            Ending(-signal.SIGKILL), "signal", False, "signal SIGKILL", id="stray kill"
        ),
        pytest.param(
            Ending(-signal.SIGTERM), "signal", False, "signal SIGTERM", id="stray term"
        ),
        pytest.param(
            Ending(-signal.SIGKILL, out_of_memory=True),
            "memory",
            True,
            "memory",
            id="killed by the kernel for want of memory",
        ),
        pytest.param(Ending(None), "node lost", False, "no answer", id="node lost"),
    ],
)
def test_the_cause_decides_who_pays(ending, reason, charged, label):
    """Only what the mini-batch itself has done counts toward its tries."""
    failed = blame(RUNNING, 2, 1.5, ending, None)

    assert (failed.mini_batch, failed.attempt, failed.items) == (7, 2, 10)
    assert (failed.reason, failed.charged) == (reason, charged)
    assert failed.error.exception_type == label


def test_a_timeout_is_named_by_its_limit():
    """The message tells the setting and its value."""
    overrun = timeout_overrun(RUNNING, 60)
    failed = blame(RUNNING, 1, 60.1, Ending(-signal.SIGKILL), overrun)

    assert failed.reason == "timeout"
    assert failed.charged
    assert "run_invocation_timeout=60 s" in failed.error.message


def test_reading_has_a_limit_of_its_own():
    """A mini-batch that was never run did not exceed run_invocation_timeout."""
    overrun = timeout_overrun(LOADING, 600)

    assert "run_invocation_timeout" not in overrun.message
    assert "reading or writing took longer than 600 s" in overrun.message


def test_what_was_finished_while_it_was_killed_is_not_blamed():
    """The next mini-batch had just begun: nobody is to blame."""
    overrun = Overrun(mini_batch=6, reason="timeout", message="too long")

    assert blame(RUNNING, 1, 0.0, Ending(-signal.SIGKILL), overrun) is None
