"""T12: two of everything.

Injected: 4 processes resume the same run at the same moment, in some rounds another one
cancels it; then a run is taken from its living orchestrator, so that two work at once;
then from one that is frozen somewhere, and wakes up while its successor works or when
that has ended; 8 processes write 1,000 transactions each into the same catalog, and
claim the same journal.

Must hold: one owner per race, the others are told who; an owner that has lost its run
writes nothing more and ends; nobody sees ``database is locked``; no transaction is lost.
(Two schedulers race in C5.)

Owners are counted in three ways, none of which looks away for a moment. The journal's
epoch counts every claim. Scripts note for whom they work, before and after each call:
the times of two owners never overlap. And a thread looks at the processes: without a
cancel there is only ever one orchestrator. Where a run is taken away, there are two for
some moments, and the claims and the thread have to say so.
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
from chaos.frozen_owners import FREEZING_PLACES, Freeze, play
from chaos.lab import names, rows, wait_for
from chaos.owners import SCRIPT, Watch, overlaps, parts_of, take_away, tenures
from chaos.process_tree import is_running, kill, orchestrators
from chaos.standard_check import check
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_RIVALS = 4
_SETTLE_SECONDS = 30.0
"""Where there is little to wait for; a machine with other work starts slowly."""
_WRITERS = 8
_TAKEN_ITEMS = 60
_FORK = multiprocessing.get_context("fork")


def run(lab: Lab, size: Size) -> Verdict:
    """Race."""
    verdict = Verdict()
    races = size.of(3, 15, 200)
    notes = lab.root / "calls"
    # Enough that the run is not finished before the last race.
    job = lab.submit(
        SCRIPT,
        items=size.of(4_000, 4_000, 20_000),
        environment_variables={"NOTES": str(notes)},
    )
    wait_for(lambda: job.get_status() == "Running", 20)
    _stop(lab)
    results: list[_Race] = []
    while len(results) < races and not lab.time_is_up:
        results.append(_race(lab, job, notes, cancel=len(results) % 3 == 2))
        for text in results[-1].problems:
            verdict.demand(False, f"race {len(results)}: {text}")
        _stop(lab)
    raced, single = len(results), sum(not result.problems for result in results)
    verdict.note(races=raced, single_owners=single)
    verdict.note(
        claims=sum(result.claims for result in results),
        refused=sum(result.refused for result in results),
        overlaps=overlaps(tenures(notes)),
        looks=sum(result.looks for result in results),
    )
    verdict.reach("races", raced, races, "the time was up")
    _take_runs_away(lab, size.of(1, 3, 20), verdict)
    _freeze_owners(lab, size.of(1, 6, 2 * len(FREEZING_PLACES)), verdict)
    each = size.of(50, 200, 1_000)
    for name, work in (("catalog", _write_catalog), ("journal", _write_journal)):
        done, errors = _together(work, str(lab.root), job.id, each)
        total = _WRITERS * each
        verdict.note(**{f"{name}_transactions": f"{done}/{total}"})
        verdict.demand(done == total, f"{name}: {done} of {total} transactions")
        for text in errors[:3]:
            verdict.demand(False, f"{name}: {text}")
    stored = len(lab.workspace.catalog.runs.newest_first("races"))
    verdict.note(stored=stored)
    verdict.demand(stored == _WRITERS * each, f"{stored} transactions are stored")
    return verdict


@dataclass(frozen=True)
class _Race:
    claims: int
    refused: int
    looks: int
    problems: list[str]


def _stop(lab: Lab) -> None:
    """End whoever drives the run, so that it can be resumed again."""
    for pid in orchestrators(lab.root):
        kill(pid)
    lab.left_after(3)


def _race(lab: Lab, job: PipelineRun, notes: Path, *, cancel: bool) -> _Race:
    before = _epoch(job)
    offset = notes.stat().st_size if notes.exists() else 0
    with Watch(lab.root) as watch:
        words = _rivals(job, cancel=cancel)
        # All orchestrators are started by now. Whoever comes too late ends by itself;
        # when one is left at most, and that has the run, nobody can claim it any more.
        wait_for(
            lambda: _epoch(job) > before or not orchestrators(lab.root), _SETTLE_SECONDS
        )
        settled = wait_for(
            lambda: len(orchestrators(lab.root)) <= 1, _SETTLE_SECONDS, 0.02
        )
        worked = cancel or wait_for(lambda: tenures(notes, offset), _SETTLE_SECONDS)
    claims = _epoch(job) - before
    # A cancel may end one of them, so that another one's resume follows it.
    most = words.count("resume") if cancel else 1
    found = tenures(notes, offset)
    problems = [word for word in words if word.startswith("error")]
    if not 1 <= claims <= most:
        last = job.folder.log.read_text("utf-8", "replace").splitlines()[-1:]
        problems.append(f"{claims} claims, answers {sorted(words)}, log {last}")
    if not cancel and watch.most > 1:
        problems.append(f"{watch.most} orchestrators at the same time")
    if not settled:
        problems.append(f"orchestrators {orchestrators(lab.root)} do not end")
    if overlaps(found) or len(found) > claims:
        problems.append(f"{claims} claims, and work for {found}")
    if not worked:
        problems.append("whoever has the run does not work")
    return _Race(claims, words.count("refused"), watch.looks, problems)


def _rivals(job: PipelineRun, *, cancel: bool) -> list[str]:
    """Let all of them begin at the same moment; return what each was told."""
    start = _FORK.Barrier(_RIVALS + cancel)
    answers: Any = _FORK.Queue()
    acts = ["resume"] * _RIVALS + ["cancel"] * cancel
    rivals = [
        _FORK.Process(target=_rival, args=(job, start, answers, act)) for act in acts
    ]
    for rival in rivals:
        rival.start()
    words = [answers.get(timeout=60) for _ in rivals]
    for rival in rivals:
        rival.join(60)
    return words


def _take_runs_away(lab: Lab, count: int, verdict: Verdict) -> None:
    """Let two orchestrators work for the same run, which nothing of ours ever does."""
    late = seen = worked = 0
    slowest = 0.0
    for number in range(count):
        notes = lab.root / f"taken-{number}"
        job = lab.submit(
            SCRIPT, items=_TAKEN_ITEMS, environment_variables={"NOTES": str(notes)}
        )
        wait_for(lambda notes=notes: tenures(notes), 20)  # type: ignore[misc]
        loser, epoch = lab.orchestrator(job) or 0, _epoch(job)
        with Watch(lab.root) as watch:
            take_away(job.folder.journal)
            started = time.monotonic()
            job.resume()
            wait_for(lambda: _epoch(job) > epoch, 20)  # noqa: B023 - waits here
            written = parts_of(job.folder.journal, epoch)
            ended = wait_for(lambda: not is_running(loser), 20)  # noqa: B023 - the same
            slowest = max(slowest, time.monotonic() - started)
            status = lab.finish(job, 30)
        what = f"run {number} was taken away"
        verdict.demand(bool(ended), f"{what}, and its first orchestrator goes on")
        verdict.demand(
            status == "Finished", f"{what}, then {status}: {job.state().error}"
        )
        late += parts_of(job.folder.journal, epoch) != written
        seen += watch.most > 1
        worked += overlaps(tenures(notes)) > 0
        check(lab, job, rows(names(_TAKEN_ITEMS)), verdict, figures=False)
    verdict.note(taken_away=count, two_seen=seen, both_worked=worked)
    verdict.note(written_after_that=late, ended_within=f"{slowest:.1f} s")
    verdict.demand(not late, f"{late} owners wrote after they had lost the run")
    verdict.demand(
        seen == count, f"two orchestrators were seen {seen} of {count} times"
    )


def _freeze_owners(lab: Lab, count: int, verdict: Verdict) -> None:
    """Wake owners up that were frozen and replaced."""
    cases = [
        Freeze(place, early) for place in FREEZING_PLACES for early in (False, True)
    ]
    before = len(verdict.problems)
    for freeze in lab.random.sample(cases, count):
        play(lab, freeze, verdict)
    harmless = "no" if verdict.problems[before:] else "yes"
    verdict.note(frozen_owners=count, harmless=harmless)


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
