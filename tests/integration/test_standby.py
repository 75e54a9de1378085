"""What the steps of one run hand on, with real fork servers."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil
import pytest

from azml_pipelines import (
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.compute.fork_server_link import ForkServerPlan
from azml_pipelines.compute.interpreter import CURRENT
from azml_pipelines.compute.standby import Standby
from azml_pipelines.worker.messages import NodeStart

SCRIPT = """
import os
def run(mini_batch):
    return [f"{os.path.basename(str(one))}" for one in mini_batch]
"""


@dataclass
class Needs:
    """What a standby looks at of the plan of a node."""

    fork_server: ForkServerPlan
    start: NodeStart


@pytest.fixture
def needs(tmp_path):
    """Plan nodes whose fork servers log into a file of their names."""

    def needs(name):
        start = NodeStart(
            node=name,
            entry_kind="script",
            source_directory=str(tmp_path),
            entry_script="score.py",
            inputs=[],
            output_action="append_row",
            output_directory=str(tmp_path),
            parts=str(tmp_path),
            logs=str(tmp_path),
        )
        return Needs(ForkServerPlan(CURRENT, tmp_path / f"{name}.txt"), start)

    return needs


@pytest.fixture
def standby():
    """Nothing of it may be left when a test ends."""
    before = set(psutil.Process().children())
    standby = Standby()
    yield standby
    standby.close()
    left = [one for one in psutil.Process().children() if one not in before]

    assert not left


def test_what_is_expected_waits_once_it_is_prepared(standby, needs):
    """One fork server for each node; whoever comes first gets it, nobody else."""
    first, second, other = needs("first"), needs("second"), needs("other")
    standby.expect([first.fork_server, second.fork_server])
    nothing = standby.fork_server(first)
    standby.prepare()
    standby.prepare()
    waited = standby.fork_server(first)

    assert nothing is None
    assert waited is not None
    assert standby.fork_server(first) is None
    assert standby.fork_server(other) is None
    waited.close()
    assert waited.lost


def test_one_that_has_died_is_not_handed_over(standby, needs):
    """The node then starts its own."""
    node = needs("node")
    standby.expect([node.fork_server])
    before = set(psutil.Process().children())
    standby.prepare()
    (process,) = set(psutil.Process().children()) - before
    process.kill()
    deadline = time.monotonic() + 10
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert standby.fork_server(node) is None


def test_what_nobody_fetches_leaves_nothing(standby, needs):
    """Neither a process nor an empty log."""
    node = needs("node")
    standby.expect([node.fork_server])
    standby.prepare()
    began = node.fork_server.log.exists()
    standby.close()

    assert began
    assert not node.fork_server.log.exists()


def test_a_chain_of_steps(job):
    """Each step finds what the one before it has written, and the rows are the same."""
    pipeline = job.pipeline(SCRIPT, files=5)
    (first,) = pipeline.graph.steps
    steps, before = [first], first.output
    for number in (1, 2):
        output = PipelineData(
            f"rows{number}", datastore=job.workspace.get_default_datastore()
        )
        config = ParallelRunConfig(
            environment=Environment("current"),
            source_directory=first.parallel_run_config.source_directory,
            entry_script="score.py",
            error_threshold=-1,
            output_action="append_row",
            compute_target="local",
            node_count=number,
            append_row_file_name=f"rows{number}.txt",
        )
        steps.append(
            ParallelRunStep(
                name=f"again-{number}",
                parallel_run_config=config,
                inputs=[before.as_dataset().as_named_input(f"from{number}")],
                output=output,
            )
        )
        before = output
    run = Experiment(job.workspace, "tests").submit(
        Pipeline(workspace=job.workspace, steps=steps)
    )
    run.wait_for_completion(show_output=False)
    last = run.output_places()[-1]

    assert run.get_status() == "Finished"
    assert [step.done_mini_batches for step in run.state().steps] == [5, 1, 1]
    assert last.name == "rows2"
    assert not list(job.run_folder(run).root.glob("dask*"))
