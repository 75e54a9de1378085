"""Work begins while the input is being listed, and stays exact whatever happens."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter

import pytest

from azml_pipelines.store.journal_file import reading
from azml_pipelines.store.journal_seals import read_done

FILES = 12_000
NAMES = """
import os

def run(mini_batch):
    return [os.path.basename(path) for path in mini_batch]
"""


def expected(count=FILES, more=()):
    """Return the output for files numbered from 0, and some others."""
    names = sorted([*more, *(f"{number:05d}.txt" for number in range(count))])
    return "".join(f"{name}\n" for name in names).encode()


def killed_while_listing(job, monkeypatch, chunk, **config):
    """Let the orchestrator die before a chunk of the list is on the disk."""
    monkeypatch.setenv("AZML_FAILPOINTS", f"list.fsync=kill@{chunk}")
    run = job.finish(NAMES, files=FILES, **config)
    monkeypatch.delenv("AZML_FAILPOINTS")
    step = run.state().steps[0]

    assert "has ended without a word" in run.state().error
    assert step.total_mini_batches is None

    return run, step


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_an_orchestrator_that_dies_while_listing(job, monkeypatch, chunk):
    """The next one goes on with its list, and no row is missing or there twice."""
    run, step = killed_while_listing(job, monkeypatch, chunk)
    run.resume()
    run.wait_for_completion(show_output=False)

    assert (0 < step.listed_mini_batches <= 100) == (chunk == 3)
    assert expected() == job.output(run)
    assert run.state().steps[0].total_mini_batches == FILES
    assert "begins again" not in job.run_folder(run).log.read_text()


def test_an_input_that_has_changed_meanwhile(job, monkeypatch):
    """The step begins again with what is there now, and says so."""
    run, _ = killed_while_listing(job, monkeypatch, 3)
    (job.folder / f"data-{FILES}" / "00000-new.txt").touch()
    run.resume()
    run.wait_for_completion(show_output=False)

    assert expected(more=["00000-new.txt"]) == job.output(run)
    assert "begins again" in job.run_folder(run).log.read_text()


def test_auto_sizes_are_frozen_too(job, monkeypatch):
    """A resumed run goes on with other sizes behind those that it finds."""
    run, _ = killed_while_listing(
        job, monkeypatch, 5, mini_batch_size="auto", process_count_per_node=1
    )
    step = job.run_folder(run).step(run.state().steps[0].step_run_id)
    before = step.mini_batches.read_text().splitlines()
    run.resume()
    run.wait_for_completion(show_output=False)
    after = step.mini_batches.read_text().splitlines()
    known = run.state().steps[0].listed_mini_batches
    sizes = [json.loads(line)[1] for line in after]

    assert expected() == job.output(run)
    assert before[:known] == after[:known] or known > len(before)
    assert sizes[:4] == [1] * 4
    assert max(sizes) > 100


@pytest.mark.parametrize("size", ["1KB", "auto"])
def test_sizes_leave_no_trace(job, size):
    """The output is the same however the input is cut."""
    run = job.finish(NAMES, files=500, mini_batch_size=size)

    assert hashlib.sha256(expected(500)).digest() == (
        hashlib.sha256(job.output(run)).digest()
    )


def test_a_folder_that_cannot_be_read_fails_the_step(job):
    """By name, although work has begun."""
    if not os.geteuid():
        pytest.skip("root may read everything")
    closed = job.folder / "data-300" / "zzz"
    job.pipeline(NAMES, files=300)
    closed.mkdir(mode=0)
    run = job.finish(NAMES, files=300)
    closed.rmdir()

    assert run.state().status == "Failed"
    assert "'score' failed: " in run.state().error
    assert "cannot be listed" in run.state().error


SLOW = """
import os, time

def run(mini_batch):
    name = os.path.basename(mini_batch[0])
    if name > "00600":
        time.sleep(0.2)
    return [name]
"""


def test_a_bundle_that_turns_out_to_be_long_is_shared_out(job):
    """An idle process takes what waits behind a long mini-batch of another one."""
    run = job.finish(SLOW, files=620)
    with reading(job.run_folder(run).journal) as journal:
        late = Counter(
            row.part for row in read_done(journal, 0) if row.mini_batch >= 600
        )
        shares = list(late.values())

    assert expected(620) == job.output(run)
    assert len(shares) == 2
    assert 20 == sum(shares)
    assert min(shares) >= 5
