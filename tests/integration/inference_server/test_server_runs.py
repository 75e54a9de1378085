"""Runs whose worker processes are inference servers, and what becomes of those."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from azml_pipelines import (
    Dataset,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)

if TYPE_CHECKING:
    from pathlib import Path

PEER = """
import os, sys
import inference_server, waitress
from inference_server import plugin_hook

class Plugin:
    @plugin_hook()
    def model_fn(self, model_dir):
        return int(open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "factor")).read())

    @plugin_hook()
    def input_fn(self, input_data, content_type):
        assert content_type == "text/csv", content_type
        return [int(line) for line in input_data.decode().split()]

    @plugin_hook()
    def predict_fn(self, data, model):
        return [model * value for value in data]

    @plugin_hook()
    def output_fn(self, prediction, accept):
        return "".join(f"{value}\\n" for value in prediction).encode(), "text/csv"

    @plugin_hook()
    def max_payload_in_mb(self):
        return 1

    @plugin_hook()
    def max_concurrent_transforms(self):
        return 3

inference_server._plugin.manager().register(Plugin())
inference_server.warmup()
port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
waitress.serve(inference_server.create_app(), host="127.0.0.1", port=port, threads=4)
"""


@pytest.fixture
def server_job(job, tmp_path, program):
    """Submit one step over files with these contents, each its own mini-batch."""
    data = tmp_path / "in"
    data.mkdir()

    def submit(
        contents: dict[str, str], how: str = "{}", *, debug: bool = False, **config: Any
    ):
        for name, content in contents.items():
            (data / name).write_text(content)
        log = tmp_path / "log.jsonl"
        given = {
            "command": [sys.executable, str(program), how, str(log)],
            "split_type": "Line",
            "mini_batch_size": 1,
            "run_max_try": 2,
            **config,
        }
        step = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig.from_inference_server(**given),
            inputs=[Dataset.File.from_files(str(data)).as_named_input("files")],
            output=PipelineData("rows"),
        )
        pipeline = Pipeline(job.workspace, [step])
        return Experiment(job.workspace, "servers").submit(pipeline, debug=debug)

    return submit


def wait(run):
    """Wait for the end, whatever it is."""
    run.wait_for_completion(show_output=False, raise_on_error=False)
    return run


def test_a_peer_is_asked_as_it_offers(job, server_job, tmp_path):
    """A server that others have written, unchanged, with its execution-parameters."""
    pytest.importorskip("waitress")
    peer, model = tmp_path / "peer.py", tmp_path / "model"
    peer.write_text(PEER)
    model.mkdir()
    (model / "factor").write_text("7")
    contents = {"a.csv": "".join(f"{i}\n" for i in range(300_000)), "b.csv": "5\n"}
    run = wait(
        server_job(
            contents,
            command=[sys.executable, str(peer)],
            model_data=str(model),
            process_count_per_node=2,
        )
    )
    lines = job.output(run).decode().splitlines()

    assert "Finished" == run.get_status()
    assert 300_001 == len(lines)
    assert ["0,0,a.csv", "1,7,a.csv"] == lines[:2]
    assert ["299999,2099993,a.csv", "0,35,b.csv"] == lines[-2:]


def test_a_server_gets_nothing_of_the_shell(server_job, tmp_path, shell_keys):
    """What workers inherit and what is declared, by value or by reference."""
    declared = {"COLOUR": "blue", "GIVEN": "env:MY_OWN_SETTING"}
    run = wait(server_job({"a.csv": "1\n"}, environment_variables=declared))

    assert run.get_status() == "Finished", run.state().error
    first = (tmp_path / "log.jsonl").read_text().splitlines()[0]
    names = set(json.loads(first)["names"])
    assert {*declared, "PATH", "PORT"} <= names
    assert names.isdisjoint(shell_keys)


def test_a_bad_file_stands_alone(job, server_job):
    """Its neighbours in the mini-batch are kept, in order; the server says why."""
    contents = {"a.csv": "1\n", "b.csv": "2\nbad\n", "c.csv": "333\n"}
    run = wait(server_job(contents, mini_batch_size=3))
    [failed] = run.failed_items()

    assert "Finished" == run.get_status()
    assert b"0,1,a.csv\n0,3,c.csv\n" == job.output(run)
    assert failed.item.endswith("b.csv")
    assert "b.csv, records 0 to 1: the server answered 400" in failed.message


def test_a_server_that_hangs_is_killed_in_time(job, server_job):
    """With the worker process that asked it; the next mini-batch has a fresh one."""
    how = json.dumps({"hangs_of": "stuck"})
    contents = {"a.csv": "1\n", "b.csv": "stuck\n", "c.csv": "333\n"}
    run = wait(server_job(contents, how, run_invocation_timeout=1, run_max_try=1))

    assert b"0,1,a.csv\n0,3,c.csv\n" == job.output(run)
    assert ["timeout"] == [failed.reason for failed in run.failed_items()]


def test_a_server_that_does_not_start_fails_the_step_by_name(server_job):
    """After fresh tries, with how it ended; no mini-batch is charged."""
    run = wait(server_job({"a.csv": "1\n"}, '{"fails": 3}'))
    error = str(run.state().error)

    assert "Failed" == run.get_status()
    assert "the server did not start: it ended with exit code 3" in error


def test_nothing_is_left_of_a_killed_run(job, server_job, tmp_path):
    """Its servers end with it."""
    how = json.dumps({"hangs_of": "stuck"})
    run = server_job(
        {"a.csv": "stuck\n", "b.csv": "stuck\n"},
        how,
        process_count_per_node=2,
        run_invocation_timeout=300,
    )
    deadline = time.monotonic() + 60
    while len(servers := servers_of(tmp_path)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(job.orchestrator(run), signal.SIGKILL)
    _, alive = psutil.wait_procs(servers, timeout=3)

    assert not alive


@pytest.mark.parametrize("threshold", [0, 1])
def test_nothing_is_left_of_a_debug_run(server_job, tmp_path, threshold):
    """Whether it has ended well or badly, and though this process goes on."""
    contents = {"a.csv": "bad\n", "b.csv": "1\n"}
    run = server_job(contents, debug=True, error_threshold=threshold)

    assert run.get_status() == ("Finished" if threshold else "Failed")
    assert servers_of(tmp_path) == []


def servers_of(folder: Path) -> list[psutil.Process]:
    """Return the running servers of a test."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(folder / "server.py") in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize(("threshold", "status"), [(1, "Finished"), (0, "Failed")])
