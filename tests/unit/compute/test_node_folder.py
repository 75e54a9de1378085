"""A node's copy of the scripts is there as a whole, whoever was killed meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from azml_pipelines.compute.node_folder import make_node_folder

COPY = """
import os, signal, sys
from pathlib import Path
from azml_pipelines.compute.node_folder import make_node_folder

left = [int(sys.argv[3])]

def count(event, _):
    if event == "shutil.copyfile":
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
make_node_folder(sys.argv[1], Path(sys.argv[2]), 1)
"""


@pytest.fixture
def snapshot(tmp_path):
    """Three scripts, one of them in a folder, and a link."""
    folder = tmp_path / "snapshot"
    (folder / "deep").mkdir(parents=True)
    (folder / "score.py").write_text("import other")
    (folder / "deep" / "other.py").write_text("1")
    (folder / "link.py").symlink_to("score.py")
    return folder


def names(folder):
    """Return all that is below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("copied", [0, 1])
def test_who_is_killed_leaves_nothing_that_looks_whole(snapshot, tmp_path, copied):
    """The next one copies anew, and nothing of the first one stays."""
    node = tmp_path / "nodes" / "node000"
    died = subprocess.run(
        [sys.executable, "-c", COPY, str(snapshot), str(node), str(copied)],
        check=False,
    )

    assert died.returncode == -signal.SIGKILL
    assert not node.exists()

    make_node_folder(str(snapshot), node, 2)

    assert names(node) == names(snapshot)
    assert (node / "link.py").is_symlink()
    assert list(node.parent.iterdir()) == [node]


def test_what_is_there_stays(snapshot, tmp_path):
    """A node that is lost and comes back works where it worked before."""
    node = tmp_path / "nodes" / "node000"
    for epoch in (1, 2):
        make_node_folder(str(snapshot), node, epoch)
        (node / f"kept-{epoch}").touch()

    assert names(node) == sorted([*names(snapshot), "kept-1", "kept-2"])
