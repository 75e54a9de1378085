"""One case of T4 in forked processes: a run with a fault, then its recovery without.

Each half is a process of its own, because a failpoint may kill whoever reaches it.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines import PipelineRun, Workspace, failpoints
from azml_pipelines.errors import AzmlError
from chaos.lab import OUTPUT, Account, Lab, names, rows, wait_for
from chaos.process_tree import kill, processes_below
from chaos.standard_check import verify_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Case", "Result", "play"]

_ITEMS = 40
_SECONDS = 45
_HALF_SECONDS = 200
_BAD = "000007"
_PLAIN = f"""
import hashlib, os, time


def run(mini_batch):
    time.sleep(0.002)
    names = [os.path.basename(path) for path in mini_batch]
    if '{_BAD}' in names:
        raise ValueError('this item is bad')
    return [f"{{n}} {{hashlib.sha256(n.encode()).hexdigest()}}" for n in names]
"""
_FRAME = """
import hashlib, os
import pandas


def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    return pandas.DataFrame({'n': names, 'h': [
        hashlib.sha256(n.encode()).hexdigest() for n in names]})
"""
_SCRIPTS = {"plain": _PLAIN, "frame": _FRAME}


@dataclass(frozen=True)
class Case:
    """Where a fault is put; ``fault`` is empty for the run without one."""

    folder: str
    log: str
    """The file that reached failpoints are appended to."""
    fault: str = ""
    kind: str = "plain"

    @property
    def name(self) -> str:
        """What is printed of it."""
        return self.fault or f"no fault, {self.kind}"

    def expected(self, failed: Iterable[str] = ()) -> bytes:
        """Return the output of a run without faults, without some failed items."""
        missing = {*failed, *([_BAD] if self.kind == "plain" else [])}
        header = b"" if self.kind == "plain" else b"n h\n"
        return header + rows(name for name in names(_ITEMS) if name not in missing)


@dataclass(frozen=True)
class Result:
    """How the fault ended, and what did not hold, then or after the recovery."""

    end: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class _Half:
    end: str
    """A status, or ``not submitted``, ``killed``, ``broke``, ``no end``."""
    error: str = ""
    problems: tuple[str, ...] = ()


def play(case: Case) -> Result:
    """Run with the fault, then recover."""
    Path(case.folder).mkdir()
    variables = {"AZML_FAILPOINTS": case.fault, "AZML_FAILPOINTS_LOG": case.log}
    hurt = _forked(case, _run_with_fault, "fault", variables)
    problems = list(_problems_of(case, hurt))
    for pid in processes_below(Path(case.folder)):
        kill(pid)
    healed = _forked(case, _recover, "recovery", {})
    problems += healed.problems
    if healed.end in {"killed", "broke", "no end"}:
        problems.append(f"the recovery {healed.end}: {healed.error}")
    return Result(hurt.end, tuple(problems))


def _problems_of(case: Case, hurt: _Half) -> list[str]:
    if hurt.end == "killed" and "=kill@" not in case.fault:
        return ["the process that submits was killed"]
    if hurt.end in {"broke", "no end"}:
        return [f"{hurt.end}: {hurt.error}"]
    if hurt.end == "Failed" and not hurt.error:
        return ["failed without a word"]
    if "internal error" in hurt.error:
        return [f"not by name: {hurt.error[:150]}"]
    return []


def _forked(
    case: Case,
    act: Callable[[Lab, Case], _Half],
    half: str,
    variables: dict[str, str],
) -> _Half:
    """Do one half in a child and return what it found."""
    answer = Path(case.folder, f"{half}.json")
    child = os.fork()
    if not child:
        _do(case, act, answer, variables)
    deadline = time.monotonic() + _HALF_SECONDS
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            kill(child)
            os.waitpid(child, 0)
            return _Half("no end", f"none within {_HALF_SECONDS} s")
        time.sleep(0.01)
    if not answer.exists():
        return _Half("killed")
    found = json.loads(answer.read_text())
    return _Half(found["end"], found["error"], tuple(found["problems"]))


def _do(
    case: Case,
    act: Callable[[Lab, Case], _Half],
    answer: Path,
    variables: dict[str, str],
) -> None:
    """Be the child; never returns."""
    try:
        os.environ.update(variables)
        # It looks at its variables when it is imported.
        importlib.reload(failpoints)
        try:
            with _lab(Path(case.folder)) as lab:
                found = act(lab, case)
        except Exception as error:
            found = _Half("broke", f"{type(error).__name__}: {error}")
        answer.write_text(json.dumps(asdict(found)))
    finally:
        sys.stdout.flush()
        os._exit(0)


def _lab(folder: Path) -> Lab:
    place = folder / "workspace"
    exists = (place / "config.json").exists()
    found = Workspace.from_config(place) if exists else None
    return Lab("T4", 0, root=folder, workspace=found)


def _submit(lab: Lab, kind: str) -> PipelineRun:
    arguments = ["--append_row_dataframe_header", "True"] if kind == "frame" else []
    return lab.submit(_SCRIPTS[kind], items=_ITEMS, run_max_try=2, arguments=arguments)


def _run_with_fault(lab: Lab, case: Case) -> _Half:
    try:
        job = _submit(lab, case.kind)
    except (AzmlError, OSError) as error:
        return _Half("not submitted", f"{type(error).__name__}: {error}")
    status = lab.finish(job, _SECONDS)
    state = job.state()
    if status is None:
        return _Half("no end", f"{state.status} after {_SECONDS} s: {state.error}")
    return _Half(status, state.error or "")


def _recover(lab: Lab, case: Case) -> _Half:
    problems = []
    for found in lab.root.rglob(OUTPUT):
        account = Account.of(found.read_bytes(), case.expected())
        if account.torn or account.duplicate:
            problems.append("a file at the final path is not complete")
    submitted = _submitted(lab)
    job = submitted or _submit(lab, case.kind)
    # An orchestrator that was just started needs a moment to say so.
    wait_for(lambda: job.get_status() not in {"NotStarted", "Queued"}, 5)
    resumed = submitted is not None and job.get_status() not in {"Finished", "Running"}
    if resumed:
        job.resume()
    status = lab.finish(job, _SECONDS)
    if status == "Finished":
        problems += _row_problems(lab, job, case, resumed=resumed)
    else:
        problems.append(f"recovered to {status}: {job.state().error}")
    if left := lab.left_after(3):
        problems.append(f"{len(left)} processes are left")
    problems += [f"verify: {text}" for text in verify_problems(job)]
    if found_temporary := sorted(lab.root.rglob(f".{OUTPUT}.*.tmp")):
        problems.append(f"left beside the output: {found_temporary[0].name}")
    return _Half(status or "still running", problems=tuple(problems))


def _submitted(lab: Lab) -> PipelineRun | None:
    """Return the run that was submitted with the fault, if it got that far."""
    for folder in sorted((lab.root / "workspace" / ".azml" / "runs").glob("[!.]*")):
        if (folder / "plan.json").is_file():
            return PipelineRun.get(lab.workspace, folder.name)
    return None


def _row_problems(
    lab: Lab, job: PipelineRun, case: Case, *, resumed: bool
) -> list[str]:
    """Compare rows and failed items with the plan.

    A mini-batch is given up when its workers are killed again and again, which a fault
    in each new worker does; its own doing it may only be where nothing was resumed.
    """
    finally_failed = [failed for failed in lab.failures(job) if failed.final]
    given_up = [one for one in finally_failed if not (one.charged and resumed)]
    lost = {names(_ITEMS)[one.mini_batch] for one in given_up}
    account = Account.of(lab.output(job), case.expected(lost))
    problems = []
    if not account.equal:
        text = f"rows {account.rows}/{account.expected}, {len(lost)} given up"
        problems.append(text)
    failed_items = job.state().steps[0].failed_items
    planned = account.rows - (case.kind == "frame") + failed_items
    if planned != _ITEMS:
        problems.append(f"{failed_items} failed items and the rows are not the plan")
    return problems
