"""T4: every operation.

Injected: at every failpoint of the product, one at a time: SIGKILL of the process that
reaches it, EIO, ENOSPC, or half a write; at its first, second or fifth hit. Afterwards
the run is resumed without faults (or submitted, when the fault came before that).

Must hold: the final path is absent or complete; a run or a submission that fails says
why; the recovered output is exact and ``azml verify`` clean; nothing is left behind;
every failpoint is reached.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from azml_pipelines.failpoints import POINTS
from chaos.failpoint_case import Case, Result, play
from chaos.lanes import side_by_side
from chaos.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]

_ACTIONS = ("kill", "EIO", "ENOSPC", "short")
_HITS = (1, 2, 5)
_ONCE = ("commit.", "list.", "submit.", "launch.", "orchestrator.", "run.", "step.")
_AT_ONCE = 3
_SLICE = 6
_CATALOGUE = 2_000


def run(lab: Lab, size: Size) -> Verdict:
    """Go through all points."""
    verdict = Verdict()
    log = lab.root / "reached"
    cases = [
        Case(_folder(lab, kind), str(log), kind=kind) for kind in ("plain", "frame")
    ]
    faults = _faults(lab, size)
    cases += [
        Case(_folder(lab, fault), str(log), fault, _kind(fault)) for fault in faults
    ]
    ends: Counter[str] = Counter()
    kept = 0
    for case, result in _played(lab, cases):
        ends[result.end] += 1
        kept += not result.problems
        for problem in result.problems:
            verdict.demand(False, f"{case.name}: {problem}")
    reached = set(log.read_text().split()) if log.exists() else set()
    missed = sorted(set(POINTS) - reached)
    verdict.note(cases=ends.total(), kept=kept)
    verdict.note(failpoints=f"{len(reached & set(POINTS))}/{len(POINTS)} reached")
    for end, count in sorted(ends.items()):
        verdict.note(**{f"ended_{end}": count})
    planned = len(cases)
    verdict.demand(
        not missed or ends.total() < planned, f"never reached: {', '.join(missed)}"
    )
    verdict.reach("cases", ends.total(), planned, "the time was up")
    # The catalogue has twenty seeds for each fault; a hit is all that differs in ours.
    catalogue = size.of(0, 0, _CATALOGUE)
    verdict.reach("catalogue's cases", ends.total(), catalogue, "three hits of each")
    return verdict


def _played(lab: Lab, cases: list[Case]) -> Iterator[tuple[Case, Result]]:
    """Play them; a hundred processes that load pandas get the machine for themselves."""
    heavy = [case for case in cases if case.kind == "frame"]
    light = [case for case in cases if case.kind != "frame"]
    yield from side_by_side(lab, play, heavy, at_once=1)
    yield from side_by_side(lab, play, light, at_once=_AT_ONCE)


def _faults(lab: Lab, size: Size) -> list[str]:
    """Choose faults, in an order that gives every point its turn early."""
    faults = []
    for _ in range(size.of(1, 1, 3)):
        for action in range(size.of(1, 1, len(_ACTIONS))):
            for name in POINTS:
                turn = POINTS.index(name) + action
                some = lab.random.choice(_ACTIONS)
                chosen = _ACTIONS[turn % len(_ACTIONS)] if size.of(0, 0, 1) else some
                faults.append(f"{name}={chosen}@{_hit(lab, name)}")
    return lab.random.sample(faults, _SLICE) if size.of(1, 0, 0) else faults


def _kind(fault: str) -> str:
    """Return the entry script that reaches a point."""
    return "frame" if fault.startswith("header.") else "plain"


def _hit(lab: Lab, name: str) -> int:
    """Return which hit fails; what happens once can only fail at once."""
    return 1 if name.startswith(_ONCE) else lab.random.choice(_HITS)


def _folder(lab: Lab, name: str) -> str:
    unique = f"{lab.random.randrange(10**9):09d}"
    return str(lab.root / f"case-{name.replace('=', '-')}-{unique}")