def test_a_file_with_a_bad_record_is_one_failed_item(
    job, server_job, threshold, status
):
    """Its good rows are kept where the threshold allows it."""
    contents = {"a.csv": "1\n", "b.csv": "2\nbad\n33\n"}
    run = wait(server_job(contents, on_bad_record="bisect", error_threshold=threshold))

    assert run.get_status() == status, run.state().error
    if status == "Finished":
        said = "error: the server answered 400: bad record in the middle"
        assert job.output(run).decode().splitlines() == [
            "0,1,a.csv",
            "0,1,b.csv",
            f"1,{said},b.csv",
            "2,2,b.csv",
        ]


SCORE = """
def run(mini_batch):
    return mini_batch.sum(axis=1)
"""


def test_our_own_server_as_the_peer(job, server_job, tmp_path):
    """The script that serves also scores; nobody but its worker is answered."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "score.py").write_text(SCORE)
    serve = "-m azml_pipelines.cli serve --script score.py --columns a,b"
    run = wait(
        server_job(
            {"a.csv": "1,2\n3,4\n", "b.csv": "5,6\n"},
            command=[sys.executable, *serve.split()],
            source_directory=str(source),
            accept="text/csv",
        )
    )

    assert run.get_status() == "Finished", run.state().error
    assert job.output(run) == b"0,3,a.csv\n1,7,a.csv\n0,11,b.csv\n"
