"""What a node says of a bundle. Plain values: this is what Dask carries back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from azml_pipelines.worker.page import RECORD_SIZE, unpack_records
from azml_pipelines.worker.records import Columns, Sums

if TYPE_CHECKING:
    from azml_pipelines.worker.messages import Bundle, FailedTry, UserError
    from azml_pipelines.worker.page import Done

__all__ = ["BundleReport"]


@dataclass(frozen=True)
class BundleReport:
    """What became of each mini-batch of one bundle.

    Its mini-batches run one after the other, so those that were not started are the
    last ``unstarted`` ones; each of the others has a record or a failure.
    """

    first: int
    count: int
    attempt: int
    node: str = ""
    first_item: int = 0
    item_count: int = 0
    """Set when the bundle is a piece of one mini-batch."""
    process: str = ""
    pid: int = 0
    part: str = ""
    """Part file that the records point into."""
    records: bytes = b""
    """Packed; see ``done``."""
    failures: tuple[FailedTry, ...] = ()
    unstarted: int = 0
    seconds: float = 0.0
    """Wall time from hand-over to answer."""
    init_failure: UserError | None = None
    """The slot cannot start a worker process, after fresh tries."""
    store_failure: UserError | None = None
    """Rows could not be written; no mini-batch is to blame."""
    lost: str | None = None
    """Why the node is gone, if it is."""
    stray_starts: int = 0
    """Worker processes that somebody killed before one was ready for this bundle."""

    @classmethod
    def of(cls, bundle: Bundle, **facts: Any) -> BundleReport:  # noqa: ANN401 - our own fields
        """Start the report of a bundle."""
        return cls(
            bundle.first,
            bundle.count,
            bundle.attempt,
            first_item=bundle.first_item,
            item_count=bundle.item_count,
            **facts,
        )

    def done(self) -> tuple[Done, ...]:
        """Return the mini-batches that succeeded, in order."""
        return self._done

    @cached_property
    def _done(self) -> tuple[Done, ...]:
        return tuple(unpack_records(self.records))

    @property
    def mini_batches(self) -> list[int]:
        """Those that succeeded, in order."""
        return Columns(self.records).mini_batches()

    @cached_property
    def sums(self) -> Sums:
        """What the mini-batches that succeeded add up to."""
        return Columns(self.records).sums()

    @property
    def complete(self) -> bool:
        """Whether every mini-batch that was started has a record or a failure."""
        settled = len(self.records) // RECORD_SIZE + len(self.failures)
        return settled == self.count - self.unstarted

    def without_gaps(self) -> BundleReport:
        """Return what is known from the first mini-batch on, up to the first gap.

        A worker that is being killed may go on for a moment, and what it says then is
        lost. What lies behind the gap counts as not started: it runs again, and only
        the second time counts.
        """
        failed = {failure.mini_batch for failure in self.failures}
        settled = failed.union(self.mini_batches)
        end, last = self.first, self.first + self.count
        while end < last and end in settled:
            end += 1
        failures = tuple(one for one in self.failures if one.mini_batch < end)
        kept = (end - self.first - len(failures)) * RECORD_SIZE
        return replace(
            self,
            records=self.records[:kept],
            failures=failures,
            unstarted=last - end,
        )
