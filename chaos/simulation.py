"""The dispatch loop with random outcomes, without processes and without a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.engine.dispatch import Dispatch
from azml_pipelines.engine.ledger import Ledger, Limits, Verdict
from azml_pipelines.engine.watchdog import Watchdog
from azml_pipelines.errors import ComputeLostError, InitFailedError
from azml_pipelines.testing.scripted_slots import ScriptedSlots

if TYPE_CHECKING:
    import random

    from azml_pipelines.compute.report import BundleReport
    from azml_pipelines.testing.scripted_slots import Outcome

__all__ = ["simulate"]

_LINE = b'[0,2,["a","b"]]\n'


def simulate(chance: random.Random) -> str:
    """Run one random step; return what went wrong, nothing when all is well."""
    total = chance.randint(1, 40)
    ledger = Ledger(
        total, Limits(run_max_try=chance.randint(1, 4), needs_a_success=False)
    )
    slots = ScriptedSlots(
        count=chance.randint(1, 4),
        outcomes=_outcomes(chance, total),
        pick=chance.randrange,
    )
    succeeded: list[int] = []
    failed: list[int] = []

    def settle(report: BundleReport, verdicts: dict[int, Verdict]) -> None:
        succeeded.extend(done.mini_batch for done in report.done())
        failed.extend(
            index for index, found in verdicts.items() if found is Verdict.FAILED
        )

    try:
        Dispatch(
            ledger,
            slots,
            read=lambda _, count: _LINE * count,
            settle=settle,
            check=lambda: None,
            watchdog=Watchdog(1.0, lambda: 0.0),
        ).run()
    except (ComputeLostError, InitFailedError):
        return _differences(succeeded, failed, total, complete=False)
    if ledger.counts.done_mini_batches != total:
        return f"{ledger.counts.done_mini_batches} of {total} are settled"
    return _differences(succeeded, failed, total, complete=True)


def _differences(
    succeeded: list[int], failed: list[int], total: int, *, complete: bool
) -> str:
    settled = sorted(succeeded + failed)
    if len(settled) != len(set(settled)):
        return "a mini-batch was settled twice"
    if complete and settled != list(range(total)):
        return f"{len(settled)} of {total} were settled"
    return ""


def _outcomes(
    chance: random.Random, total: int
) -> dict[tuple[int, int], list[Outcome]]:
    found: dict[tuple[int, int], list[Outcome]] = {}
    kinds: list[Outcome] = [
        "done", "exception", "timeout", "signal", "exit", "stray", "lost", "init", 1,
    ]  # fmt: skip
    weights = [6, 2, 1, 1, 1, 2, 1, 0.2, 1]
    for index in range(total):
        for attempt in range(1, 5):
            count = chance.randint(0, 3)
            found[index, attempt] = chance.choices(kinds, weights, k=count)
    return found
