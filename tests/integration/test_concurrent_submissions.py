"""Many processes submit at once: every run is there, nobody meets a locked database.

These are submissions as users make them: each starts an orchestrator of its own, which
writes beside all the others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from azml_pipelines import CommandStep, Pipeline

PROCESSES = 8
RUNS = 200
SUBMIT = """
import sys
from azml_pipelines import PublishedPipeline, Workspace
from azml_pipelines.run.experiment import Experiment

AHEAD = 3  # of two hundred orchestrators at once, the machine would be full
workspace = Workspace.from_config(sys.argv[1])
published = PublishedPipeline.get(workspace, sys.argv[2])
experiment = Experiment(workspace, "many")
runs = []

def wait(number):
    status = runs[number].wait_for_completion(show_output=False, raise_on_error=False)
    print(runs[number].id, status, flush=True)

print("ready", flush=True)
sys.stdin.readline()
count = int(sys.argv[3])
for number in range(count):
    tags = {"number": str(number)}
    runs.append(experiment.submit(published, tags=tags))
    if number >= AHEAD:
        wait(number - AHEAD)
for number in range(count - AHEAD, count):
    wait(number)
"""


def submit_from_many(steps, environ):
    """Submit from eight processes at the same moment; return what each has printed."""
    log = steps.folder / "log"
    step = CommandStep(
        [f"echo $AZUREML_RUN_ID >> {log}"],
        name="note",
        source_directory=steps.source(""),
        allow_reuse=False,
    )
    published = Pipeline(steps.workspace, [step]).publish("cheap")
    command = [
        *(sys.executable, "-c", SUBMIT, str(steps.workspace.folder.root)),
        *(published.id, str(RUNS // PROCESSES)),
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


def check_every_run_is_there(steps, said):
    """200 runs in the index, each once, each finished and worked; no complaint."""
    ended = [
        line.split()
        for output, _ in said
        for line in output.splitlines()
        if line.endswith((" Finished", " Failed", " Canceled"))
    ]
    known = [record.run_id for record in steps.workspace.catalog.runs.newest_first()]
    worked = (steps.folder / "log").read_text().split()
    logs = list(steps.workspace.folder.runs.glob("*/orchestrator.log"))

    assert [errors for _, errors in said if errors] == []
    assert {status for _, status in ended} == {"Finished"}
    assert len(ended) == RUNS
    assert sorted(run_id for run_id, _ in ended) == sorted(known)
    assert len(worked) == len(set(worked)) == RUNS
    assert len(logs) == RUNS
    assert [log for log in logs if "locked" in log.read_text()] == []


@pytest.mark.timeout(400)
def test_submissions_from_many_processes_to_a_file(steps):
    """200 runs with a catalog in SQLite."""
    check_every_run_is_there(steps, submit_from_many(steps, {}))


@pytest.mark.timeout(400)
def test_submissions_from_many_processes_to_postgres(
    steps, postgres_schema, monkeypatch
):
    """And with one on PostgreSQL, whose address is in a variable only."""
    monkeypatch.setenv("CATALOG_URL", postgres_schema)
    config = steps.workspace.folder.root / "config.json"
    content = json.loads(config.read_text())
    config.write_text(json.dumps({**content, "catalog": {"url": "env:CATALOG_URL"}}))

    check_every_run_is_there(steps, submit_from_many(steps, {}))
    assert not (steps.folder / "workspace" / ".azml" / "catalog.db").exists()
