"""``process_count_per_node="auto"`` with real processes."""

from __future__ import annotations

import threading
import time

import pytest

from azml_pipelines.compute.agent import Agent, AgentPlan
from azml_pipelines.compute.fork_server_link import ForkServerPlan
from azml_pipelines.compute.interpreter import CURRENT
from azml_pipelines.compute.machine import usable_cores
from azml_pipelines.compute.runner import ProcessLimits
from azml_pipelines.widgets.step_table import text
from azml_pipelines.worker.messages import Bundle, NodeStart, WorkerInput

SCRIPT = """
import os, time
def run(mini_batch):
    time.sleep(0.1)
    return [os.environ["AZML_PROCESS"] for _ in mini_batch]
"""


def notes(job, run):
    """Return what the node wrote down about its count, one line each."""
    step = job.run_folder(run).step(run.state().steps[0].step_run_id)
    file = step.logs / "sys" / "node" / "node000" / "process_count.txt"
    return file.read_text().splitlines()


def test_cores_when_there_is_memory(job):
    """Small processes: one for each core; the count is kept and shown."""
    run = job.finish(SCRIPT, files=30, process_count_per_node="auto")
    rows = job.output(run).split()
    cores = usable_cores()
    (step,) = run.state().steps

    assert run.get_status() == "Finished"
    assert len(rows) == 30
    assert len(set(rows)) == cores
    assert f"after init(): {cores} processes; {cores} cores" in notes(job, run)[0]
    assert "after the first bundle" in notes(job, run)[1]
    assert step.auto_processes == cores
    assert f"score: {cores} process" in text(run.state(), time.time())


def test_a_given_count_is_not_looked_for(job):
    """Nothing is measured, nothing is noted."""
    run = job.finish(SCRIPT, files=2, process_count_per_node=1)

    assert run.state().steps[0].auto_processes is None
    with pytest.raises(FileNotFoundError):
        notes(job, run)


def test_init_that_fails_with_a_count_yet_to_be_found(job):
    """The step fails as with any other count."""
    run = job.finish("def init(): raise ValueError('no model')\ndef run(m): ...",
                     files=2, process_count_per_node="auto")  # fmt: skip

    assert run.get_status() == "Failed"
    assert "ValueError: no model" in run.state().error


@pytest.fixture
def agent(tmp_path):
    """Start a node with three worker processes."""
    snapshot = tmp_path / "snapshot"
    for folder in (snapshot, tmp_path / "parts", tmp_path / "data"):
        folder.mkdir()
    (snapshot / "score.py").write_text(SCRIPT)
    start = NodeStart(
        node="node000",
        entry_kind="script",
        source_directory=str(tmp_path / "node000"),
        entry_script="score.py",
        inputs=[WorkerInput("files", "file", str(tmp_path / "data"))],
        output_action="append_row",
        output_directory=str(tmp_path / "output"),
        parts=str(tmp_path / "parts"),
        logs=str(tmp_path / "logs"),
    )
    plan = AgentPlan(
        start,
        str(snapshot),
        ForkServerPlan(CURRENT, tmp_path / "log.txt"),
        3,
        ProcessLimits(run=30, init=30),
        epoch=1,
    )
    agent = Agent(plan)
    yield agent
    agent.close()


def bundle(index):
    """One mini-batch of one file."""
    return Bundle(index, 1, 1, b'[0,1,["a.txt"]]\n')


def test_a_node_grows_and_shrinks_while_it_works(agent):
    """No bundle is lost; a process in use ends when it is free."""
    reports = []

    def work(index):
        reports.append(agent.process(bundle(index)))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(12)]
    for thread in threads[:6]:
        thread.start()
    agent.resize(4)
    grown = agent.processes
    for thread in threads[6:]:
        thread.start()
    agent.resize(1)
    for thread in threads:
        thread.join(60)

    assert len(grown) == 4
    assert agent.processes == {"process000"}
    assert len(agent.runners) <= 1
    assert sorted(report.first for report in reports) == list(range(12))
    assert all(report.complete and not report.failures for report in reports)
