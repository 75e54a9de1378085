"""T4: every operation.

Injected: at every failpoint of the product, one at a time: SIGKILL of the process that
reaches it, EIO, ENOSPC, or half a write; at its first, second or fifth hit. Afterwards
the run is resumed without faults (or submitted, when the fault came before that).

Must hold: the final path is absent or complete; a run or a submission that fails says
why; the recovered output is exact and ``azml verify`` clean; nothing is left behind;
every failpoint is reached.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chaos.process_tree import kill, processes_below
from chaos.verdict import NotRunError, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_ACTIONS = ("kill", "EIO", "ENOSPC", "short")
_HITS = (1, 2, 5)
_ONCE = ("commit.", "list.", "submit.", "launch.", "orchestrator.", "run.", "step.")
_AT_ONCE = 2
_SECONDS = 100
_CATALOGUE = 2_000


@dataclass(frozen=True)
class _Fault:
    point: str
    action: str
    hit: int

    @property
    def text(self) -> str:
        return f"{self.point}={self.action}@{self.hit}"

    @property
    def kind(self) -> str:
        return "frame" if self.point.startswith("header.") else "plain"


def run(lab: Lab, size: Size) -> Verdict:
    """Go through all points."""
    try:
        points = import_module("azml_pipelines.failpoints").POINTS
    except ImportError as error:
        msg = f"there are no failpoints yet ({error})"
        raise NotRunError(msg) from error
    verdict = Verdict()
    faults = [
        _Fault(name, action, _hit(lab, name))
        for name in points
        for action in lab.random.sample(_ACTIONS, size.of(1, 1, 4))
        for _ in range(size.of(1, 1, 3))
    ]
    if size.of(1, 0, 0):
        faults = lab.random.sample(faults, 6)
    log = lab.root / "reached"
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        clean = [
            pool.submit(_case, lab, log, None, kind) for kind in ("plain", "frame")
        ]
        cases = [pool.submit(_case, lab, log, one, one.kind) for one in faults]
        kept = ended = 0
        for case in [*clean, *cases]:
            name, problems, status = case.result()
            kept += not problems
            ended += status is not None
            for problem in problems:
                verdict.demand(False, f"{name}: {problem}")
    reached = set(log.read_text().split()) if log.exists() else set()
    missed = sorted(set(points) - reached)
    verdict.note(cases=len(faults) + 2, kept=kept, ended_by_name=ended)
    verdict.note(failpoints=f"{len(reached & set(points))}/{len(points)} reached")
    verdict.demand(not missed, f"never reached: {', '.join(missed)}")
    verdict.reach("cases", len(faults), _CATALOGUE, "each takes some seconds")
    return verdict


def _hit(lab: Lab, name: str) -> int:
    """Return which hit fails; what happens once can only fail at once."""
    return 1 if name.startswith(_ONCE) else lab.random.choice(_HITS)


def _case(
    lab: Lab, log: Path, fault: _Fault | None, kind: str
) -> tuple[str, list[str], str | None]:
    """Run one case; return its name, what did not hold, and how the fault ended."""
    name = fault.text if fault else f"no fault, {kind}"
    folder = lab.root / f"case-{name.replace('=', '-').replace(' ', '-')}"
    number = sum(1 for _ in lab.root.glob(f"{folder.name}*"))
    folder = folder.with_name(f"{folder.name}-{number}")
    folder.mkdir()
    faults = {
        "AZML_FAILPOINTS": fault.text if fault else "",
        "AZML_FAILPOINTS_LOG": str(log),
    }
    problems: list[str] = []
    hurt = _half(folder, "fault", kind, faults)
    for pid in processes_below(folder):
        if hurt is None:
            kill(pid)
    if hurt is None and not (fault and fault.action == "kill"):
        problems.append("the process that submits did not end by itself")
    elif hurt and hurt["status"] is None:
        problems.append(f"no end within the limit ({hurt['error']})")
    elif hurt and hurt["status"] == "Failed" and not hurt["error"]:
        problems.append("failed without a word")
    elif hurt and "internal error" in (hurt["error"] or ""):
        problems.append(f"not by name: {hurt['error'][:150]}")
    healed = _half(folder, "recover", kind, {})
    if healed is None:
        problems.append("the recovery did not end by itself")
    else:
        problems += healed["problems"]
    status = hurt["status"] if hurt else "killed"
    return name, problems, status


def _half(
    folder: Path, half: str, kind: str, variables: dict[str, str]
) -> dict[str, Any] | None:
    command = [sys.executable, "-m", "chaos.failpoint_case", str(folder), half, kind]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        if half == "recover":
            tail = done.stderr.strip().splitlines() or ["no output"]
            return {"problems": [f"recovery broke: {tail[-1][:200]}"]}
        return None
    found: dict[str, Any] = json.loads(lines[-1])
    return found
