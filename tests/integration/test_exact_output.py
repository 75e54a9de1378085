"""Exactly once, in input order, byte for byte the same, whatever happens on the way."""

from __future__ import annotations

import hashlib
import os
import signal
import time

import pytest

FILES = 60
NAMES = """
import os, time

def run(mini_batch):
    time.sleep(0.002)
    return [os.path.basename(path) for path in mini_batch]
"""
EXPECTED = hashlib.sha256(
    b"".join(b"%05d.txt\n" % number for number in range(FILES))
).hexdigest()


def wait_for(condition, seconds=20):
    """Wait until ``condition`` returns something true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.005)
    return pytest.fail(f"not within {seconds} s")


def workers(job, run):
    """Return the process ids of the living workers of a run, from their logs' names."""
    import psutil

    root = str(job.run_folder(run).root)
    found = []
    for process in psutil.process_iter():
        try:
            if "azml_pipelines.worker" in process.cmdline() and root in process.cwd():
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("mini_batch_size", [1, 3, 10])
@pytest.mark.parametrize(
    ("nodes", "processes"),
    [(1, 1), (1, 2), (2, 2), (3, 1)],
    ids=["1x1", "1x2", "2x2", "3x1"],
)
def test_the_shape_of_the_run_leaves_no_trace(job, nodes, processes, mini_batch_size):
    """Nodes, processes and mini-batch size do not change one byte of the output."""
    run = job.finish(
        NAMES,
        files=FILES,
        node_count=nodes,
        process_count_per_node=processes,
        mini_batch_size=mini_batch_size,
    )

    assert hashlib.sha256(job.output(run)).hexdigest() == EXPECTED


def test_killed_workers_leave_no_trace(job):
    """SIGKILL of workers in the middle costs time, no try and no row."""
    run = job.submit(NAMES.replace("0.002", "0.05"), files=FILES)
    killed = 0
    while killed < 6 and not run.state().ended_for_good:
        for pid in workers(job, run)[:1]:
            os.kill(pid, signal.SIGKILL)
            killed += 1
        time.sleep(0.1)
    run.wait_for_completion(show_output=False)

    assert killed > 0
    assert hashlib.sha256(job.output(run)).hexdigest() == EXPECTED
    assert not any(failure.charged for failure in job.failures(run))


def test_a_killed_fork_server_leaves_no_trace(job):
    """The node gets a new one, and everything it had in hand runs again."""
    run = job.submit(NAMES.replace("0.002", "0.05"), files=FILES)
    wait_for(lambda: run.state().steps[0].done_mini_batches > 2)
    import psutil

    orchestrator = psutil.Process(job.orchestrator(run))
    os.kill(orchestrator.children()[0].pid, signal.SIGKILL)
    run.wait_for_completion(show_output=False)

    assert hashlib.sha256(job.output(run)).hexdigest() == EXPECTED


@pytest.mark.parametrize("moment", [0.0, 0.3, 0.7, 1.2], ids=lambda at: f"after {at} s")
def test_a_killed_orchestrator_leaves_nothing_behind_and_is_resumed(job, moment):
    """No process after 3 s; finished mini-batches stay finished; the same bytes."""
    run = job.submit(NAMES.replace("0.002", "0.05"), files=FILES)
    time.sleep(moment)
    os.kill(job.orchestrator(run), signal.SIGKILL)
    wait_for(lambda: not job.processes(), seconds=3)
    kept = run.state().steps[0].done_mini_batches

    assert run.get_status() == "Failed"
    assert f"azml resume {run.id}" in run.state().error

    run.resume()
    run.wait_for_completion(show_output=False)

    assert hashlib.sha256(job.output(run)).hexdigest() == EXPECTED
    assert run.state().steps[0].done_mini_batches == FILES >= kept


def test_a_damaged_part_is_made_again(job):
    """Rows whose checksum does not fit never reach the output."""
    run = job.submit(NAMES.replace("0.002", "0.02"), files=FILES)
    parts = wait_for(
        lambda: sorted(job.run_folder(run).root.glob("steps/*/parts/*.part"))
    )
    wait_for(lambda: run.state().steps[0].done_mini_batches > 10)
    with parts[0].open("r+b") as part:
        part.write(b"XXXX")
    run.wait_for_completion(show_output=False)

    assert hashlib.sha256(job.output(run)).hexdigest() == EXPECTED


def test_a_run_outlives_who_submitted_it(job, tmp_path):
    """A script that only submits may exit at once."""
    import subprocess
    import sys

    pipeline = job.pipeline(NAMES, files=FILES)
    del pipeline
    code = (
        "from azml_pipelines import *\n"
        f"ws = Workspace.from_config({str(tmp_path / 'workspace')!r})\n"
        f"data = Dataset.File.from_files({str(tmp_path / f'data-{FILES}')!r})\n"
        "config = ParallelRunConfig(environment=Environment('current'),"
        f" source_directory={str(next(tmp_path.glob('source-*')))!r},"
        " entry_script='score.py', error_threshold=-1, output_action='append_row',"
        " compute_target='local', node_count=1, mini_batch_size=1)\n"
        "step = ParallelRunStep(name='score', parallel_run_config=config,"
        " inputs=[data.as_named_input('files')],"
        " output=PipelineData('rows', datastore=ws.get_default_datastore()))\n"
        "run = Experiment(ws, 'tests').submit(Pipeline(ws, [step]))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    run = next(iter(job.workspace.experiments["tests"].get_runs()))
    run.wait_for_completion(show_output=False)

    assert hashlib.sha256(job.output(run)).hexdigest() == EXPECTED


def test_a_half_copied_source_directory_is_not_worked_with(job, monkeypatch):
    """The orchestrator dies while a node's folder is filled; all is there later."""
    script = (
        "import os\n"
        "HERE = sorted(os.listdir(os.path.dirname(os.path.abspath(__file__))))\n"
        "def run(mini_batch):\n"
        "    return [f'{os.path.basename(p)} {HERE}' for p in mini_batch]\n"
    )
    calm = job.output(job.finish(script))
    monkeypatch.setenv("AZML_FAILPOINTS", "node.rename=kill@1")
    run = job.finish(script)
    monkeypatch.delenv("AZML_FAILPOINTS")
    nodes = run.folder.step(run.state().steps[0].step_run_id).nodes
    seen = [path.name for path in nodes.iterdir() if path.name[0] != "."]
    run.resume()
    run.wait_for_completion(show_output=False)

    assert seen == []
    assert job.output(run) == calm
