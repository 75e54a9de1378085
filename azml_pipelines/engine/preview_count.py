"""How many mini-batches a step would have, and how many it would take over."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.file_store import StoreLocation
from azml_pipelines.data.listing import list_files
from azml_pipelines.data.remote_listing import is_remote
from azml_pipelines.engine.remote_input import RemoteInput
from azml_pipelines.engine.step_inputs import StepInput, input_definition
from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.run_plan import ParallelRunStepPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.engine.predecessor import Predecessor
    from azml_pipelines.plan.run_plan import InputPlan, StepPlan

__all__ = ["Counted", "count_mini_batches"]


@dataclass(frozen=True)
class Counted:
    """What the inputs of a step come to; None for what only a run can know."""

    mini_batches: int | None = None
    items: int | None = None
    """None for tables, whose rows nobody has counted."""
    known: int = 0
    """Mini-batches whose rows an earlier result has."""
    known_items: int = 0


def count_mini_batches(step: StepPlan, before: Predecessor | None = None) -> Counted:
    """Cut the inputs and count; nothing is read but names, sizes and tables.

    Args:
        step: Its inputs lie where earlier steps have left them.
        before: What an incremental run would build on.
    """
    if not isinstance(step, ParallelRunStepPlan):
        return Counted()
    mini_batches = items = known = known_items = 0
    counted = True
    try:
        found = [
            _found(port, tuple(step.settings.partition_keys or ()))
            for port in step.inputs
        ]
        inputs = [one for one in found if one is not None]
        unit = step.settings.mini_batch_size.unit
        if len(inputs) < len(found) or (
            unit == "auto" and not all(one.keys for one in inputs)
        ):
            return Counted()
        lines = _lines(step, inputs)
        for count, line in lines if before is None else before.regroup(lines):
            mini_batches += 1
            items += count
            counted = counted and count > 0
            if before is not None and before.knows(line):
                known += 1
                known_items += count
    except (UserErrorException, OSError):
        return Counted()
    return Counted(mini_batches, items if counted else None, known, known_items)


def _lines(
    step: ParallelRunStepPlan, inputs: list[StepInput]
) -> Iterator[tuple[int, str]]:
    size = step.settings.mini_batch_size
    cut = (one.mini_batches(number, size) for number, one in enumerate(inputs))
    return ((count, line) for count, line in chain.from_iterable(cut) if line)


def _found(port: InputPlan, keys: tuple[str, ...]) -> StepInput | None:
    definition = input_definition(port)
    root = list_files(definition).root
    remote = None
    if is_remote(definition):
        if definition.kind != "file":
            return None
        remote = RemoteInput(definition, StoreLocation(root), Path(root), None)
    return StepInput(port, definition, root, root, remote, keys)
