"""The inside of a worker in this process, which is as it was when it is over."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

import pytest

from azml_pipelines.worker.foreground import Foreground
from azml_pipelines.worker.messages import NodeStart, WorkerInput

SCRIPT = """
import os, sys
import neighbour

def init():
    global found
    found = [neighbour.VALUE, os.environ["MINE"], *sys.argv[1:]]

def run(mini_batch):
    if "bad" in mini_batch[0]:
        raise ValueError("bad item")
    return [*found, os.path.basename(mini_batch[0])]
"""


@pytest.fixture
def node(tmp_path):
    """What a worker of a small step is started with."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "foreground_score.py").write_text(SCRIPT)
    (source / "neighbour.py").write_text("VALUE = 'frozen'\n")
    return NodeStart(
        node="node000",
        entry_kind="script",
        source_directory=str(source),
        entry_script="foreground_score.py",
        inputs=[WorkerInput("files", "file", str(tmp_path))],
        output_action="append_row",
        output_directory=str(tmp_path / "output"),
        parts=str(tmp_path / "parts"),
        logs=str(tmp_path / "logs"),
        arguments=["--flag"],
        environment={"MINE": "x"},
        memory_limit=1 << 40,
    )


def line(*names):
    """Write a line of a frozen list."""
    return json.dumps([0, len(names), names]).encode()


def surroundings():
    """Return what a worker process changes."""
    import resource

    root = logging.getLogger()
    return (
        Path.cwd(),
        sys.argv,
        dict(os.environ),
        list(sys.path),
        list(sys.meta_path),
        (list(root.handlers), root.level),
        {"foreground_score", "neighbour"} & set(sys.modules),
        resource.getrlimit(resource.RLIMIT_DATA),
    )


def test_rows_as_a_worker_makes_them(node):
    """With its arguments, variables and neighbours."""
    with Foreground(node) as foreground:
        rows = foreground.run(3, line("a.txt"))

    assert b"frozen\nx\n--flag\na.txt\n" == rows.text


@pytest.mark.parametrize("name", ["a.txt", "bad.txt"])
def test_everything_is_put_back(node, name):
    """Also when the script raises; no memory limit stays."""
    before = surroundings()
    try:
        with Foreground(node) as foreground:
            foreground.run(0, line(name))
    except ValueError:
        assert "bad.txt" == name

    same = before == surroundings()

    assert same


@pytest.mark.parametrize("known", [True, False])
def test_a_neighbour_of_the_same_name_is_out_of_sight(
    node, tmp_path, monkeypatch, known
):
    """What the user has imported, from wherever, is theirs again after."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "neighbour.py").write_text("VALUE = 'edited'\n")
    monkeypatch.syspath_prepend(str(mine))
    import neighbour

    with Foreground(node, str(mine) if known else "") as foreground:
        rows = foreground.run(0, line("a.txt"))

    assert rows.text.startswith(b"frozen\n")
    assert sys.modules["neighbour"] is neighbour
    del sys.modules["neighbour"]


def test_a_node_that_cannot_start_leaves_nothing(node, tmp_path):
    """An unreadable settings file is the script's fault; this process goes on."""
    settings = Path(node.source_directory) / "parallel_run_step.settings.json"
    settings.write_text("{")
    before = surroundings()

    with pytest.raises(Exception, match="cannot be read"), Foreground(node):
        pass

    same = before == surroundings()

    assert same
