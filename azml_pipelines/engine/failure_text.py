"""The one line that says why a step failed: mini-batch, item, exception, line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from azml_pipelines.data.mini_batch_line import described_piece
from azml_pipelines.data.minibatch import MiniBatchFile
from azml_pipelines.store.run_reader import read_failures

if TYPE_CHECKING:
    from azml_pipelines.plan.run_plan import ParallelRunStepPlan
    from azml_pipelines.store.run_reader import Failure
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["first_failure_text"]

_MESSAGE_LIMIT = 300


def first_failure_text(folder: RunFolder, step: ParallelRunStepPlan) -> str:
    """Describe the first mini-batch that was given up; empty when there is none."""
    failure = next(read_failures(folder, step.step_run_id, most=1), None)
    if failure is None or not failure.final:
        return ""
    items = _items(folder, step, failure)
    message = " ".join(failure.message.split())[:_MESSAGE_LIMIT]
    text = (
        f" First failure: mini-batch {failure.mini_batch} ({items}), "
        f"try {failure.attempt}, {failure.reason}: {failure.exception_type}: {message}"
    )
    return f"{text} at {failure.user_line}" if failure.user_line else text


def _items(folder: RunFolder, step: ParallelRunStepPlan, failure: Failure) -> str:
    lines = MiniBatchFile(folder.step(step.step_run_id).mini_batches)
    try:
        _, count, payload, *_ = json.loads(lines.read(failure.mini_batch, 1))
    except (IndexError, ValueError):
        return f"{failure.items} items"
    finally:
        lines.close()
    if not count:
        return f"item {described_piece(payload)}"
    if count == 1:
        return f"item {payload[0]}"
    return f"items {payload[0]} to {payload[-1]}"
