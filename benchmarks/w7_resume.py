"""W7, resume: a run is killed at 99 %; how long until its next ``run()``."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.data import empty_files
from benchmarks.figure import Figure, single
from benchmarks.rounds import Side, alternate, say
from benchmarks.w1_no_op import FILES, no_op
from benchmarks.work import Measured, Work

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun
    from benchmarks.settings import Settings

__all__ = ["TITLE", "kill_and_resume", "measure"]

TITLE = "resume: 10⁶ mini-batches, killed at 99 %"
_SIDE = Side("kill and resume", "w7_resume:kill_and_resume")
_NEAR = 0.9
_PATIENCE = 400.0


def measure(settings: Settings) -> list[Figure]:
    """Kill and resume, a few times."""
    files = settings.size(FILES, 20_000)
    count = settings.size(1_000_000, 20_000)
    folder = str(empty_files(settings.place / "d", files))
    say(f"W7: {count} mini-batches")
    # A small run has no time to be caught near its end.
    share = settings.size(99, 50)
    work = replace(no_op(folder, count, files), options={"percent": share})
    found = alternate([_SIDE], work, settings.rounds, lines=work.items)[_SIDE.name]
    seconds = found.more("resume")
    title = "resume() to the next run()"
    return [
        single("W7.seconds", title, "s", seconds, at_most=3, note=found.problem),
        single(
            "W7.call_seconds", "resume() itself, its checks", "s", found.more("call")
        ),
        single("W7.killed_at", "done when killed", "%", found.more("killed at")),
    ]


def kill_and_resume(work: Work) -> Measured:
    """Submit, kill the orchestrator at 99 %, resume, and wait for the end."""
    from azml_pipelines import Pipeline  # noqa: PLC0415 - in the process of the round
    from benchmarks.our_run import (  # noqa: PLC0415 - the same
        declare,
        orchestrator,
        output_of,
        submit,
        workspace_of,
    )

    started = time.time()
    workspace = workspace_of(work)
    step, _ = declare(workspace, work)
    run = submit(workspace, Pipeline(workspace=workspace, steps=[step]))
    pid = orchestrator(run)
    assert pid is not None
    done = _wait_until(run, work.count, int(work.options["percent"]) / 100)
    os.kill(pid, signal.SIGKILL)
    first = work.first_run()
    killed = time.time()
    while orchestrator(run) is not None:
        time.sleep(0.01)
    # Its workers notice by themselves; what they still do is no part of the next one.
    time.sleep(2)
    work.mark.unlink()
    resumed = time.time()
    run.resume()
    call = time.time() - resumed
    run.wait_for_completion(show_output=False)
    more = {
        "killed at": 100 * done / work.count,
        "call": call,
        "resume": work.first_run() - resumed,
    }
    return Measured(first - started, killed - first, str(output_of(run)), more)


def _wait_until(run: PipelineRun, total: int, share: float) -> int:
    """Return how many mini-batches are done, at the first look that finds enough."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        state = run.state()
        done = state.steps[0].done_mini_batches
        if state.ended_for_good or done >= total:
            msg = f"it was {state.status}, {done} done, before it could be killed"
            raise RuntimeError(msg)
        if done >= share * total:
            return done
        time.sleep(0.001 if done >= _NEAR * share * total else 0.02)
    msg = f"not nearly done after {_PATIENCE:g} s"
    raise TimeoutError(msg)
