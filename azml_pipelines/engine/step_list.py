"""The list of a step's mini-batches, which grows in a thread while the step runs."""

from __future__ import annotations

import queue
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING

from azml_pipelines.data.frozen_list import (
    NOTHING_LISTED,
    ChangedListError,
    MiniBatchTotals,
    append_mini_batches,
    freeze_mini_batches,
)
from azml_pipelines.data.minibatch import MiniBatchFile, check_mini_batches
from azml_pipelines.engine.lister_link import Lister, ListerLostError
from azml_pipelines.errors import AzmlError, UserErrorException
from azml_pipelines.store.journal_list import Listed, forget_list, note_listed
from azml_pipelines.store.resume_point import read_list_point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from azml_pipelines.engine.ledger import Ledger
    from azml_pipelines.engine.lister import ListOrder
    from azml_pipelines.store.journal import Journal

    Cut = Callable[[int], Iterator[tuple[int, str]]]

__all__ = ["StepList"]

_TICK_SECONDS = 0.2
_JOIN_SECONDS = 1.0
_HEAD_START = 20_000
"""Mini-batches; where there are more, starting another process is worth its while."""
_HEAD_START_SECONDS = 2.0


class StepList:
    """What is to be done, written down for good before it is handed out.

    Args:
        journal: Remembers how far the list has got.
        journal_path: Where that is.
        position: The step in the plan.
        path: The list.
        cut: Lists the input: yields items and line of each mini-batch. It is given how
            many of these an earlier process has frozen.
        order: The same for a process of its own, which a long list gets if it can be
            given away.
    """

    def __init__(
        self,
        journal: Journal,
        journal_path: Path,
        position: int,
        path: Path,
        cut: Cut,
        *,
        order: ListOrder | None = None,
    ) -> None:
        self._journal = journal
        self._journal_path = journal_path
        self._position = position
        self._path = path
        self._cut = cut
        self._order = order if order is not None and order.can_be_given_away else None
        self._lister: Lister | None = None
        self._chunks: queue.SimpleQueue[MiniBatchTotals | BaseException | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._at_work = threading.Event()
        self._last: MiniBatchTotals | None = None
        self._lines: MiniBatchFile | None = None
        self.known = 0
        """Mini-batches that are frozen."""
        self.sealed = False
        """Whether these are all."""
        self.items: int | None = None
        """How many they name, as far as this process has counted them."""

    def begin(self, check: Callable[[], None]) -> None:
        """Start listing, or go on, until a mini-batch is known or there is none at all.

        Args:
            check: Called several times a second; raises to stop the step.

        Raises:
            OutputError: The finished list is not what was frozen.
            UserErrorException: A file of the input cannot be read.
        """
        point = read_list_point(self._journal_path, self._position)
        if point.total_mini_batches is not None:
            check_mini_batches(self._path, point.list_sha256)
            self.known, self.sealed = point.total_mini_batches, True
        else:
            self._start(point.listed)
        while not self.known and not self.sealed:
            check()
            try:
                self._take_in(_TICK_SECONDS)
            except ChangedListError as error:
                print(  # noqa: T201 - this is the run's log
                    f"the input has changed since a part of it was listed: {error}; "
                    "what was done of this step is forgotten, and it begins again",
                    file=sys.stderr,
                    flush=True,
                )
                forget_list(self._journal, self._position)
                self._start(Listed())

    def finish(self, check: Callable[[], None]) -> None:
        """List all that is left.

        Args:
            check: Called several times a second; raises to stop the step.

        Raises:
            UserErrorException: A file of the input cannot be read.
        """
        self._at_work.set()
        while not self.sealed:
            check()
            self._take_in(_TICK_SECONDS)

    def grow(self, ledger: Ledger, wait: float) -> None:
        """Let the mini-batches wait that were listed since.

        Args:
            ledger: Of this step.
            wait: Seconds to wait when there are none yet.

        Raises:
            UserErrorException: A file of the input cannot be read.
        """
        self._at_work.set()
        if not self.sealed:
            try:
                self._take_in(wait)
            except ChangedListError as error:
                msg = f"the input has changed while it was being listed: {error}"
                raise UserErrorException(msg) from error
        if not ledger.sealed:
            ledger.extend(self.known - ledger.total)
            if self.sealed:
                ledger.seal()

    def read(self, first: int, count: int) -> bytes:
        """Return the lines of mini-batches ``first`` to ``first + count - 1``."""
        if self._lines is None:
            self._lines = MiniBatchFile(self._path)
        return self._lines.read(first, count)

    def close(self) -> None:
        """Stop listing, wherever that is done."""
        self._stopped = True
        self._at_work.set()
        if self._lister is not None:
            self._lister.close()
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)
        if self._lines is not None:
            self._lines.close()

    def _start(self, kept: Listed) -> None:
        self._thread = threading.Thread(
            target=self._list, args=(kept,), name="listing", daemon=True
        )
        self._thread.start()

    def _list(self, kept: Listed) -> None:
        """List in a thread of its own; whatever it raises is raised where one waits."""
        try:
            for totals in self._totals(kept):
                if self._stopped:
                    return
                self._chunks.put(totals)
        except BaseException as error:  # noqa: BLE001 - raised again by _take_in
            self._chunks.put(error)
        else:
            self._chunks.put(None)

    def _totals(self, kept: Listed) -> Iterator[MiniBatchTotals]:
        """List the first mini-batches here, where it is soon done, the rest elsewhere.

        Whatever keeps another process from it, this one will do it, or say why not.
        """
        last = MiniBatchTotals(kept.mini_batches, None, kept.sha256)
        here = freeze_mini_batches(self._cut(kept.mini_batches), self._path, last)
        for last in here:
            yield last
            if last.mini_batches > _HEAD_START:
                break
        else:
            return
        if self._order is None:
            # Whoever starts the nodes needs the interpreter more than this.
            self._at_work.wait(_HEAD_START_SECONDS)
            yield from here
            return
        try:
            with closing(Lister(self._order, self._path, last)) as self._lister:
                for last in self._lister.totals():
                    yield last
        except ListerLostError as error:
            if self._stopped:
                return
            if not error.untouched:
                lines = self._cut(last.mini_batches)
                here = append_mini_batches(lines, self._path, last)
            yield from here

    def _take_in(self, wait: float) -> None:
        """Note in the journal what the thread has frozen since."""
        last = None
        try:
            chunk = self._chunks.get(block=wait > 0, timeout=wait)
            while isinstance(chunk, MiniBatchTotals):
                last = self._last = chunk
                chunk = self._chunks.get_nowait()
        except queue.Empty:
            pass
        else:
            self._end(chunk)
            return
        if last is not None and last.mini_batches > self.known:
            listed = Listed(last.mini_batches, last.sha256)
            note_listed(self._journal, self._position, listed)
            self.known, self.items = last.mini_batches, last.items

    def _end(self, error: BaseException | None) -> None:
        if isinstance(error, (AzmlError, ChangedListError)):
            raise error
        if isinstance(error, OSError):
            msg = f"the mini-batches cannot be listed: {error}"
            raise UserErrorException(msg) from error
        if error is not None:
            raise error
        last = self._last or NOTHING_LISTED
        self._journal.note_totals(
            self._position, last.mini_batches, last.items, last.sha256
        )
        self.known, self.sealed = last.mini_batches, True
        self.items = last.items
