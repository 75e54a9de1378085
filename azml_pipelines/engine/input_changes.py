"""What of a step's inputs has changed since they were listed. Reads only."""

from __future__ import annotations

import json
import os
from itertools import zip_longest
from typing import TYPE_CHECKING

from azml_pipelines.data.listing import list_files
from azml_pipelines.engine.step_inputs import StepInput
from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.source_changes import Changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.plan.run_plan import InputPlan, ParallelRunStepPlan

__all__ = ["compare_inputs"]


def compare_inputs(
    step: ParallelRunStepPlan, mini_batches: Path, since: float
) -> Iterator[tuple[str, str]]:
    """Yield the name of each input that has changed, and how.

    Outputs of other steps of the run are left out: they are the run's own.

    Args:
        step: A step of a plan.
        mini_batches: The frozen list.
        since: When the run was submitted; a file that was written later has changed.
    """
    for number, plan in enumerate(step.inputs):
        if plan.dataset is None:
            continue
        try:
            text = _compare(step, number, plan, plan.dataset, mini_batches, since)
        except (UserErrorException, OSError) as error:
            text = f"cannot be listed any more ({error})"
        if text:
            yield plan.name, text


def _compare(  # noqa: PLR0917 - one caller, which has all of it at hand
    step: ParallelRunStepPlan,
    number: int,
    plan: InputPlan,
    dataset: DatasetDefinition,
    mini_batches: Path,
    since: float,
) -> str:
    root = list_files(dataset).root
    size = step.settings.mini_batch_size
    found = StepInput(plan, dataset, root, root)

    def now() -> Iterator[str]:
        return (line for _, line in found.mini_batches(number, size))

    def then() -> Iterator[str]:
        return _frozen(mini_batches, number)

    # The common case is a million equal lines, for which no set is made.
    if all(new == old for new, old in zip_longest(now(), then())):
        return Changes(changed=tuple(_written_since(root, then(), since))).text
    return _difference(now(), then())


def _frozen(mini_batches: Path, number: int) -> Iterator[str]:
    beginning = f"[{number},"
    with mini_batches.open(encoding="ascii") as file:
        for line in file:
            if line.startswith(beginning):
                yield line


def _paths(line: str) -> list[str]:
    _, items, payload = json.loads(line)
    return list(payload) if items else [payload[0]]


def _written_since(root: str, lines: Iterable[str], since: float) -> Iterator[str]:
    last = None
    for line in lines:
        for path in _paths(line):
            if path != last and os.stat(os.path.join(root, path)).st_mtime > since:  # noqa: PTH116, PTH118 - a million paths stay text
                yield path
            last = path


def _difference(now: Iterator[str], then: Iterator[str]) -> str:
    new, old = list(now), list(then)
    names, known = _distinct(new), _distinct(old)
    added, removed = names.keys() - known.keys(), known.keys() - names.keys()
    changed: set[str] = set()
    if not added and not removed:
        for line in set(new) ^ set(old):
            changed.update(_paths(line))
    changes = Changes(
        tuple(sorted(added)), tuple(sorted(changed)), tuple(sorted(removed))
    )
    return changes.text or "is listed in another order"


def _distinct(lines: Iterable[str]) -> dict[str, None]:
    return dict.fromkeys(path for line in lines for path in _paths(line))
