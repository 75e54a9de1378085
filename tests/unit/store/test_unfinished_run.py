"""What a submission leaves behind that was killed midway goes away, nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from azml_pipelines.store.launch_lock import is_launching, launching
from azml_pipelines.store.unfinished_run import sweep_unfinished, unfinished_folder
from azml_pipelines.store.workspace_folder import RunFolder

MINUTE = 60
DAY = 24 * 60 * MINUTE


@pytest.fixture
def runs(tmp_path):
    """The folder of all runs, with a finished one."""
    (tmp_path / "done" / "steps").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def make(runs):
    """Make an unfinished folder of this age, with or without a lock."""

    def make(name, *, age, locked=False):
        folder = unfinished_folder(RunFolder(runs / name))
        (folder.root / "steps").mkdir(parents=True)
        if locked:
            (folder.root / "launch.lock").touch()
        moment = time.time() - age
        os.utime(folder.root, (moment, moment))
        return folder

    return make


@pytest.mark.parametrize(
    ("age", "locked", "goes"),
    [
        pytest.param(2 * MINUTE, True, True, id="its maker has let the lock go"),
        pytest.param(30, True, False, id="its maker may be about to lock it"),
        pytest.param(-DAY, True, False, id="the clock was set back"),
        pytest.param(DAY - 60, False, False, id="nobody ever locked it"),
        pytest.param(DAY + 60, False, True, id="nor will after a day"),
    ],
)
def test_who_made_it_decides(runs, make, age, locked, goes):
    """Runs that have their place are never looked at."""
    folder = make("one", age=age, locked=locked)
    swept = sweep_unfinished(runs, time.time())

    assert swept == ([".new-one"] if goes else [])
    assert folder.root.exists() is not goes
    assert (runs / "done" / "steps").is_dir()


def test_a_folder_in_use_stays_however_old(runs, make):
    """A big source directory on a slow disk takes its time."""
    folder = make("one", age=9 * DAY)
    with launching(folder):
        assert sweep_unfinished(runs, time.time() + DAY) == []

    assert sweep_unfinished(runs, time.time() + DAY) == [".new-one"]


def test_the_lock_moves_with_the_folder(runs, make):
    """Between the rename and the start of an orchestrator nobody else gets in."""
    folder = make("one", age=0)
    final = RunFolder(runs / "one")
    with launching(folder):
        folder.root.rename(final.root)

        assert is_launching(final)

    assert not is_launching(final)


def test_a_maker_that_was_killed_holds_nothing(runs, make):
    """The kernel gives the lock back."""
    folder = make("one", age=0)
    program = (
        "import sys; from pathlib import Path;"
        "from azml_pipelines.store.launch_lock import launching;"
        "from azml_pipelines.store.workspace_folder import RunFolder;"
        "lock = launching(RunFolder(Path(sys.argv[1]))); lock.__enter__();"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, folder.root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        held = sweep_unfinished(runs, time.time() + DAY)
        process.kill()
        process.wait(10)

    assert held == []
    assert sweep_unfinished(runs, time.time() + DAY) == [".new-one"]


def test_nothing_to_sweep(tmp_path):
    """Not even a folder of runs."""
    assert sweep_unfinished(tmp_path / "runs", time.time()) == []
