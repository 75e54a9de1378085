"""A whole run in this process: a debugger works, and the output has the same bytes."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytest

from azml_pipelines import Experiment

FILES = 20
SCRIPT = """
import os

def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    if "00004.txt" in names:
        raise ValueError("four is bad")
    return names[:1] if "00008.txt" in names else names
"""


def debugged(job, script, **config):
    """Run a script in this process to its end."""
    pipeline = job.pipeline(script, files=FILES, **config)
    return Experiment(job.workspace, "tests").submit(pipeline, debug=True)


def test_the_same_bytes_and_the_same_account(job):
    """Failed items and short results included; what is stored is whole."""
    parallel = job.finish(SCRIPT, files=FILES, mini_batch_size=2, run_max_try=2)
    here = debugged(job, SCRIPT, mini_batch_size=2, run_max_try=2)

    def account(run):
        return [
            (item.item, item.mini_batch, item.attempt, item.reason, item.message)
            for item in run.failed_items()
        ]

    assert "Finished" == here.get_status()
    assert job.output(parallel) == job.output(here)
    assert account(parallel) == account(here)
    assert all(finding.ok for finding in here.verify())


def test_bisection_comes_to_the_same(job):
    """Only the bad item is lost, and the piece that failed can be replayed."""
    options = {"mini_batch_size": 8, "run_max_try": 1, "on_failed_mini_batch": "bisect"}
    parallel = job.finish(SCRIPT, files=FILES, **options)
    here = debugged(job, SCRIPT, **options)
    bad, *_ = here.failed_items()

    assert job.output(parallel) == job.output(here)
    assert ("00004.txt", f"azml replay {here.id} 0 --first-item 4 --item-count 1") == (
        bad.item,
        bad.replay,
    )
    for run in (parallel, here):
        assert all(finding.ok for finding in run.verify())


def test_it_is_this_process(job, monkeypatch):
    """A breakpoint in run() stops here, where somebody can look."""
    stops = []
    monkeypatch.setattr(sys, "breakpointhook", lambda: stops.append(os.getpid()))
    script = "def run(batch):\n    breakpoint()\n    return batch\n"

    run = debugged(job, script, mini_batch_size=10)

    assert [os.getpid()] * 2 == stops
    assert "Finished" == run.get_status()


def test_everything_is_put_back(job):
    """Folder, arguments, variables, import path, modules and logging."""

    def surroundings():
        return (
            Path.cwd(),
            list(sys.argv),
            dict(os.environ),
            list(sys.path),
            list(sys.meta_path),
            list(logging.getLogger().handlers),
            logging.getLogger().level,
            "score" in sys.modules,
            "azureml.core" in sys.modules,
        )

    script = (
        "import os, sys\n"
        "from azureml.core import Run\n"
        "from azureml_user.parallel_run import EntryScript\n"
        "def init():\n"
        "    EntryScript().logger.warning('hello')\n"
        "    os.environ['MINE'] = 'x'\n"
        "def run(batch):\n"
        "    return [Run.get_context().id for _ in batch]\n"
    )
    before = surroundings()
    run = debugged(job, script)
    same = before == surroundings()

    assert same
    assert run.get_steps()[0].id.encode() in job.output(run)


def test_stopping_cancels_the_run_which_can_be_resumed(job, tmp_path):
    """Ctrl-C in run() charges no mini-batch."""
    marker = tmp_path / "stopped"
    script = SCRIPT.replace(
        "def run(mini_batch):\n",
        "def run(mini_batch):\n"
        f"    marker = {str(marker)!r}\n"
        "    if '00012' in mini_batch[0] and not os.path.exists(marker):\n"
        "        open(marker, 'w').close()\n"
        "        raise KeyboardInterrupt\n",
    )
    run = debugged(job, script, run_max_try=1)
    stopped = run.get_status(), job.failures(run)
    run.resume()
    run.wait_for_completion(show_output=False)

    assert "Canceled" == stopped[0]
    assert not any("KeyboardInterrupt" in f.exception_type for f in stopped[1])
    assert "Finished" == run.get_status()
    assert all(b"%05d.txt" % n in job.output(run) for n in range(5, FILES) if n != 8)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param("def init():\n    1 / 0\ndef run(b): return b", "init() failed"),
        pytest.param("def run(b):\n    return []", "no item succeeded"),
    ],
    ids=["init", "no result"],
)
def test_a_failed_run_says_why(job, script, said):
    """As it does in worker processes."""
    run = debugged(job, script)

    assert "Failed" == run.get_status()
    assert said in run.state().error
