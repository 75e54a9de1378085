"""Whether the conditions of a step hold, once what they look at has ended."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.file_store import StoreLocation, is_local, open_store
from azml_pipelines.data.local_url import local_folder
from azml_pipelines.errors import ConditionError
from azml_pipelines.store.reuse_record import read_reuse
from azml_pipelines.store.run_reader import read_run_state
from azml_pipelines.store.run_records import fold_metrics, read_records
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.plan.run_plan import ConditionPlan, OutputPlan, StepPlan
    from azml_pipelines.store.run_state import StepState
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["reason_to_skip"]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_COUNTS = (
    "done_mini_batches",
    "failed_items",
    "failed_mini_batches",
    "succeeded_items",
    "total_mini_batches",
)


def reason_to_skip(step: StepPlan, folder: RunFolder) -> str:
    """Return which condition does not hold, and why; empty if all hold.

    Raises:
        ConditionError: A metric was not logged, or cannot be compared.
    """
    for condition in step.when:
        if condition.output is not None:
            if not _has_something(condition.output):
                return (
                    f"output {condition.output.name!r} of step "
                    f"{condition.step_name!r} holds nothing"
                )
            continue
        value = _metric(condition, folder)
        try:
            holds = _COMPARE[condition.operator](value, condition.value)
        except TypeError:
            msg = (
                f"metric {condition.metric!r} of step "
                f"{condition.step_name!r} is {shown(value)}, which cannot be compared "
                f"with {shown(condition.value)}"
            )
            raise ConditionError(msg) from None
        if not holds:
            return (
                f"metric {condition.metric!r} of step {condition.step_name!r} is "
                f"{shown(value)}, not {condition.operator} {shown(condition.value)}"
            )
    return ""


def _counts(state: StepState, folder: RunFolder) -> dict[str, object]:
    """Return the counts of a parallel step; of a reused one, those of its result."""
    record = read_reuse(folder.step(state.step_run_id))
    if state.reused_from is not None and record is not None:
        counts = dict.fromkeys(_COUNTS, 0) | {"succeeded_items": record.items}
        for name in ("done_mini_batches", "total_mini_batches"):
            counts[name] = record.mini_batches
        return dict(counts)
    return {name: getattr(state, name) for name in _COUNTS}


def _metric(condition: ConditionPlan, folder: RunFolder) -> object:
    """Return what was logged last under the name of a metric."""
    records = read_records(folder.step(condition.step_run_id).metrics)
    found = fold_metrics(records)
    for state in read_run_state(folder).steps:
        if state.step_run_id == condition.step_run_id and state.kind == "parallel_run":
            found = _counts(state, folder) | found
    if condition.metric not in found:
        msg = (
            f"its condition needs metric "
            f"{condition.metric!r} of step {condition.step_name!r}, which has logged: "
            f"{', '.join(sorted(found)) or 'nothing'}"
        )
        raise ConditionError(msg)
    value = found[condition.metric]
    return value[-1] if isinstance(value, list) and value else value


def _has_something(output: OutputPlan) -> bool:
    if not is_local(output.url):
        location = StoreLocation(output.url, output.options, output.datastore)
        store = open_store(location)
        found = store.find(output.path_on_datastore)
        return found is not None or any(store.files(output.path_on_datastore))
    place = Path(local_folder(output.url)) / output.path_on_datastore
    return place.is_file() or any(file.is_file() for file in place.rglob("*"))
