"""C6: a scheduler that is killed.

Injected: SIGKILL of the scheduler process at each point between a decided firing and a
noted run, or at a random moment; the next one goes on, and is often killed in turn.

Must hold: one run for every nominal time, started and finished once; none missed.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

from azml_pipelines import Experiment, PipelineRun
from azml_pipelines.failpoints import SCHEDULER_POINTS
from chaos.schedule_lab import MinuteSchedule
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_SUBMITTING = ("submit.snapshot", "submit.rename", "launch.spawn", "launch.spawned")
_POINTS = (*SCHEDULER_POINTS, *_SUBMITTING)
_SECONDS = 120.0
_MOST_PROCESSES = 3


def run(lab: Lab, size: Size) -> Verdict:
    """Kill until the figure is reached."""
    verdict = Verdict()
    wanted = size.of(4, 20, 200)
    schedule = MinuteSchedule(lab)
    kills: Counter[str] = Counter()
    minute = processes = 0
    while kills.total() < wanted and processes < _MOST_PROCESSES * wanted:
        if lab.time_is_up:
            break
        processes += 1
        minute += lab.random.random() < 0.8 or minute == 0
        point = _POINTS[kills.total() % len(_POINTS)]
        by_chance = lab.random.random() < 0.2
        process = schedule.process(
            minute,
            minute,
            starts=True,
            failpoints="" if by_chance else f"{point}=kill@1",
        )
        if by_chance:
            time.sleep(lab.random.uniform(0.3, 2.5))
            process.kill()
        process.communicate(timeout=_SECONDS)
        if process.returncode == -signal.SIGKILL:
            kills["at a random moment" if by_chance else point] += 1
    last = schedule.process(minute, minute, starts=True)
    text = last.communicate(timeout=_SECONDS)[0]
    verdict.demand(last.returncode == 0, f"the last one said {text[-200:]}")
    toll = schedule.toll(minute)
    ended = _ends(lab)
    verdict.note(kills=kills.total(), nominal_times=minute, runs=toll.runs)
    verdict.note(double=toll.double, missed=toll.missed, unfinished=toll.unfinished)
    verdict.note(finished=ended["Finished"], points=len(kills))
    verdict.demand(toll.runs == minute, f"{toll.runs} runs of {minute} times")
    verdict.demand(toll.double == 0, f"{toll.double} double")
    verdict.demand(toll.missed == 0, f"{toll.missed} missed")
    verdict.demand(toll.unfinished == 0, f"{toll.unfinished} not submitted")
    verdict.demand(ended["Finished"] == minute, f"runs have ended as {dict(ended)}")
    verdict.reach("kills", kills.total(), wanted, "the time was up")
    return verdict


def _ends(lab: Lab) -> Counter[str]:
    """Return how the runs have ended."""
    experiment = Experiment(lab.workspace, "chaos")
    records = lab.workspace.catalog.runs.newest_first("chaos")
    return Counter(
        lab.finish(PipelineRun(experiment, one.run_id), _SECONDS) or "nothing"
        for one in records
    )
