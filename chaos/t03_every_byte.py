"""T3: every byte.

Injected, on copies of what a killed orchestrator left: the journal (its main file and its
write-ahead log), the plan, part files and the list of mini-batches are cut at random
offsets, and random bits in them are flipped. Then the run is taken over the way a resume
does it, in this process: read the state, claim, see what is missing, run that, commit. A
few damaged lists are also resumed for real. Every fifth copy is of a run that has ended,
with its output; there, everything that can be seen of a run is looked at, and
`azml verify` has to name the damage unless it changes nothing of that.

Must hold: either the output has the expected bytes or the resume is refused by one of
our own errors, in one line. 0 wrong rows, 0 exceptions without a name, at most 1 s each.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from azml_pipelines.errors import AzmlError
from azml_pipelines.store.journal_seals import seal_rows
from chaos.inspection import inspect, look
from chaos.lab import ROWS_SCRIPT, names, rows, wait_for
from chaos.lanes import side_by_side
from chaos.process_tree import kill
from chaos.recovery import MINI_BATCH_SIZE, Recovery, Work, recover
from chaos.verdict import NotRunError, Verdict

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun
    from chaos.lab import Lab, LabPlan
    from chaos.verdict import Size

__all__ = ["run"]

_ITEMS = 300
_SLOWEST = 1.0
_LANES = 2
_BAD = "000006"
_OUTPUT = "output.txt"
_FAILS = f"""time.sleep(0.004)
    if any(path.endswith("{_BAD}") for path in mini_batch):
        raise ValueError("never")"""
_SCRIPT = ROWS_SCRIPT.format(init="pass", before=_FAILS)
_KINDS = {
    ".db": "journal",
    ".db-wal": "log",
    ".jsonl": "list",
    ".part": "part",
    ".json": "plan",
    ".txt": "output",
}


class _Judge(Protocol):
    def __call__(self, copy: Path) -> Recovery: ...


@dataclass(frozen=True)
class _Model:
    """An undamaged run folder, and what to do with a damaged copy of it."""

    folder: Path
    judge: _Judge


@dataclass
class _Count:
    kinds: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    targets: Counter[str] = field(default_factory=Counter)
    cuts: int = 0
    slowest: float = 0.0
    problems: list[str] = field(default_factory=list)
    """The first of each kind."""

    def add(self, other: _Count) -> None:
        """Add what another process has counted."""
        self.kinds += other.kinds
        self.wrong += other.wrong
        self.targets += other.targets
        self.cuts += other.cuts
        self.slowest = max(self.slowest, other.slowest)
        self.problems += other.problems


@dataclass(frozen=True)
class _Share:
    """What one of several processes damages."""

    lab: LabPlan
    cuts: int
    flips: int
    resumes: int


def run(lab: Lab, size: Size) -> Verdict:
    """Damage copies and recover from them."""
    verdict = Verdict()
    cuts, flips, resumes = (
        size.of(100, 1_000, 5_000),
        size.of(300, 3_000, 20_000),
        size.of(2, 4, 40),
    )
    shares = [
        _Share(lab.plan(number), cuts // _LANES, flips // _LANES, resumes // _LANES)
        for number in range(_LANES)
    ]
    count = _Count()
    for _, found in side_by_side(lab, _damage, shares, at_once=_LANES):
        count.add(found)
    verdict.problems += count.problems
    verdict.note(cuts=count.cuts, flips=sum(count.targets.values()) - count.cuts)
    verdict.note(exact=count.kinds["exact"], refused=count.kinds["refused"])
    verdict.note(
        wrong_rows_accepted=count.kinds["wrong"],
        unnamed_exceptions=count.kinds["unnamed"],
    )
    for what, number in sorted((count.wrong + count.targets).items()):
        verdict.note(**{what: number})
    verdict.note(slowest=f"{count.slowest:.2f} s")
    verdict.demand(count.slowest <= _SLOWEST, f"a recovery took {count.slowest:.1f} s")
    verdict.note(
        resumed_for_real=count.kinds["resumed"],
        of_them_refused=count.kinds["resume refused"],
        wrong=count.kinds["resumed wrong"],
    )
    done = sum(count.targets.values())
    verdict.demand(done > 0, "nothing was damaged")
    verdict.reach("cuts and flips", done, cuts + flips, "the time was up")
    return verdict


def _damage(share: _Share) -> _Count:
    count = _Count()
    fast = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - fsync is free
    with (
        share.lab.open() as lab,
        tempfile.TemporaryDirectory(prefix="azml-chaos-T3-", dir=fast) as scratch,
    ):
        left, tidy = _interrupted_models(lab, Path(scratch))
        ended = _ended_model(lab, Path(scratch))
        for number in range(share.cuts + share.flips):
            if lab.time_is_up:
                break
            model = (left, tidy, left, tidy, ended)[number % 5]
            damage = _cut if number < share.cuts else _flip
            count.cuts += number < share.cuts
            _damage_one(lab, model, damage, Path(scratch, "copy"), count)
        _resume_for_real(lab, share.resumes, count)
    return count


class _Damage(Protocol):
    def __call__(self, lab: Lab, target: Path) -> str: ...


def _damage_one(
    lab: Lab,
    model: _Model,
    damage: _Damage,
    copy: Path,
    count: _Count,
) -> None:
    shutil.copytree(model.folder, copy)
    target = lab.random.choice(_targets(copy))
    where = _KINDS[target.suffix]
    what = damage(lab, target)
    started = time.monotonic()
    found = model.judge(copy)
    count.slowest = max(count.slowest, time.monotonic() - started)
    count.kinds[found.kind] += 1
    count.targets[where] += 1
    shutil.rmtree(copy)
    if found.kind not in {"wrong", "unnamed"}:
        return
    kind = f"{found.kind} {where}"
    count.wrong[kind] += 1
    if count.wrong[kind] == 1:
        count.problems.append(f"{where} {what}: {found.text}")


def _work(lab: Lab) -> Work:
    bad = int(_BAD) // MINI_BATCH_SIZE * MINI_BATCH_SIZE
    items = names(_ITEMS)
    good = items[:bad] + items[bad + MINI_BATCH_SIZE :]
    return Work(lab.data(_ITEMS), rows(good), _BAD)


def _submit(lab: Lab) -> PipelineRun:
    return lab.submit(
        _SCRIPT, items=_ITEMS, mini_batch_size=MINI_BATCH_SIZE, run_max_try=2
    )


def _interrupted(lab: Lab) -> PipelineRun:
    """Return a run whose orchestrator was killed half-way."""
    job = _submit(lab)
    pid = lab.orchestrator(job)
    half = _ITEMS // MINI_BATCH_SIZE // 2
    found = wait_for(lambda: job.state().steps[0].done_mini_batches >= half, 30)
    if pid is None or not found:
        raise NotRunError("the run that was to be interrupted did not get going")
    kill(pid)
    lab.left_after(3)
    return job


def _interrupted_models(lab: Lab, scratch: Path) -> tuple[_Model, _Model]:
    """Copy a run: as it was left, and with all of its log in the main file."""
    job = _interrupted(lab)
    work = _work(lab)

    def judge(copy: Path) -> Recovery:
        return recover(copy, work)

    left = _Model(_copied(job, scratch / "as-left"), judge)
    tidy = _Model(_copied(job, scratch / "tidied"), judge)
    with closing(sqlite3.connect(tidy.folder / "run.db")) as journal:
        journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for model in (left, tidy):
        _check_undamaged(model, scratch)
    return left, tidy


def _ended_model(lab: Lab, scratch: Path) -> _Model:
    """Copy a run that has ended, together with its output."""
    job = _submit(lab)
    if lab.finish(job, 60) != "Finished":
        raise NotRunError("the run that was to end did not finish")
    folder = _copied(job, scratch / "ended")
    shutil.copy(lab.output_path(job), folder / _OUTPUT)
    # The output's place is in the journal; here it is a name in the run's folder.
    plan = job.plan
    model = folder.with_name("copy")
    _move_output(folder / "run.db", model / _OUTPUT)
    shutil.copytree(folder, model)
    sight = look(model, plan)
    shutil.rmtree(model)

    def judge(copy: Path) -> Recovery:
        return inspect(copy, plan, sight)

    ended = _Model(folder, judge)
    _check_undamaged(ended, scratch)
    return ended


def _move_output(journal: Path, output: Path) -> None:
    """Let a journal name another output, as if it had always been there."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        seal_rows(connection)
        connection.execute("UPDATE step SET output = ?", (str(output),))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copied(job: PipelineRun, target: Path) -> Path:
    unused = ("*-shm", "logs", "nodes", "snapshot*", "*.log")
    shutil.copytree(job.folder.root, target, ignore=shutil.ignore_patterns(*unused))
    return target


