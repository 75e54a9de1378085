"""The loop of a worker: take a bundle, run its mini-batches, say what came of them."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING
from zlib import crc32

from azml_pipelines.data.loading import load_mini_batch, loading_reason
from azml_pipelines.data.minibatch import items_of
from azml_pipelines.data.output_action import WrongReturnError
from azml_pipelines.data.supply import InputFileError, InputStoreError
from azml_pipelines.failpoints import point
from azml_pipelines.worker.context import context_of
from azml_pipelines.worker.frames import FrameReader, send_frame
from azml_pipelines.worker.messages import (
    BUNDLE,
    BUNDLE_DONE,
    FAILED,
    INIT_FAILED,
    READY,
    STORE_FAILED,
    Bundle,
    FailedTry,
)
from azml_pipelines.worker.page import Done, Phase

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from azml_pipelines.data.loading import FileInput, TableInput
    from azml_pipelines.data.output_action import OutputAction, Rows
    from azml_pipelines.worker.entry import Entry
    from azml_pipelines.worker.page import Page
    from azml_pipelines.worker.part_file import PartFile
    from azml_pipelines.worker.user_errors import UserErrors

__all__ = ["StoreError", "Worker"]


class StoreError(Exception):
    """Rows could not be written, or inputs not read; no mini-batch is to blame."""


def _flush() -> None:
    """Bring what was printed into its file, unless user code has closed the stream."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


class Worker:
    """One worker process from the inside.

    Args:
        link: To the agent.
        page: Shared with the agent.
        entry: The user's code; not yet initialised.
        inputs: One reader per input of the step.
        action: What becomes of results.
        part: Where rows go.
        errors: What becomes of user errors.
    """

    def __init__(
        self,
        link: socket.socket,
        page: Page,
        *,
        entry: Entry,
        inputs: Sequence[FileInput | TableInput],
        action: OutputAction,
        part: PartFile,
        errors: UserErrors,
    ) -> None:
        self._pid = os.getpid()
        self._link = link
        self._page = page
        self._entry = entry
        self._inputs = inputs
        self._action = action
        self._part = part
        self._errors = errors

    def serve(self) -> int:
        """Work until the agent says stop or is gone; return the exit code."""
        try:
            self._entry.init()
        except BaseException as error:  # noqa: BLE001 - user code: reported, never raised
            described = self._errors.describe(error)
            send_frame(self._link, INIT_FAILED, described.encode())
            return 1
        send_frame(self._link, READY)
        reader = FrameReader(self._link)
        while (frame := reader.read()) is not None and frame[0] == BUNDLE:
            try:
                unstarted = self.run_bundle(Bundle.decode(frame[1]))
            except StoreError as error:
                described = self._errors.describe(error.__cause__ or error)
                send_frame(self._link, STORE_FAILED, described.encode())
                return 74
            _flush()
            send_frame(self._link, BUNDLE_DONE, b"%d" % unstarted)
        if frame is not None:
            self.shut_down()
        return 0

    def run_bundle(self, bundle: Bundle) -> int:
        """Run the mini-batches of a bundle; records and failures say what came of them.

        Returns:
            How many were not started, because somebody else has time for them.

        Raises:
            StoreError: Rows could not be written.
        """
        self._page.begin()
        index = bundle.first
        # As text: of bytes, the encoding would be found out line by line.
        for line in bundle.lines.decode("ascii").splitlines():
            if self._page.recalled and index > bundle.first:
                self._page.end()
                return bundle.first + bundle.count - index
            failed = self._run_mini_batch(index, bundle.attempt, line)
            if failed is not None:
                # The failure first: a death in between must not charge it twice.
                send_frame(self._link, FAILED, failed.encode())
                self._page.leave()
            index += 1
        return 0

    def _run_mini_batch(self, index: int, attempt: int, line: str) -> FailedTry | None:
        page = self._page
        page.enter(index, Phase.LOADING, 0)
        try:
            mini_batch = load_mini_batch(line, self._inputs)
            items = len(mini_batch)
        except InputStoreError as error:
            raise StoreError from error
        except Exception as error:  # noqa: BLE001 - unreadable data fails its mini-batch only
            items = items_of(line)
            reason = loading_reason(error)
            return self._failed(index, attempt, items, error, 0.0, reason)
        context = context_of(line, self._inputs, index, attempt)
        page.enter(index, Phase.RUNNING, items)
        started = time.perf_counter()
        try:
            # A filter may leave no row; scripts are spared the empty table.
            result = self._entry.run(mini_batch, context) if items else []
            if os.getpid() != self._pid:
                # A fork that user code has let return must not write a second time.
                os._exit(0)
            seconds = time.perf_counter() - started
            page.enter(index, Phase.WRITING, items)
            rows = self._action.rows(result)
        except BaseException as error:  # noqa: BLE001 - user code: reported, never raised
            seconds = time.perf_counter() - started
            return self._failed(index, attempt, items, error, seconds)
        offset, crc = self._write(rows, index)
        point("part.written")
        page.settle(
            Done(index, offset, len(rows.text), crc, rows.count, items, seconds)
        )
        point("part.recorded")
        return None

    def _write(self, rows: Rows, index: int) -> tuple[int, int]:
        try:
            self._part.note_header(rows.header, index)
            return self._part.append(rows.text), crc32(rows.text)
        except OSError as error:
            raise StoreError from error

    def _failed(  # noqa: PLR0917 - all that is known of a try
        self,
        index: int,
        attempt: int,
        items: int,
        error: BaseException,
        seconds: float,
        reason: str = "exception",
    ) -> FailedTry:
        if isinstance(error, WrongReturnError):
            reason = "wrong return"
        elif isinstance(error, MemoryError):
            reason = "memory"
        elif isinstance(error, InputFileError):
            reason = error.reason
        where = f"mini-batch {index}, try {attempt}: "
        described = self._errors.describe(error, where)
        return FailedTry(index, attempt, reason, items, described, seconds)

    def shut_down(self) -> None:
        """Let the entry clean up; what it raises is noted and changes nothing."""
        try:
            self._entry.shutdown()
        except BaseException as error:  # noqa: BLE001 - the results stand already
            self._errors.describe(error, "shutdown(): ")
