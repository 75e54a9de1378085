"""T3: every byte.

Injected, on copies of what a killed orchestrator left: the journal (its main file and its
write-ahead log), part files and the list of mini-batches are cut at random offsets, and
random bits in them are flipped. Then the run is taken over the way a resume does it, in
this process: read the state, claim, see what is missing, run that, commit. A few damaged
lists are also resumed for real.

Must hold: either the output has the expected bytes or the resume is refused by one of
our own errors. 0 wrong rows, 0 exceptions without a name, at most 1 s each.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.errors import AzmlError
from chaos.lab import ROWS_SCRIPT, names, rows, wait_for
from chaos.process_tree import kill
from chaos.recovery import MINI_BATCH_SIZE, Recovery, recover
from chaos.verdict import NotRunError, Verdict

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun
    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_ITEMS = 300
_SLOWEST = 1.0
_SCRIPT = ROWS_SCRIPT.format(init="pass", before="time.sleep(0.004)")


def run(lab: Lab, size: Size) -> Verdict:
    """Damage copies and recover from them."""
    verdict = Verdict()
    cuts, flips = size.of(100, 1_000, 5_000), size.of(300, 3_000, 20_000)
    job = _interrupted(lab)
    expected = rows(names(_ITEMS))
    fast = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - fsync is free
    kinds: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    slowest = 0.0
    with tempfile.TemporaryDirectory(prefix="azml-chaos-T3-", dir=fast) as scratch:
        models = _models(lab, job, Path(scratch))
        for number in range(cuts + flips):
            model = models[number % len(models)]
            copy = Path(scratch, "copy")
            shutil.copytree(model, copy)
            target = lab.random.choice(_targets(copy))
            what = _cut(lab, target) if number < cuts else _flip(lab, target)
            started = time.monotonic()
            found = recover(copy, lab.data(_ITEMS), expected)
            slowest = max(slowest, time.monotonic() - started)
            kinds[found.kind] += 1
            if found.kind in {"wrong", "unnamed"}:
                where = _where(target)
                wrong[f"{found.kind} {where}"] += 1
                if wrong[f"{found.kind} {where}"] == 1:
                    verdict.demand(False, f"{where} {what}: {found.text}")
            shutil.rmtree(copy)
    verdict.note(cuts=cuts, flips=flips, exact=kinds["exact"], refused=kinds["refused"])
    verdict.note(
        wrong_rows_accepted=kinds["wrong"], unnamed_exceptions=kinds["unnamed"]
    )
    for what, count in sorted(wrong.items()):
        verdict.note(**{what: count})
    verdict.note(slowest=f"{slowest:.2f} s")
    verdict.demand(slowest <= _SLOWEST, f"a recovery took {slowest:.1f} s")
    _resume_for_real(lab, size, verdict)
    return verdict


def _interrupted(lab: Lab) -> PipelineRun:
    """Return a run whose orchestrator was killed half-way."""
    job = lab.submit(_SCRIPT, items=_ITEMS, mini_batch_size=MINI_BATCH_SIZE)
    pid = lab.orchestrator(job)
    half = _ITEMS // MINI_BATCH_SIZE // 2
    found = wait_for(lambda: job.state().steps[0].done_mini_batches >= half, 30)
    if pid is None or not found:
        raise NotRunError("the run that was to be interrupted did not get going")
    kill(pid)
    lab.left_after(3)
    return job


def _models(lab: Lab, job: PipelineRun, scratch: Path) -> list[Path]:
    """Copy the run: as it was left, and with all of its log in the main file."""
    left, tidy = scratch / "as-left", scratch / "tidied"
    for model in (left, tidy):
        shutil.copytree(
            job.folder.root,
            model,
            ignore=shutil.ignore_patterns(
                "*-shm", "logs", "nodes", "snapshot*", "*.log"
            ),
        )
    with closing(sqlite3.connect(tidy / "run.db")) as journal:
        journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for model in (left, tidy):
        found = recover_copy(lab, model, scratch)
        if found.kind != "exact":
            raise NotRunError(f"an undamaged copy is {found.kind}: {found.text}")
    return [left, tidy]


def recover_copy(lab: Lab, model: Path, scratch: Path) -> Recovery:
    """Recover an undamaged copy."""
    copy = scratch / "undamaged"
    shutil.copytree(model, copy)
    found = recover(copy, lab.data(_ITEMS), rows(names(_ITEMS)))
    shutil.rmtree(copy)
    return found


def _targets(copy: Path) -> list[Path]:
    """Return the files that may be damaged: journal, its log, parts, the list."""
    found = [copy / "run.db", copy / "run.db-wal"]
    found += sorted(copy.glob("steps/*/mini_batches.jsonl"))
    found += sorted(copy.glob("steps/*/parts/*.part"))[:1]
    return [path for path in found if path.exists() and path.stat().st_size]


def _where(target: Path) -> str:
    return {".db": "journal", ".db-wal": "log", ".jsonl": "list"}.get(
        target.suffix, "part"
    )


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


def _resume_for_real(lab: Lab, size: Size, verdict: Verdict) -> None:
    """Damage the list of interrupted runs and resume them."""
    expected = rows(names(_ITEMS))
    wrong = refused = 0
    count = size.of(2, 4, 40)
    for number in range(count):
        job = _interrupted(lab)
        (target,) = job.folder.root.glob("steps/*/mini_batches.jsonl")
        if number % 4 == 1:
            # What a power loss may take: all that was not yet in the main file.
            job.folder.root.joinpath("run.db-wal").unlink()
            what = "kept, but the journal's log lost"
        else:
            what = (_cut, _flip)[number % 4 == 0](lab, target)
        try:
            job.resume()
        except AzmlError:
            refused += 1
            continue
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            verdict.demand(False, f"list {what}: resume() raised {text}")
            continue
        status = lab.finish(job, 60)
        accepted = status == "Finished" and lab.output(job) != expected
        wrong += accepted
        refused += status == "Failed"
        verdict.demand(not accepted, f"list {what}: resumed, and wrong rows accepted")
        verdict.demand(status is not None, f"list {what}: resumed, and no end in 60 s")
    verdict.note(resumed_for_real=count, of_them_refused=refused, wrong=wrong)
