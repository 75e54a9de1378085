"""A long list is written by a process of its own, whatever becomes of that."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.frozen_list import append_mini_batches
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.minibatch import split_files, write_mini_batches
from azml_pipelines.engine.lister import ListOrder
from azml_pipelines.engine.lister_link import Lister, ListerLostError
from azml_pipelines.engine.step_inputs import StepInput
from azml_pipelines.plan.run_plan import InputPlan

NAMES = [f"{number:03}" for number in range(300)]
SCORE = """
import os

def run(mini_batch):
    return [os.path.basename(path) for path in mini_batch]
"""
MANY = 30_000


@pytest.fixture
def order(tmp_path):
    """A folder of 300 files, three in a mini-batch."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in NAMES:
        (folder / name).touch()
    definition = DatasetDefinition(
        kind="file", sources=(DataSource(url=folder.as_uri(), path=""),)
    )
    plan = InputPlan(name="data", mode="mount", dataset=definition)
    found = StepInput(plan, definition, str(folder), str(folder))
    return ListOrder((found,), MiniBatchSize(3, "files"))


def head(path, names=NAMES, count=20):
    """Write the first mini-batches of a list."""
    return write_mini_batches(split_files(0, names[: 3 * count], 3), path)


def test_it_goes_on_with_the_list(order, tmp_path):
    """The list has the bytes that one process alone would have written."""
    path, alone = tmp_path / "list", tmp_path / "alone"
    kept = head(path)
    with contextlib.closing(Lister(order, path, kept)) as lister:
        *_, last = lister.totals()

    assert last == write_mini_batches(split_files(0, NAMES, 3), alone)
    assert path.read_bytes() == alone.read_bytes()


def test_it_leaves_a_changed_input_alone(order, tmp_path):
    """What it finds is not what was listed, so it writes nothing and says so."""
    path = tmp_path / "list"
    kept = head(path, ["000", "0000", *NAMES[1:]])
    before = path.read_bytes()
    lister = Lister(order, path, kept)
    with pytest.raises(ListerLostError) as caught:
        list(lister.totals())
    lister.close()

    assert caught.value.untouched
    assert path.read_bytes() == before


def test_somebody_else_finishes_its_list(order, tmp_path):
    """Lines of a killed lister that nobody knows of are written over."""
    path, alone = tmp_path / "list", tmp_path / "alone"
    kept = head(path)
    lister = Lister(order, path, kept)
    lister.close()
    with path.open("ab") as file:
        file.write(b'[0,3,["torn"' * 2000)
    with pytest.raises(ListerLostError) as caught:
        list(lister.totals())
    *_, last = append_mini_batches(split_files(0, NAMES, 3), path, kept)

    assert not caught.value.untouched
    assert last == write_mini_batches(split_files(0, NAMES, 3), alone)
    assert path.read_bytes() == alone.read_bytes()


def test_it_ends_with_whoever_started_it(order, tmp_path):
    """At once, in the middle of a list of millions."""
    (found,) = order.inputs
    sources = found.definition.sources * 5_000
    many = found.definition.model_copy(update={"sources": sources})
    path = tmp_path / "list"
    kept = head(path)
    lister = Lister(
        ListOrder((replace(found, definition=many),), order.size), path, kept
    )
    first = next(lister.totals())
    # What the kernel does when its parent is killed.
    lister._process.stdin.close()
    code = lister._process.wait(3)
    lister.close()

    assert kept.mini_batches < first.mini_batches < 500_000
    assert code == 1


DEADLY = """
import os, signal, sys

if "azml_pipelines.engine.lister" in sys.orig_argv:
    open(os.environ["LISTER_DIED"], "x").close()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("killed", [False, True], ids=["alive", "killed"])
def test_a_run_with_a_long_list(job, tmp_path, monkeypatch, killed):
    """Every row is there once, in order, although its lister may have been killed."""
    died = tmp_path / "died"
    if killed:
        # Every interpreter that starts from here on reads this first.
        (tmp_path / "sitecustomize.py").write_text(DEADLY)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setenv("LISTER_DIED", str(died))
    run = job.finish(SCORE, files=MANY)
    rows = "".join(f"{number:05d}.txt\n" for number in range(MANY)).encode()

    assert job.output(run) == rows
    assert run.state().steps[0].total_mini_batches == MANY
    assert died.exists() == killed
