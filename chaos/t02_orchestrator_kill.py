"""T2: orchestrator kill and resume.

Injected: SIGKILL of the orchestrator at random moments, from its first breath to the
commit, every other time only after it has got on with the work; then ``run.resume()``, up to 10 times for each run.

Must hold: the sha256 of the output is that of a run without faults; every state in
between can be read; what runs again is at most what was in hand; one command resumes.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaos.lab import ROWS_SCRIPT, names, rows, wait_for
from chaos.lanes import side_by_side
from chaos.process_tree import kill
from chaos.standard_check import check, note_rows
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines import PipelineRun
    from chaos.lab import Account, Lab, LabPlan
    from chaos.verdict import Size

__all__ = ["run"]

_MINI_BATCHES = 2_000
_KILLS_PER_RUN = 10
_LATEST_SECONDS = 1.8
_AT_WORK_SECONDS = 0.4
_PATIENCE_SECONDS = 20
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
    target = size.of(3, 10, 100)
    shares = [target - target // 2, target // 2]
    lanes = [
        _Lane(lab.plan(number), share) for number, share in enumerate(shares) if share
    ]
    results = [found for _, found in side_by_side(lab, _kill_and_resume, lanes)]
    verdict.problems += [text for found in results for text in found.problems]
    accounts = [account for found in results for account in found.accounts]
    kills, runs = sum(found.kills for found in results), len(accounts)
    digest = hashlib.sha256(rows(names(_MINI_BATCHES))).hexdigest()[:12]
    verdict.note(kills=kills, runs=runs, mini_batches=_MINI_BATCHES * runs)
    note_rows(verdict, accounts)
    equal = sum(account.equal for account in accounts)
    again = sum(found.again for found in results)
    verdict.note(sha256_equal=f"{equal}/{runs}", sha256=digest, run_again=again)
    verdict.demand(kills > 0, "not one orchestrator was killed")
    verdict.reach("kills", kills, target, "a problem, or the time was up")
    return verdict


@dataclass(frozen=True)
class _Lane:
    """One run after the other, until there were so many kills."""

    lab: LabPlan
    kills: int


@dataclass
class _Killed:
    kills: int = 0
    again: int = 0
    """Calls of ``run()`` that were made more than once."""
    accounts: list[Account] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def _kill_and_resume(lane: _Lane) -> _Killed:
    verdict = Verdict()
    found = _Killed(problems=verdict.problems)
    expected = rows(names(_MINI_BATCHES))
    missed = 0
    with lane.lab.open() as lab:
        while found.kills < lane.kills and not lab.time_is_up:
            notes = lab.fresh_folder("notes") / "calls"
            variables = {"NOTES": str(notes)}
            job = lab.submit(
                _SCRIPT, items=_MINI_BATCHES, environment_variables=variables
            )
            most = min(lane.kills - found.kills, _KILLS_PER_RUN)
            killed = _torment(lab, job, most, verdict)
            status = lab.finish(job, 60)
            verdict.demand(
                status == "Finished", f"{job.id} is {status} after {killed} kills"
            )
            found.accounts.append(check(lab, job, expected, verdict, figures=False))
            repeated = _calls(notes) - _MINI_BATCHES
            verdict.demand(
                repeated <= killed * _IN_HAND,
                f"{repeated} calls again after {killed} kills",
            )
            found.kills, found.again = found.kills + killed, found.again + repeated
            missed = 0 if killed else missed + 1
            if missed == _MOST_MISSED or verdict.problems:
                break
    return found


def _torment(lab: Lab, job: PipelineRun, most: int, verdict: Verdict) -> int:
    """Kill the orchestrator at random moments and resume; return the number of kills."""
    kills = 0
    while kills < most:
        if lab.random.random() < 0.5:
            done = job.state().steps[0].done_mini_batches
            wait_for(lambda: _got_on(job, done), _PATIENCE_SECONDS)  # noqa: B023 - waits here
            time.sleep(lab.random.uniform(0, _AT_WORK_SECONDS))
        else:
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


def _got_on(job: PipelineRun, done: int) -> bool:
    """Whether more is done than was, or nothing will be."""
    state = job.state()
    return state.ended_for_good or state.steps[0].done_mini_batches > done


def _calls(notes: Path) -> int:
    return notes.stat().st_size if notes.exists() else 0
