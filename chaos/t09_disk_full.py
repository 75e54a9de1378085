"""T9: disk full and short writes.

Injected: an interrupted run is resumed with a tmpfs of a random small size laid over the
folder of its parts, its output, its journal or its logs; then with RLIMIT_FSIZE, which
first cuts a write short and then fails it. Afterwards there is space and it is resumed.

Must hold: the final path is absent or complete; the failure is named; nothing hangs; the
second resume is exact. Where nothing can be mounted, only RLIMIT_FSIZE is used.
"""

from __future__ import annotations

import hashlib
import resource
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.errors import AzmlError
from chaos.lab import Account, names, wait_for
from chaos.lanes import side_by_side
from chaos.process_tree import kill
from chaos.small_disk import can_mount, enlarge, small_disk
from chaos.standard_check import check
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from azml_pipelines import PipelineRun
    from chaos.lab import Lab, LabPlan
    from chaos.verdict import Size

__all__ = ["run"]

_ITEMS = 400
_SCRIPT = """
import hashlib, os, sys, time


def run(mini_batch):
    time.sleep(0.002)
    name = os.path.basename(mini_batch[0])
    print(name * 40)
    return [f"{name} {hashlib.sha256(name.encode()).hexdigest() * 30}"]
"""
_KILOBYTE = 1024
_AT_ONCE = 3
_ROOM = {"part": 900, "output": 900, "journal": 200, "log": 64}
"""Up to how many kilobytes there are for each; all of them would need more."""


def run(lab: Lab, size: Size) -> Verdict:
    """Fill each place up to several points."""
    verdict = Verdict()
    points, limits = size.of(1, 3, 30), size.of(2, 4, 100)
    mountable = can_mount(lab.root / "try")
    cases = _cases(lab, points if mountable else 0, limits)
    ends: Counter[str] = Counter()
    played: Counter[bool] = Counter()
    for case, found in side_by_side(lab, _play, cases, at_once=_AT_ONCE):
        played[bool(case.place)] += 1
        ends[found.end] += 1
        verdict.problems += found.problems
    why = "the time was up" if mountable else "this user cannot mount a tmpfs"
    verdict.note(disks=played[True], file_size_limits=played[False])
    verdict.reach("disks", played[True], len(_ROOM) * points, why)
    verdict.reach("file size limits", played[False], limits, "the time was up")
    verdict.note(
        failed_by_name=ends["Failed"],
        finished_nevertheless=ends["Finished"],
        state_unreadable=ends["unreadable"],
        no_end=ends["no end"],
        finished_before=ends["too fast"],
    )
    return verdict


@dataclass(frozen=True)
class _Case:
    lab: LabPlan
    place: str
    """Which folder gets a small disk; none for limited file sizes."""
    room: int


@dataclass(frozen=True)
class _Found:
    end: str
    problems: list[str]


def _cases(lab: Lab, points: int, limits: int) -> list[_Case]:
    """Choose them, all kinds mixed, so that all have been there when time is up."""
    rooms: list[tuple[str, int]] = []
    for number in range(max(points, limits)):
        if number < points:
            rooms += [(place, lab.random.randrange(8, _ROOM[place])) for place in _ROOM]
        if number < limits:
            rooms.append(("", lab.random.randrange(4, 600)))
    return [
        _Case(lab.plan(number), place, room * _KILOBYTE)
        for number, (place, room) in enumerate(rooms)
    ]


def _play(case: _Case) -> _Found:
    verdict = Verdict()
    with case.lab.open() as lab:
        if case.place:
            end = _small(lab, case.place, case.room, verdict)
        else:
            end = _short(lab, case.room, verdict)
    return _Found(end, verdict.problems)


def _expected() -> bytes:
    return "".join(
        f"{name} {hashlib.sha256(name.encode()).hexdigest() * 30}\n"
        for name in names(_ITEMS)
    ).encode()


def _interrupted(lab: Lab) -> PipelineRun:
    job = lab.submit(_SCRIPT, items=_ITEMS)
    pid = lab.orchestrator(job)
    wait_for(lambda: job.state().steps[0].done_mini_batches, 20)
    time.sleep(lab.random.uniform(0, 0.1))
    if pid is not None:
        kill(pid)
    lab.left_after(3)
    return job


def _small(lab: Lab, place: str, room: int, verdict: Verdict) -> str:
    """Resume on a small disk, then on a big one; return how the first one ended."""
    job = _interrupted(lab)
    if job.get_status() == "Finished":
        return "too fast"
    output = lab.output_path(job)
    step = job.folder.step(job.state().steps[0].step_run_id)
    folder: Path = {
        "part": step.parts,
        "output": output.parent,
        "journal": job.folder.root,
        "log": step.logs,
    }[place]
    what = f"{place} with {room // _KILOBYTE} KB"
    with small_disk(folder, room):
        end = _resume(lab, job, output, what, verdict)
        lab.end_processes()
        enlarge(folder)
        _again(lab, job, what, verdict)
    return end


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _short(lab: Lab, limit: int, verdict: Verdict) -> str:
    job = _interrupted(lab)
    if job.get_status() == "Finished":
        return "too fast"
    output = lab.output_path(job)
    what = f"files of at most {limit // _KILOBYTE} KB"
    with _file_size_limit(limit):
        end = _resume(lab, job, output, what, verdict)
    lab.end_processes()
    _again(lab, job, what, verdict)
    return end


def _named(act: Callable[[], object], what: str, verdict: Verdict) -> bool:
    """Do something that may fail, but only by name."""
    try:
        act()
    except AzmlError:
        return False
    except Exception as error:
        verdict.demand(False, f"{what}: {type(error).__name__}: {error}")
        return False
    return True


def _resume(
    lab: Lab, job: PipelineRun, output: Path, what: str, verdict: Verdict
) -> str:
    """Resume without the space for it; return the status that can be seen then."""
    ends: list[tuple[str | None, str]] = []

    def look() -> None:
        status = lab.finish(job, 30)
        ends.append((status, job.state().error or ""))

    if not _named(job.resume, f"{what}: resume()", verdict):
        return "Failed"
    if not _named(look, f"{what}: the state", verdict):
        left = lab.left_after(30)
        verdict.demand(not left, f"{what}: no end within 30 s")
        return "unreadable"
    status, error = ends[0]
    verdict.demand(status is not None, f"{what}: no end within 30 s")
    verdict.demand(
        status != "Failed" or bool(error), f"{what}: failed without saying why"
    )
    verdict.demand("internal error" not in error, f"{what}: not by name: {error}")
    if status == "Failed" and "ended without a word" in error:
        verdict.demand(False, f"{what}: {error}")
    found = output.read_bytes() if output.exists() else b""
    complete = not found or Account.of(found, _expected()).equal
    verdict.demand(complete, f"{what}: the file at the final path is not complete")
    return status or "no end"


def _again(lab: Lab, job: PipelineRun, what: str, verdict: Verdict) -> None:
    if job.get_status() != "Finished" and not _named(
        job.resume, f"{what}: second resume()", verdict
    ):
        verdict.demand(False, f"{what}: cannot be resumed with space")
        return
    status = lab.finish(job, 60)
    error = job.state().error
    verdict.demand(status == "Finished", f"{what}: then {status}: {error}")
    check(lab, job, _expected(), verdict, figures=False)
