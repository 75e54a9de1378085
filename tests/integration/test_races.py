"""Two processes want the same run: one gets it, the other learns who has it (X1)."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import psutil

RACES = 20
SLOW = """
import time

def run(mini_batch):
    time.sleep(30)
    return mini_batch
"""
RESUME = """
import sys
from azml_pipelines import PipelineRun, Workspace
from azml_pipelines.run import resuming

run = PipelineRun.get(Workspace.from_config(sys.argv[1]), sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
try:
    run.resume()
except Exception as error:
    print(f"refused {error}", flush=True)
else:
    print("resumed", flush=True)
"""


def racers(workspace, run):
    """Start two processes that wait for the same moment."""
    command = [sys.executable, "-c", RESUME, str(workspace), run.id]
    both = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for racer in both:
        assert racer.stdout.readline() == "ready\n"
    return both


def orchestrators(folder):
    """Return the living orchestrators of a run."""
    found = []
    for process in psutil.process_iter():
        try:
            command = process.cmdline()
        except psutil.Error:
            continue
        if str(folder.root) in command and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process.pid)
    return found


def test_one_resumes_and_the_other_is_told_who(job):
    """In each of the races there is one orchestrator, and one refusal that names it."""
    run = job.submit(SLOW, files=2)
    folder = job.run_folder(run)
    outcomes = []
    for _ in range(RACES):
        deadline = time.monotonic() + 20
        while not (alive := orchestrators(folder)) and time.monotonic() < deadline:
            time.sleep(0.01)
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
        while orchestrators(folder):
            time.sleep(0.01)
        both = racers(job.folder / "workspace", run)
        for racer in both:
            racer.stdin.write("go\n")
            racer.stdin.flush()
        said = sorted(racer.communicate(timeout=60)[0] for racer in both)
        owner = job.orchestrator(run)
        outcomes.append(
            len(orchestrators(folder)) == 1
            and re.search(
                rf"refused Run {run.id} is driven by process {owner} on ", said[0]
            )
            and said[1].endswith("resumed\n")
        )
    run.cancel()
    run.wait_for_completion(show_output=False)

    assert RACES == sum(map(bool, outcomes))
