"""Whether the process that drives a run still lives."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from azml_pipelines.store import run_owner
from azml_pipelines.store.run_owner import Owner


def test_this_process_lives(owner):
    """It can find itself."""
    assert owner.alive


def test_a_process_that_has_ended(dead):
    """It is not alive, and cannot be described any more."""
    assert not dead.alive
    assert dead.since is None
    assert Owner.of_process(dead.pid) is None


def test_a_child_that_nobody_has_waited_for_has_ended():
    """What is left of it is only its exit code."""
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    found = Owner.of_process(pid)
    os.waitpid(pid, 0)

    assert found is None


def test_a_later_process_with_the_same_number_is_another(owner):
    """The start tells them apart, to the tick."""
    boot, ticks = owner.process_started.split(":")

    assert not replace(owner, process_started=f"{boot}:{int(ticks) + 1}").alive


def test_a_process_from_before_the_machine_was_restarted_has_ended(owner):
    """Though one with its number began just as long after the new start."""
    _, ticks = owner.process_started.split(":")

    assert not replace(owner, process_started=f"another-boot:{ticks}").alive


def test_a_clock_that_is_set_kills_nobody(owner, monkeypatch):
    """By a day ahead or ten years back: what counts is the time since the start."""
    now = time.time()
    for clock in (now + 86_400, now - 10 * 365 * 86_400, 0):
        monkeypatch.setattr(time, "time", lambda clock=clock: clock)

        assert owner.alive


@pytest.mark.parametrize("name", ["two words", "a) S 1 2 3", "(", "\udcff"])
def test_the_name_of_a_command_may_be_anything(owner, tmp_path, monkeypatch, name):
    """Brackets and blanks in it do not move the fields behind it."""
    behind = " ".join(["S", *map(str, range(4, 22)), "4711", "23", "24"])
    for pid in ("self", "7"):
        (tmp_path / pid).mkdir()
        line = f"7 ({name}) {behind}\n".encode("utf-8", "surrogateescape")
        (tmp_path / pid / "stat").write_bytes(line)
    boot = tmp_path / "sys" / "kernel" / "random" / "boot_id"
    boot.parent.mkdir(parents=True)
    boot.write_text("boot\n")
    monkeypatch.setattr(run_owner, "_PROC", tmp_path)

    assert Owner(owner.host, 7, "boot:4711") == Owner.of_process(7)


def test_where_there_is_no_proc_the_clock_has_to_do(tmp_path, monkeypatch, dead):
    """As on macOS."""
    monkeypatch.setattr(run_owner, "_PROC", tmp_path)
    found = Owner.of_process(os.getpid())

    assert found is not None
    assert found.alive
    assert abs(float(found.process_started) - found.since) < 1
    assert Owner.of_process(dead.pid) is None


def test_processes_of_other_machines_are_believed_to_live(dead):
    """Nobody here can tell, nor since when."""
    other = replace(dead, host="elsewhere")

    assert other.alive
    assert other.since is None
