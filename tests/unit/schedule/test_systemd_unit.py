"""The service: what the unit says, and that systemd reads it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from azml_pipelines.errors import UserErrorException
from azml_pipelines.schedule import systemd_unit
from azml_pipelines.schedule.systemd_unit import (
    install,
    uninstall,
    unit_name,
    unit_text,
)


def test_the_unit_runs_the_scheduler_of_this_interpreter(tmp_path):
    """In the workspace's folder; runs outlive it."""
    text = unit_text("sales", tmp_path, "/opt/my env/bin/python")

    lines = text.splitlines()
    assert f"WorkingDirectory={tmp_path}" in lines
    assert (
        'ExecStart="/opt/my env/bin/python" -P -m azml_pipelines.cli scheduler' in lines
    )
    assert "KillMode=process" in lines
    assert "Restart=on-failure" in lines


def test_what_systemd_would_expand_is_escaped():
    """Percent signs, dollars and quotes stand for themselves."""
    text = unit_text("100%", Path("/data/50%"), '/a"b/$HOME/python')

    assert "Description=azml scheduler of workspace 100%%" in text
    assert "WorkingDirectory=/data/50%%" in text
    assert 'ExecStart="/a\\"b/$$HOME/python" -P' in text


def test_a_path_with_a_line_break_is_refused():
    """It could say anything in a unit."""
    with pytest.raises(UserErrorException, match="line break"):
        unit_text("sales", Path("/a\nExecStart=/bin/sh"), "python")


def test_two_workspaces_of_one_name_have_two_units():
    """And every name is one that systemd accepts."""
    first = unit_name("my sales/é", Path("/a"))

    assert first != unit_name("my sales/é", Path("/b"))
    assert first.startswith("azml-scheduler-my-sales---")
    assert first.endswith(".service")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_finds_nothing_wrong(tmp_path):
    """Its own check of the file."""
    file = tmp_path / unit_name("sales", tmp_path)
    file.write_text(unit_text("sales", tmp_path, sys.executable))

    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(file)],
        capture_output=True,
        text=True,
        check=False,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )

    assert file.name not in done.stderr, done.stderr


def test_installing_without_systemd_says_what_is_left_to_do(tmp_path, monkeypatch):
    """The file is written; removing it needs nobody either."""
    monkeypatch.setattr(systemd_unit.shutil, "which", lambda _: None)
    folder = tmp_path / "systemd" / "user"

    left = install(folder, "a.service", "[Unit]\n")

    assert "[Unit]\n" == (folder / "a.service").read_text()
    assert "enable --now a.service" in left
    assert uninstall(folder, "a.service")
    assert not uninstall(folder, "a.service")
