"""The few different reasons behind many failed items, the most frequent one first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.store.failed_items import SHORT
from azml_pipelines.store.journal_file import reading
from azml_pipelines.store.journal_seals import checked_done

if TYPE_CHECKING:
    import sqlite3

    from azml_pipelines.plan.run_plan import ParallelRunStepPlan
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["FailureGroup", "StepFailures", "read_step_failures"]

_SHOWN = 3


@dataclass(frozen=True)
class FailureGroup:
    """Failures of one kind: the same exception from the same line of the script."""

    reason: str
    exception_type: str
    user_line: str
    message: str
    """That of one of them."""
    items: int
    mini_batches: int


@dataclass(frozen=True)
class StepFailures:
    """What failed for good in one step."""

    step: str
    items: int
    file: str | None
    """The file that lists them, once the step has ended."""
    groups: tuple[FailureGroup, ...]
    """The three most frequent reasons."""
    other_groups: int = 0
    """How many reasons there are beside these."""


def read_step_failures(
    folder: RunFolder, step: ParallelRunStepPlan, position: int
) -> StepFailures | None:
    """Return what failed for good in the step at ``position``; None if nothing did."""
    with reading(folder.journal) as connection:
        groups = [*_given_up(connection, position), *_short(connection, position)]
    if not groups:
        return None
    groups.sort(key=lambda group: (-group.items, -group.mini_batches))
    file = folder.step(step.step_run_id).failed_items_csv
    return StepFailures(
        step.name,
        sum(group.items for group in groups),
        str(file) if file.is_file() else None,
        tuple(groups[:_SHOWN]),
        len(groups[_SHOWN:]),
    )


def _given_up(connection: sqlite3.Connection, position: int) -> list[FailureGroup]:
    rows = connection.execute(
        "SELECT reason, exception_type, user_line, min(message),"
        " sum(max(items, 1)),"
        " count(DISTINCT mini_batch) FROM failure WHERE step = ? AND final"
        " GROUP BY reason, exception_type, user_line",
        (position,),
    )
    return [FailureGroup(*row) for row in rows]


def _short(connection: sqlite3.Connection, position: int) -> list[FailureGroup]:
    short = [
        done.items - done.rows
        for done, _, _, whole in checked_done(connection, position, short=True)
        if whole
    ]
    if not short:
        return []
    message = "run() returned fewer results than items"
    return [FailureGroup(SHORT, "", "", message, sum(short), len(short))]
