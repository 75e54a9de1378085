"""Who looks into a stall finds what was in hand, and where every thread stood."""

from __future__ import annotations

import stat
import threading

from azml_pipelines.engine.stall_report import write_stall_report


def wait_here(leave):
    """Stand still."""
    leave.wait(10)


def test_lines_and_stacks(tmp_path):
    """Of all threads, in a file that only its owner reads; each time is appended."""
    file = tmp_path / "logs" / "sys" / "stalls.txt"
    leave = threading.Event()
    thread = threading.Thread(target=wait_here, args=(leave,))
    thread.start()
    write_stall_report(file, ["nothing has moved", "node000 process000: \udcff"])
    leave.set()
    thread.join(10)
    write_stall_report(file, ["given up"])
    text = file.read_text()

    assert "nothing has moved\nnode000 process000: \\udcff\n" in text
    assert "in wait_here" in text
    assert "in test_lines_and_stacks" in text
    assert "given up" in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_disk_that_takes_nothing(tmp_path):
    """Is no reason to stop."""
    (tmp_path / "logs").touch()
    write_stall_report(tmp_path / "logs" / "stalls.txt", ["nothing has moved"])

    assert (tmp_path / "logs").read_text() == ""
