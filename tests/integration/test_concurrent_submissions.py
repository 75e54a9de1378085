"""Many processes submit at once: every run is there, nobody meets a locked database."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PROCESSES = 8
RUNS = 200
SCRIPT = """
def run(mini_batch):
    return [len(mini_batch)]
"""
SUBMIT = """
import sys
from azml_pipelines import PublishedPipeline, Workspace
from azml_pipelines.run.experiment import Experiment

workspace = Workspace.from_config(sys.argv[1])
published = PublishedPipeline.get(workspace, sys.argv[2])
experiment = Experiment(workspace, "many")
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    run = experiment.submit(published, tags={"number": str(number)}, debug=True)
    print(run.id, run.get_status(), flush=True)
"""


def submit_from_many(job, environ):
    """Submit from eight processes at the same moment; return what each has printed."""
    published = job.pipeline(SCRIPT, files=1).publish("cheap")
    command = [
        *(sys.executable, "-c", SUBMIT, str(job.folder / "workspace"), published.id),
        str(RUNS // PROCESSES),
    ]
    processes = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environ},
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=300) for process in processes]


def check_every_run_is_there(job, said):
    """200 runs in the index, each once, each finished; no complaint."""
    ended = [
        line.split()
        for output, _ in said
        for line in output.splitlines()
        if line.endswith((" Finished", " Failed"))
    ]
    known = [record.run_id for record in job.workspace.catalog.runs.newest_first()]

    assert [errors for _, errors in said if errors] == []
    assert {status for _, status in ended} == {"Finished"}
    assert len(ended) == RUNS
    assert sorted(run_id for run_id, _ in ended) == sorted(known)


@pytest.mark.timeout(400)
def test_submissions_from_many_processes_to_a_file(job):
    """200 runs with a catalog in SQLite."""
    check_every_run_is_there(job, submit_from_many(job, {}))


@pytest.mark.timeout(400)
def test_submissions_from_many_processes_to_postgres(job, postgres_schema, monkeypatch):
    """And with one on PostgreSQL, whose address is in a variable only."""
    monkeypatch.setenv("CATALOG_URL", postgres_schema)
    config = job.folder / "workspace" / "config.json"
    content = json.loads(config.read_text())
    config.write_text(json.dumps({**content, "catalog": {"url": "env:CATALOG_URL"}}))

    check_every_run_is_there(job, submit_from_many(job, {}))
    assert not (job.folder / "workspace" / ".azml" / "catalog.db").exists()
