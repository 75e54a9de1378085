"""T14: error arithmetic.

Injected: random steps with failing, short, long and stray tries, with thresholds at
0, 1, n-1, n and -1, where n is what the step really loses.

Must hold: the engine's ledger and an independent model of a few lines agree on the end,
on the moment of the end and on every counter; tries and stray kills have budgets apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.engine.ledger import Ledger, Limits
from azml_pipelines.engine.ledger import Verdict as LedgerVerdict
from azml_pipelines.errors import ErrorThresholdExceeded, NoItemSucceededError
from chaos.error_model import Case, Try, predict
from chaos.verdict import Verdict

if TYPE_CHECKING:
    import random

    from chaos.lab import Lab
    from chaos.verdict import Size

__all__ = ["run"]


def run(lab: Lab, size: Size) -> Verdict:
    """Compare model and ledger."""
    verdict = Verdict()
    count = size.of(2_000, 5_000, 50_000)
    ends: dict[str, int] = {}
    differences = 0
    for number in range(count):
        case = _case(lab.random)
        predicted, found = predict(case), _ledger(case)
        ends[found[0]] = ends.get(found[0], 0) + 1
        if predicted != found:
            differences += 1
            text = f"case {number}: model {predicted}, ledger {found}, {case}"
            verdict.demand(False, text)
    verdict.note(cases=count, differences=differences)
    verdict.note(**{f"ended_{end}": ends[end] for end in sorted(ends)})
    return verdict


def _case(chance: random.Random) -> Case:
    """Make a step, and set its thresholds to where they matter."""
    count, max_try = chance.randint(1, 8), chance.randint(1, 4)
    items = tuple(chance.randint(1, 5) for _ in range(count))
    tries = tuple(_tries(chance, items[n], max_try) for n in range(count))
    free = Case(max_try, -1, None, None, items, tries)
    _, _, failed, _, bad = predict(free)
    percent = 100 * failed / count
    return Case(
        max_try,
        chance.choice((0, 1, max(bad - 1, 0), bad, -1)),
        chance.choice((None, 0, 1, max(failed - 1, 0), failed, -1)),
        chance.choice((None, 0.0, percent, max(percent - 0.5, 0.0), 100.0)),
        items,
        tries,
    )


def _tries(chance: random.Random, items: int, max_try: int) -> tuple[Try, ...]:
    tries = []
    for _ in range(max_try + chance.choice((0, 2, 10))):
        kind = chance.random()
        if kind < 0.4:
            tries.append(Try(None))
        elif kind < 0.6:
            tries.append(Try(None, stray=True))
        else:
            returned = chance.choice((items, items, items, 0, items - 1, items + 2))
            tries.append(Try(returned))
            return tuple(tries)
    # Whatever happened, the last tries fail for good.
    return (*tries, *[Try(None)] * max_try)


def _ledger(case: Case) -> tuple[str, int, int, int, int]:
    """Play the case on the ledger the way dispatch does, one mini-batch at a time."""
    limits = Limits(
        run_max_try=case.max_try,
        error_threshold=case.error_threshold,
        allowed_failed_count=case.failed_count,
        allowed_failed_percent=case.failed_percent,
    )
    ledger = Ledger(len(case.items), limits)
    played = [0] * len(case.items)
    end = "finished"
    try:
        while span := ledger.take(1):
            number = span.first
            one = case.tries[number][played[number]]
            played[number] += 1
            items = case.items[number]
            if one.returned is None:
                outcome = ledger.failed(
                    number, span.attempt, items, charged=not one.stray
                )
                if outcome is LedgerVerdict.RETRY:
                    continue
            else:
                ledger.succeeded(1, one.returned, max(items - one.returned, 0))
            ledger.check()
        ledger.finish()
    except ErrorThresholdExceeded:
        end = "threshold"
    except NoItemSucceededError:
        end = "nothing"
    counts = ledger.counts
    return (
        end,
        counts.done_mini_batches,
        counts.failed_mini_batches,
        counts.succeeded_items,
        counts.failed_items,
    )
