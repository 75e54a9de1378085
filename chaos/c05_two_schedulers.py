"""C5: two schedulers.

Injected: two scheduler processes over one workspace that look at the same minutes at the
same time.

Must hold: as many runs as minutes; no minute has two, none has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.schedule_lab import MinuteSchedule
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_SECONDS = 3600.0


def run(lab: Lab, size: Size) -> Verdict:
    """Let both look at every minute."""
    verdict = Verdict()
    minutes = size.of(20, 100, 1_000)
    schedule = MinuteSchedule(lab)
    both = [schedule.process(1, minutes, starts=False) for _ in range(2)]
    texts = [process.communicate(timeout=_SECONDS)[0] for process in both]
    for process, text in zip(both, texts, strict=True):
        lines = text.splitlines()
        verdict.demand(process.returncode == 0, f"a scheduler said {lines[-1:]}")
    submitted = [text.count(": run ") for text in texts]
    toll = schedule.toll(minutes)
    verdict.note(ticks=f"{minutes} x 2", runs=toll.runs, shares=submitted)
    verdict.note(double=toll.double, missed=toll.missed, unfinished=toll.unfinished)
    verdict.demand(toll.runs == minutes, f"{toll.runs} runs of {minutes}")
    verdict.demand(toll.double == 0, f"{toll.double} double")
    verdict.demand(toll.missed == 0, f"{toll.missed} missed")
    verdict.demand(toll.unfinished == 0, f"{toll.unfinished} not submitted")
    return verdict
