"""T1: kill storm on worker processes.

Injected: SIGKILL of random worker processes at random moments, start-up included, while
10,000 mini-batches of 5 rows and about 1 ms each run in 2 worker processes.

Must hold: every row exactly once and in order; not one innocent mini-batch failed; the
orchestrator and the fork servers live on; at most 120 s.

The full form goes on with a hurricane: so many kills that no worker gets through its
start. That run must end by name, no mini-batch charged, and be exact after a resume.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chaos.lab import ROWS_SCRIPT, names, rows
from chaos.process_tree import fork_servers, is_running, kill, workers
from chaos.standard_check import check
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_ROWS = 5
_LIMIT_SECONDS = 120
_HURRICANE_SECONDS = 400
_PAUSE_SECONDS = 0.010
"""Mean; a worker needs about 10 ms to start, so many are killed on the way."""
_SCRIPT = ROWS_SCRIPT.format(init="time.sleep(0.002)", before="time.sleep(0.001)")


def run(lab: Lab, size: Size) -> Verdict:
    """Run the storm."""
    verdict = Verdict()
    mini_batches = size.of(2_000, 10_000, 10_000)
    target = size.of(40, 200, 1_000)
    items = mini_batches * _ROWS
    expected = rows(names(items))
    started = time.monotonic()
    job = lab.submit(_SCRIPT, items=items, mini_batch_size=_ROWS)
    kills, servers_lost = _storm(lab, job, target)
    status = lab.finish(job, _LIMIT_SECONDS)
    seconds = time.monotonic() - started
    state = job.state()
    step = state.steps[0]
    verdict.note(kills=kills, mini_batches=mini_batches)
    check(lab, job, expected, verdict)
    strays = [failed.attempt for failed in lab.failures(job) if not failed.charged]
    verdict.note(
        innocent_failed=step.failed_mini_batches,
        retries=step.retries,
        fork_servers_lost=servers_lost,
        run=f"{seconds:.1f} s",
    )
    verdict.demand(status == "Finished", f"the run is {status}: {state.error}")
    verdict.demand(not step.failed_mini_batches, "innocent mini-batches failed")
    charged = len(lab.failures(job)) - len(strays)
    verdict.demand(not charged, f"{charged} kills were charged to mini-batches")
    verdict.demand(servers_lost == 0, "a fork server was lost")
    verdict.demand(seconds <= _LIMIT_SECONDS, f"took {seconds:.0f} s of 120 s")
    verdict.reach("kills", kills, target, "the run was finished first")
    if size.of(0, 0, 1):
        _hurricane(lab, verdict)
    return verdict


def _hurricane(lab: Lab, verdict: Verdict) -> None:
    """Kill every worker at once until the run gives up."""
    items = 200
    job = lab.submit(_SCRIPT, items=items)
    pid = lab.orchestrator(job)
    kills, seconds = 0, 0.001
    started = time.monotonic()
    while pid is not None and is_running(pid):
        kills += sum(kill(worker) for worker in workers(pid))
        seconds = time.monotonic() - started
        if seconds > _HURRICANE_SECONDS:
            break
        time.sleep(0.001)
    status = lab.finish(job, 10)
    error = job.state().error or ""
    rate = f"{kills / seconds:.0f} kills/s"
    verdict.note(hurricane=f"{rate}, {status} at {seconds:.0f} s: {error[:60]}")
    by_name = "processes" in error and "internal error" not in error
    verdict.demand(
        status == "Failed" and by_name,
        f"in the hurricane the run is {status}: {error}",
    )
    charged = sum(failed.charged for failed in lab.failures(job))
    verdict.demand(not charged, f"{charged} kills of the hurricane were charged")
    if status != "Finished":  # then the demand above has said what is wrong
        job.resume()
        status = lab.finish(job, 30)
    verdict.demand(status == "Finished", f"after the hurricane the run is {status}")
    check(lab, job, rows(names(items)), verdict, figures=False)


def _storm(lab: Lab, job: PipelineRun, target: int) -> tuple[int, int]:
    """Kill workers until ``target`` or the end; return kills and lost fork servers."""
    kills = 0
    known: set[int] = set()
    pid = lab.orchestrator(job)
    while kills < target and pid is not None and is_running(pid):
        known.update(fork_servers(pid))
        alive = workers(pid)
        if alive and kill(lab.random.choice(alive)):
            kills += 1
        time.sleep(lab.random.uniform(0, 2 * _PAUSE_SECONDS))
    lost = [server for server in known if not is_running(server)]
    return kills, len(lost) if pid is not None and is_running(pid) else 0
