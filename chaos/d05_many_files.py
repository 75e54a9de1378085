"""D5: a million files in one folder.

Injected: a folder of 1,000,000 files as the input of a step.

Must hold: the list of mini-batches is frozen within 60 s of the step's start, by
processes that hold 300 MB at most; the first mini-batch settles before the listing ends;
the list takes 100 MB at most, and every item is in it once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaos.process_tree import children, command_line, is_running, resident_bytes
from chaos.standard_check import verify_problems
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_MEGABYTE = 1_000_000
_PLAN_SECONDS = 60
_MOST_MEGABYTES = 300
_LIST_MEGABYTES = 100
_SHORT_PLAN = 1.0
"""Seconds within which nothing has to have run yet."""
_FILES_PER_MINI_BATCH = 10
_DEADLINE = 600
_SCRIPT = "def run(mini_batch):\n    return mini_batch\n"


@dataclass
class _Seen:
    """What was seen of the planning, in seconds since the submission."""

    started: float = 0.0
    first_settled: float = 0.0
    listed: float = 0.0
    most_bytes: int = 0


def run(lab: Lab, size: Size) -> Verdict:
    """List many files."""
    verdict = Verdict()
    files = size.of(20_000, 200_000, 1_000_000)
    lab.data(files)
    job = lab.submit(
        _SCRIPT,
        items=files,
        mini_batch_size=_FILES_PER_MINI_BATCH,
        output_action="summary_only",
    )
    seen = _watch(lab, job)
    status = lab.finish(job, _DEADLINE)
    step = job.state().steps[0]
    plan = seen.listed - seen.started
    list_bytes = job.folder.step(step.step_run_id).mini_batches.stat().st_size
    verdict.note(
        files=files,
        plan=f"{plan:.1f} s",
        first_mini_batch=f"{seen.first_settled - seen.started:.1f} s",
        memory=f"{seen.most_bytes / _MEGABYTE:.0f} MB",
        list=f"{list_bytes / _MEGABYTE:.1f} MB",
    )
    verdict.demand(status == "Finished", f"the run is {status}: {job.state().error}")
    verdict.demand(plan <= _PLAN_SECONDS, f"the plan took {plan:.1f} s")
    verdict.demand(
        seen.most_bytes <= _MOST_MEGABYTES * _MEGABYTE, "planning took over 300 MB"
    )
    verdict.demand(list_bytes <= _LIST_MEGABYTES * _MEGABYTE, "the list is over 100 MB")
    verdict.demand(
        seen.first_settled < seen.listed or plan < _SHORT_PLAN,
        "nothing ran while it was listed",
    )
    verdict.demand(step.succeeded_items == files, f"{step.succeeded_items} items ran")
    for problem in verify_problems(job):
        verdict.demand(False, f"azml verify: {problem}")
    return verdict


def _watch(lab: Lab, job: PipelineRun) -> _Seen:
    """Look at a run until its list is frozen."""
    seen = _Seen()
    pid = lab.orchestrator(job)
    deadline = time.monotonic() + _DEADLINE
    while not (seen.listed and seen.first_settled) and time.monotonic() < deadline:
        state = job.state()
        step = state.steps[0]
        now = time.monotonic()
        if step.started and not seen.started:
            seen.started = now
        if step.done_mini_batches and not seen.first_settled:
            seen.first_settled = now
        if step.total_mini_batches is not None and not seen.listed:
            seen.listed = now
        if state.ended_for_good:
            break
        pid = pid or lab.orchestrator(job)
        if pid is not None and is_running(pid):
            seen.most_bytes = max(seen.most_bytes, _planning_bytes(pid))
        time.sleep(0.02)
    return seen


def _planning_bytes(orchestrator: int) -> int:
    """Return the memory of the orchestrator and of the process that lists for it."""
    listers = [
        child
        for child in children(orchestrator)
        if b"engine.lister" in command_line(child)
    ]
    return sum(map(resident_bytes, [orchestrator, *listers]))
