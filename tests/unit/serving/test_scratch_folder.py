"""What a killed server has left is removed by the next one, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys

from azml_pipelines.serving.scratch_folder import ScratchFolder

KILLED = """
import os, signal, sys
from pathlib import Path
from azml_pipelines.serving.scratch_folder import ScratchFolder
folder = ScratchFolder(Path(sys.argv[1]))
(folder.path / "request").touch()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_goes_when_it_is_closed(tmp_path):
    """With everything in it."""
    folder = ScratchFolder(tmp_path)
    (folder.path / "request").touch()
    folder.close()

    assert list(tmp_path.iterdir()) == []


def test_that_of_a_killed_server_goes_with_the_next_start(tmp_path):
    """Those of living servers stay, and so does what only has such a name."""
    (tmp_path / "azml-serve-somebody's").mkdir()
    living = ScratchFolder(tmp_path)
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    before = sorted(entry.name for entry in tmp_path.iterdir())
    ours = ScratchFolder(tmp_path)
    after = {entry.name for entry in tmp_path.iterdir()}
    living.close()
    ours.close()

    assert killed.returncode == -signal.SIGKILL
    assert len(before) == 3
    assert after == {living.path.name, ours.path.name, "azml-serve-somebody's"}


def test_a_link_is_not_followed(tmp_path):
    """Somebody may lay one where temporary files are."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "lock").touch()
    (tmp_path / "azml-serve-x").symlink_to(tmp_path / "mine")
    ScratchFolder(tmp_path).close()

    assert (tmp_path / "mine" / "lock").exists()
