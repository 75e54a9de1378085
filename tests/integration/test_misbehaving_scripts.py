"""User code that hangs, spins, crashes, exits or lies harms nobody but itself."""

from __future__ import annotations

import pytest

from azml_pipelines.testing import misbehaving

FILES = 8
BAD = 3
TIMEOUT = 1


@pytest.mark.parametrize(
    ("behaviour", "reason", "label"),
    [
        pytest.param(misbehaving.SLEEPS, "timeout", "timeout", id="sleeps for ever"),
        pytest.param(misbehaving.SPINS_IN_C, "timeout", "timeout", id="holds the GIL"),
        pytest.param(misbehaving.STOPS_ITSELF, "timeout", "timeout", id="is stopped"),
        pytest.param(misbehaving.SEGFAULTS, "signal", "signal SIGSEGV", id="segfaults"),
        pytest.param(misbehaving.ABORTS, "signal", "signal SIGABRT", id="aborts"),
        pytest.param(
            misbehaving.EXITS_WITH_0, "exit", "exit code 0", id="exits with 0"
        ),
        pytest.param(
            misbehaving.EXITS_WITH_77, "exit", "exit code 77", id="exits with 77"
        ),
        pytest.param(misbehaving.SYS_EXIT, "exception", "SystemExit", id="sys.exit"),
        pytest.param(misbehaving.INTERRUPTS, "exception", "KeyboardInterrupt", id="^C"),
        pytest.param(misbehaving.RAISES, "exception", "ValueError", id="raises"),
        pytest.param(
            misbehaving.RETURNS_NONE,
            "wrong return",
            "WrongReturnError",
            id="returns None",
        ),
        pytest.param(
            misbehaving.RETURNS_TEXT,
            "wrong return",
            "WrongReturnError",
            id="returns text",
        ),
        pytest.param(
            misbehaving.EVIL_STR, "exception", "RuntimeError", id="evil __str__"
        ),
    ],
)
def test_only_the_culprit_fails(job, behaviour, reason, label):
    """Its neighbours finish on their first try; it is named with what it did."""
    script = misbehaving.script(behaviour, item=f"{BAD:05d}.txt")

    run = job.finish(script, files=FILES, run_invocation_timeout=TIMEOUT, run_max_try=2)

    failures = job.failures(run)
    good = b"".join(b"%05d.txt\n" % n for n in range(FILES) if n != BAD)

    assert run.get_status() == "Finished"
    assert job.output(run) == good
    assert [(BAD, 1), (BAD, 2)] == sorted((f.mini_batch, f.attempt) for f in failures)
    assert {reason} == {failure.reason for failure in failures}
    assert {label} == {failure.exception_type for failure in failures}


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(misbehaving.SLEEPS, id="sleeps for ever"),
        pytest.param(misbehaving.SPINS_IN_C, id="holds the GIL"),
        pytest.param(misbehaving.IGNORES_SIGTERM, id="ignores SIGTERM"),
    ],
)
def test_a_timeout_kills_within_a_second(job, behaviour):
    """The clock of run() is the only one that counts, and nothing talks its way out."""
    script = misbehaving.script(behaviour, item="00000.txt")

    run = job.finish(script, files=2, run_invocation_timeout=TIMEOUT, run_max_try=1)

    steps = run.state().steps

    assert steps[0].failed_mini_batches == 1
    assert steps[0].ended - steps[0].started < TIMEOUT + 1 + 2


def test_children_of_user_code_end_with_the_step(job):
    """Daemons that left the group go too; the fixture looks for what is left."""
    script = misbehaving.script(misbehaving.LEAVES_CHILDREN, item="00001.txt")

    run = job.finish(script, files=4)

    assert run.get_status() == "Finished"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param(
            "def init():\n    1 / 0\ndef run(b):\n    return b", "ZeroDivisionError"
        ),
        pytest.param(
            "import nothing_of_this_name\ndef run(b):\n    return b",
            "ModuleNotFoundError",
        ),
        pytest.param(
            "import os\ndef init():\n    os._exit(3)\ndef run(b):\n    return b",
            "exit code 3",
        ),
        pytest.param(
            "import ctypes\n"
            "def init():\n    ctypes.string_at(0)\n"
            "def run(b):\n    return b",
            "SIGSEGV",
        ),
    ],
    ids=["raises", "import", "exits", "segfaults"],
)
def test_a_failing_start_fails_the_step_by_name(job, script, said):
    """No mini-batch is charged, and the error says what happened in init()."""
    run = job.finish(script, files=4)

    state = run.state()

    assert state.status == "Failed"
    assert "init()" in state.error
    assert said in state.error
    assert job.failures(run) == []


def test_a_failed_run_names_everything_in_one_line(job):
    """Step, mini-batch, item, exception and the user's own line (user pain 1)."""
    script = misbehaving.script(misbehaving.RAISES, item="00007.txt")

    run = job.finish(script, files=10, error_threshold=0, run_max_try=1)

    error = run.state().error

    assert run.get_status() == "Failed"
    for part in ("'score'", "mini-batch 7", "00007.txt", "ValueError", "score.py:"):
        assert part in error
    assert "\n" not in error
