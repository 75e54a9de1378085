"""A step in which nothing moves any more gets a fresh start, and then ends by name."""

from __future__ import annotations

import os

import pytest

from azml_pipelines.engine import parallel_executor
from azml_pipelines.engine.step_executor import StepContext, make_executor, run_step
from azml_pipelines.errors import ExecutionError
from azml_pipelines.plan.run_plan import RunPlan
from azml_pipelines.store.journal import Journal
from azml_pipelines.store.run_owner import Owner

FILES = 6
PATIENCE = 4.0
TIMEOUT = 1.0
# Where no clock runs: between two bundles, with nothing in hand.
FREEZES = """
import os, signal
import azml_pipelines.worker.loop as loop

send = loop.send_frame

def freeze(link, kind, *payload):
    if kind == loop.BUNDLE_DONE and {when}:
        open("frozen", "a").write("once\\n")
        os.kill(os.getpid(), signal.SIGSTOP)
    return send(link, kind, *payload)

def run(mini_batch):
    loop.send_frame = freeze
    return [os.path.basename(path) for path in mini_batch]
"""


@pytest.fixture
def work(job, monkeypatch):
    """Do the work of a run in this process, with little patience."""
    monkeypatch.setattr(parallel_executor, "_PATIENCE", PATIENCE)
    journals = []

    def work(script):
        with monkeypatch.context() as patch:
            patch.setenv("AZML_FAILPOINTS", "orchestrator.claimed=kill")
            run = job.submit(
                script,
                files=FILES,
                process_count_per_node=1,
                run_invocation_timeout=TIMEOUT,
            )
            run.wait_for_completion(show_output=False, raise_on_error=False)
        journals.append(Journal(run.folder.journal))
        epoch = journals[0].claim(Owner.of_process(os.getpid()))
        plan = RunPlan.model_validate_json(run.folder.plan.read_bytes())
        context = StepContext(plan, run.folder, epoch, journals[0], lambda: None)
        journals[0].start_run()
        step = plan.steps[0]
        return run, lambda: run_step(make_executor(step, 0, context), step, 0, context)

    yield work
    for journal in journals:
        journal.close()


def stalls(run):
    """Return what was written down about stalls."""
    return run.folder.step(run.state().steps[0].step_run_id).stalls.read_text()


def test_a_frozen_worker_is_replaced(job, work):
    """Its rows are there once, in order, and who looks finds what it had in hand."""
    run, execute = work(FREEZES.format(when='not os.path.exists("frozen")'))
    execute()
    names = [f"{number:05d}.txt" for number in range(FILES)]
    text = stalls(run)

    assert names == job.output(run).decode().split()
    assert "node000 process000 (pid" in text
    assert "all worker processes are started anew" in text
    assert "in _next_frame" in text


def test_a_worker_that_freezes_again_ends_the_step(work):
    """The message names it, and no process is left."""
    run, execute = work(FREEZES.format(when="True"))

    with pytest.raises(ExecutionError, match=r"fresh start .*process000 \(pid \d+\)"):
        execute()

    assert stalls(run).count("nothing has moved for 4 s") == 2


def test_a_slow_start_is_no_stall(job, work):
    """``init()`` and ``run()`` have clocks of their own, which are longer here."""
    script = """
import os, time

def init():
    time.sleep(6)

def run(mini_batch):
    return [os.path.basename(path) for path in mini_batch]
"""
    run, execute = work(script)
    execute()

    assert FILES == len(job.output(run).decode().split())
    assert not run.folder.step(run.state().steps[0].step_run_id).stalls.exists()
