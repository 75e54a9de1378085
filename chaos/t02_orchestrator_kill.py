"""T2: orchestrator kill and resume.

Injected: SIGKILL of the orchestrator at random moments, from its first breath to the
commit; then ``run.resume()``, up to 10 times for each run.

Must hold: the sha256 of the output is that of a run without faults; every state in
between can be read; what runs again is at most what was in hand; one command resumes.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from chaos.lab import ROWS_SCRIPT, names, rows
from chaos.process_tree import kill
from chaos.standard_check import check, note_rows
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines import PipelineRun
    from chaos.lab import Account, Lab
    from chaos.verdict import Size

__all__ = ["run"]

_KILLS_PER_RUN = 10
_LATEST_SECONDS = 1.8
_MOST_MISSED = 5
"""Runs in a row that may end before they are killed."""
_IN_HAND = 2 * 2 * 500
"""2 slots, a bundle running and one waiting for each, half a second of 1 ms each."""
_SCRIPT = ROWS_SCRIPT.format(
    init="global notes; notes = os.open(os.environ['NOTES'],"
    " os.O_WRONLY | os.O_APPEND | os.O_CREAT)",
    before="os.write(notes, b'.'); time.sleep(0.001)",
)


def run(lab: Lab, size: Size) -> Verdict:
    """Kill and resume until all kills are used up."""
    verdict = Verdict()
    mini_batches = 2_000
    target = size.of(3, 10, 100)
    expected = rows(names(mini_batches))
    kills = runs = again = missed = 0
    accounts: list[Account] = []
    while kills < target and not lab.time_is_up:
        notes = lab.fresh_folder("notes") / "calls"
        job = lab.submit(
            _SCRIPT, items=mini_batches, environment_variables={"NOTES": str(notes)}
        )
        killed = _torment(lab, job, min(target - kills, _KILLS_PER_RUN), verdict)
        status = lab.finish(job, 60)
        verdict.demand(
            status == "Finished", f"{job.id} is {status} after {killed} kills"
        )
        accounts.append(check(lab, job, expected, verdict, figures=False))
        repeated = _calls(notes) - mini_batches
        verdict.demand(
            repeated <= killed * _IN_HAND,
            f"{repeated} calls again after {killed} kills",
        )
        kills, runs, again = kills + killed, runs + 1, again + repeated
        missed = 0 if killed else missed + 1
        if missed == _MOST_MISSED or verdict.problems:
            break
    digest = hashlib.sha256(expected).hexdigest()[:12]
    verdict.note(kills=kills, runs=runs, mini_batches=mini_batches * runs)
    note_rows(verdict, accounts)
    equal = sum(account.equal for account in accounts)
    verdict.note(sha256_equal=f"{equal}/{runs}", sha256=digest, run_again=again)
    verdict.demand(kills > 0, "not one orchestrator was killed")
    verdict.reach("kills", kills, target, "a problem, or the time was up")
    return verdict


def _torment(lab: Lab, job: PipelineRun, most: int, verdict: Verdict) -> int:
    """Kill the orchestrator at random moments and resume; return the number of kills."""
    kills = 0
    while kills < most:
        time.sleep(lab.random.uniform(0, _LATEST_SECONDS))
        state = job.state()
        pid = lab.orchestrator(job)
        if state.ended_for_good or pid is None:
            return kills
        if kill(pid):
            kills += 1
        left = lab.left_after(3)
        verdict.demand(not left, f"{len(left)} processes 3 s after kill {kills}")
        if job.state().status == "Finished":
            return kills
        job.resume()
    return kills


def _calls(notes: Path) -> int:
    return notes.stat().st_size if notes.exists() else 0
