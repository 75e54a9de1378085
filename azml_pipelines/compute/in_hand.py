"""What a worker process has in hand and since when, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.worker.page import Phase

if TYPE_CHECKING:
    from azml_pipelines.worker.messages import Bundle
    from azml_pipelines.worker.page import Running

__all__ = ["describe_in_hand"]


def describe_in_hand(
    name: str, bundle: Bundle, running: Running | None, now: float
) -> str:
    """Return one line.

    Args:
        name: Of the worker process: node, process and process id.
        bundle: What it was given.
        running: The mini-batch that it was last seen with.
        now: Seconds of this machine's monotonic clock.
    """
    text = f"{name}: mini-batch {bundle.first}"
    if bundle.count > 1:
        text = f"{name}: mini-batches {bundle.first}-{bundle.first + bundle.count - 1}"
    text += f", try {bundle.attempt}"
    if running is None:
        return f"{text}, between two mini-batches"
    doing = "run()" if running.phase == Phase.RUNNING else "reading or writing"
    seconds = now - running.since
    return f"{text}, {doing} of mini-batch {running.mini_batch} for {seconds:.0f} s"