def _check_undamaged(model: _Model, scratch: Path) -> None:
    copy = scratch / "copy"
    shutil.copytree(model.folder, copy)
    found = model.judge(copy)
    shutil.rmtree(copy)
    if found.kind != "exact":
        raise NotRunError(f"an undamaged copy is {found.kind}: {found.text}")


def _targets(copy: Path) -> list[Path]:
    """Return the files that may be damaged."""
    found = [copy / "run.db", copy / "run.db-wal", copy / "plan.json", copy / _OUTPUT]
    found += sorted(copy.glob("steps/*/mini_batches.jsonl"))
    found += sorted(copy.glob("steps/*/parts/*.part"))[:1]
    return [path for path in found if path.exists() and path.stat().st_size]


def _cut(lab: Lab, target: Path) -> str:
    offset = lab.random.randrange(target.stat().st_size)
    with target.open("r+b") as file:
        file.truncate(offset)
    return f"cut at byte {offset}"


def _flip(lab: Lab, target: Path) -> str:
    bit = lab.random.randrange(8 * target.stat().st_size)
    with target.open("r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ (1 << bit % 8)]))
    return f"bit {bit} flipped"


def _resume_for_real(lab: Lab, times: int, count: _Count) -> None:
    """Damage the list of interrupted runs and resume them."""
    expected = _work(lab).expected
    for number in range(times):
        job = _interrupted(lab)
        (target,) = job.folder.root.glob("steps/*/mini_batches.jsonl")
        if number % 4 == 1:
            # What a power loss may take: all that was not yet in the main file.
            job.folder.root.joinpath("run.db-wal").unlink()
            what = "kept, but the journal's log lost"
        else:
            what = (_cut, _flip)[number % 4 == 0](lab, target)
        count.kinds["resumed"] += 1
        try:
            job.resume()
        except AzmlError:
            count.kinds["resume refused"] += 1
            continue
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            count.problems.append(f"list {what}: resume() raised {text}")
            continue
        status = lab.finish(job, 60)
        count.kinds["resume refused"] += status == "Failed"
        if status == "Finished" and lab.output(job) != expected:
            count.kinds["resumed wrong"] += 1
            count.problems.append(f"list {what}: resumed, and wrong rows accepted")
        if status is None:
            count.problems.append(f"list {what}: resumed, and no end in 60 s")
