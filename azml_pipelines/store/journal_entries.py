"""What one report adds to a journal, and how a failed try is written down."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.store.journal_file import storable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from azml_pipelines.worker.messages import FailedTry

__all__ = ["INSERT_FAILURE", "Progress", "SettledBundle", "failure_rows"]


@dataclass(frozen=True)
class Progress:
    """A step's counters, stored beside its records: nobody has to add them up."""

    done_mini_batches: int = 0
    failed_mini_batches: int = 0
    succeeded_items: int = 0
    failed_items: int = 0
    retries: int = 0


@dataclass(frozen=True)
class SettledBundle:
    """What one report adds to the journal."""

    part: str
    records: bytes
    """Of the mini-batches that succeeded, packed; see ``worker.page``."""
    failures: Sequence[FailedTry]
    final: frozenset[int]
    """Mini-batches among the failures that were given up."""
    node: str
    process: str
    split: frozenset[int] = frozenset()
    """Mini-batches among the failures whose halves are tried next."""
    first_item: int = 0
    """Where the piece begins, when the bundle is a piece of one mini-batch."""


INSERT_FAILURE = (
    "INSERT INTO failure (step, mini_batch, attempt, first_item, final, split, charged,"
    " reason, items, exception_type, message, user_line, traceback, node, process,"
    " seconds, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def failure_rows(position: int, bundle: SettledBundle) -> Iterator[tuple[object, ...]]:
    """Yield the values for ``INSERT_FAILURE``."""
    now = time.time()
    for failed in bundle.failures:
        yield (
            position,
            failed.mini_batch,
            failed.attempt,
            bundle.first_item,
            failed.mini_batch in bundle.final,
            failed.mini_batch in bundle.split,
            failed.charged,
            failed.reason,
            failed.items,
            storable(failed.error.exception_type),
            storable(failed.error.message),
            storable(failed.error.user_line),
            storable(failed.error.traceback),
            bundle.node,
            bundle.process,
            failed.seconds,
            now,
        )
