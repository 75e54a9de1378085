"""T12: two of everything.

Injected: 4 processes resume the same run at the same moment, in some rounds another one
cancels it; 8 processes write 1,000 transactions each into the same catalog, and claim
the same journal.

Must hold: one owner per race, the others are told who; nobody sees ``database is
locked``; no transaction is lost. (There are no schedules yet, so none race.)
"""

from __future__ import annotations

import multiprocessing
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines import PipelineRun, Workspace
from azml_pipelines.errors import AzmlError
from azml_pipelines.store.catalog_runs import RunRecord
from azml_pipelines.store.journal import Journal, LostRunError
from azml_pipelines.store.run_owner import Owner
from chaos.lab import ROWS_SCRIPT, wait_for
from chaos.process_tree import command_line, is_running, kill, processes_below
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_RIVALS = 4
_SETTLE_SECONDS = 5.0
_WRITERS = 8
_SCRIPT = ROWS_SCRIPT.format(init="pass", before="time.sleep(0.2)")
_FORK = multiprocessing.get_context("fork")


def run(lab: Lab, size: Size) -> Verdict:
    """Race."""
    verdict = Verdict()
    races = size.of(3, 15, 200)
    single = refused = 0
    # Enough that the run is not finished before the last race.
    job = lab.submit(_SCRIPT, items=size.of(4_000, 4_000, 20_000))
    wait_for(lambda: job.get_status() == "Running", 20)
    _stop(lab)
    raced = 0
    while raced < races and not lab.time_is_up:
        result = _race(lab, job, cancel=raced % 3 == 2)
        raced += 1
        single += result.single
        refused += result.refused
        for text in result.problems:
            verdict.demand(False, f"race {raced}: {text}")
        _stop(lab)
    verdict.note(races=raced, single_owners=single, refused=refused)
    verdict.demand(single == raced, f"{raced - single} races without a single owner")
    verdict.reach("races", raced, races, "the time was up")
    each = size.of(50, 200, 1_000)
    for name, work in (("catalog", _write_catalog), ("journal", _write_journal)):
        done, errors = _together(work, str(lab.root), job.id, each)
        total = _WRITERS * each
        verdict.note(**{f"{name}_transactions": f"{done}/{total}"})
        verdict.demand(done == total, f"{name}: {done} of {total} transactions")
        for text in errors[:3]:
            verdict.demand(False, f"{name}: {text}")
    stored = len(lab.workspace.catalog.runs.newest_first("races"))
    verdict.note(stored=stored, schedules="none yet")
    verdict.demand(stored == _WRITERS * each, f"{stored} transactions are stored")
    return verdict


@dataclass(frozen=True)
class _Race:
    single: bool
    """Whether there was one owner, five seconds after the last start."""
    refused: int
    problems: list[str]


def _stop(lab: Lab) -> None:
    """End whoever drives the run, so that it can be resumed again."""
    for pid in _orchestrators(lab):
        kill(pid)
    lab.left_after(3)


def _orchestrators(lab: Lab) -> list[int]:
    return [
        pid
        for pid in processes_below(lab.root)
        if b"azml_pipelines.engine.orchestrator" in command_line(pid)
    ]


def _race(lab: Lab, job: PipelineRun, *, cancel: bool) -> _Race:
    before = _epoch(job)
    start = _FORK.Barrier(_RIVALS + cancel)
    answers: Any = _FORK.Queue()
    rivals = [
        _FORK.Process(target=_rival, args=(job, start, answers, "resume"))
        for _ in range(_RIVALS)
    ]
    if cancel:
        arguments = (job, start, answers, "cancel")
        rivals.append(_FORK.Process(target=_rival, args=arguments))
    for rival in rivals:
        rival.start()
    words = [answers.get(timeout=60) for _ in rivals]
    for rival in rivals:
        rival.join(60)
    # All orchestrators are started by now; those that come too late end by themselves.
    wait_for(lambda: _epoch(job) > before, _SETTLE_SECONDS)
    # One that starts a process is seen twice for a moment.
    alone = wait_for(lambda: len(_orchestrators(lab)) <= 1, _SETTLE_SECONDS, 0.05)
    claims = _epoch(job) - before
    # A cancel may end one of them, so that another one's resume follows it.
    most = words.count("resume") if cancel else 1
    single = bool(alone) and 1 <= claims <= most
    problems = [word for word in words if word.startswith("error")]
    if not single:
        owners = _orchestrators(lab)
        problems.append(f"owners {owners}, {claims} claims, answers {sorted(words)}")
    return _Race(single, words.count("refused"), problems)


def _epoch(job: PipelineRun) -> int:
    journal = Journal(job.folder.journal)
    try:
        return journal.epoch
    finally:
        journal.close()


def _rival(job: PipelineRun, start: Any, answers: Any, act: str) -> None:
    start.wait(30)
    try:
        getattr(job, act)()
    except AzmlError:
        answers.put("refused")
    except Exception as error:
        answers.put(f"error in {act}: {type(error).__name__}: {error}")
    else:
        answers.put(act)


def _together(work: Any, root: str, run_id: str, each: int) -> tuple[int, list[str]]:
    """Let all writers do ``each`` transactions; return how many worked, and errors."""
    answers: Any = _FORK.Queue()
    writers = [
        _FORK.Process(
            target=_writer,
            args=(work, root, run_id, range(start, start + each), answers),
        )
        for start in range(0, _WRITERS * each, each)
    ]
    for writer in writers:
        writer.start()
    found = [answers.get(timeout=300) for _ in writers]
    for writer in writers:
        writer.join(60)
        if is_running(writer.pid or 0):
            writer.kill()
    errors = [error for _, errors in found for error in errors]
    return sum(done for done, _ in found), errors


def _writer(work: Any, root: str, run_id: str, turns: range, answers: Any) -> None:
    done, errors = 0, []
    workspace = Workspace.from_config(Path(root) / "workspace")
    for turn in turns:
        try:
            done += work(workspace, run_id, str(turn))
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    answers.put((done, errors))


def _write_catalog(workspace: Workspace, run_id: str, name: str) -> bool:
    del run_id
    workspace.catalog.runs.add(RunRecord(name, "races", time.time()))
    return True


def _write_journal(workspace: Workspace, run_id: str, name: str) -> bool:
    """Claim the run; to be refused because another one has it is right, too."""
    del name
    owner = Owner.of_process(os.getpid())
    journal = Journal(workspace.folder.run(run_id).journal)
    try:
        if owner is not None:
            journal.claim(owner)
    except LostRunError:
        pass
    finally:
        journal.close()
    return True
