"""Faults happen where and when a test asks for them, and nowhere else."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys

import pytest

from azml_pipelines import failpoints
from azml_pipelines.failpoints import Failpoints


def test_nothing_happens_unasked():
    """Without the variable a point costs a comparison and does nothing."""
    file = io.BytesIO()
    failpoints.point("commit.open")
    failpoints.write("commit.write", file, b"rows")

    assert file.getvalue() == b"rows"
    assert failpoints.clip("part.write", b"rows") == b"rows"


def test_a_fault_is_due_at_its_hit():
    """The action comes at the hit that was asked for, once."""
    faults = Failpoints("journal.commit=EIO@3")

    assert [None, None, "EIO", None] == [
        faults.reach("journal.commit") for _ in range(4)
    ]
    assert faults.reach("commit.open") is None


def test_a_frozen_process_goes_on_as_if_nothing_had_been():
    """It stops at the point until somebody sends SIGCONT."""
    code = "from azml_pipelines import failpoints; failpoints.point('run.end')"
    environment = {**os.environ, "AZML_FAILPOINTS": "run.end=stop@1"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    _, status = os.waitpid(process.pid, os.WUNTRACED)

    assert os.WIFSTOPPED(status)

    process.send_signal(signal.SIGCONT)

    assert process.wait(30) == 0


@pytest.mark.parametrize("text", ["no.such=EIO", "commit.open=fly", "commit.open"])
def test_what_cannot_be_meant_is_refused(text):
    """A typo in a test must not make it pass."""
    with pytest.raises(ValueError, match="no point=action@hit"):
        Failpoints(text)


def test_reached_points_are_logged_once(tmp_path):
    """A test can show that it has reached every point there is."""
    log = tmp_path / "log"
    faults = Failpoints("", str(log))
    for name in ("commit.open", "commit.open", "run.end"):
        faults.reach(name)

    assert log.read_text() == "commit.open\nrun.end\n"


@pytest.mark.parametrize(
    ("action", "number", "written"),
    [("EIO", errno.EIO, b""), ("ENOSPC", errno.ENOSPC, b""), ("short", 28, b"ro")],
)
def test_a_write_fails_as_disks_do(monkeypatch, action, number, written):
    """EIO and ENOSPC write nothing; a full disk takes half."""
    monkeypatch.setattr(failpoints, "_ARMED", Failpoints(f"commit.write={action}"))
    file = io.BytesIO()

    with pytest.raises(OSError, match=r"failpoint commit\.write") as caught:
        failpoints.write("commit.write", file, b"rows")

    assert caught.value.errno == number
    assert file.getvalue() == written


def test_a_process_kills_itself(tmp_path):
    """The fault is read from the environment when the process starts."""
    code = "from azml_pipelines import failpoints; failpoints.point('run.end')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"AZML_FAILPOINTS": "run.end=kill@1"},
        cwd=tmp_path,
        check=False,
    )

    assert done.returncode == -9
