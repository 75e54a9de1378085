"""Takes over into a step what its input has in common with that of an earlier run."""

from __future__ import annotations

import os
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from azml_pipelines.engine.predecessor import predecessor_of
from azml_pipelines.failpoints import point
from azml_pipelines.store.journal import Progress, SettledBundle
from azml_pipelines.store.reuse_record import (
    TakenOver,
    read_contents,
    read_reuse,
    read_taken_over,
    write_taken_over,
)
from azml_pipelines.store.workspace_folder import WorkspaceFolder
from azml_pipelines.worker.page import Done, pack_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.engine.step_executor import StepContext
    from azml_pipelines.engine.step_list import StepList
    from azml_pipelines.plan.run_plan import ParallelRunStepPlan
    from azml_pipelines.store.workspace_folder import RunFolder, StepFolder

__all__ = ["Inheritance", "inheritance_of"]

_CHUNK = 10_000


class Inheritance:
    """The rows of an earlier run, for one step of this one.

    Args:
        context: Of the step.
        step: The step.
        base: The run to build on, and its step.
    """

    def __init__(
        self,
        context: StepContext,
        step: ParallelRunStepPlan,
        base: tuple[RunFolder, StepFolder],
    ) -> None:
        self._context = context
        self._folder = context.folder.step(step.step_run_id)
        self._base = base
        contents = read_contents(self._folder)
        by_item = context.run.incremental == "items"
        self._old = predecessor_of(step, contents, base, by_item=by_item)

    @property
    def cuts_anew(self) -> bool:
        """Whether mini-batches are cut where known items end."""
        return self._old.rows.by_item

    def regroup(self, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """Cut mini-batches between known and new items; see ``Predecessor``."""
        return self._old.regroup(lines)

    def take_over(self, found: StepList, position: int) -> None:
        """Settle every mini-batch whose rows are known; once for all orchestrators.

        Args:
            found: The whole list of this step.
            position: The step in the plan.
        """
        if read_taken_over(self._folder) is not None:
            return
        headers = {file.read_bytes() for file in self._headers()}
        count = 0
        if len(headers) < 2:  # noqa: PLR2004 - with several, nobody knows whose they are
            count = self._settle(found, position, headers.pop() if headers else b"")
        point("taken_over.settled")
        run = self._base[0].root.name
        write_taken_over(self._folder, TakenOver(run_id=run, mini_batches=count))
        print(  # noqa: T201 - this is the run's log
            f"{count} of {found.known} mini-batches were taken over from run {run}",
            file=sys.stderr,
            flush=True,
        )

    def _headers(self) -> list[Path]:
        return sorted(self._base[1].parts.glob("header-*"))

    def _settle(self, found: StepList, position: int, header: bytes) -> int:
        part = f"taken.{self._context.epoch}.0.part"
        path = self._folder.parts / part
        path.unlink(missing_ok=True)
        total, headed = 0, False
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            taken = self._taken(found)
            while chunk := list(islice(taken, _CHUNK)):
                done = []
                for index, text, rows, items in chunk:
                    offset = file.tell()
                    file.write(text)
                    fields = (index, offset, len(text), crc32(text), rows, items, 0.0)
                    done.append(pack_record(Done(*fields)))
                    if text and header and not headed:
                        headed = True
                        name = self._folder.parts / f"header-{index:012d}"
                        name.write_bytes(header)
                file.flush()
                os.fsync(file.fileno())
                point("taken_over.written")
                records = b"".join(done)
                bundle = SettledBundle(part, records, (), frozenset(), "", "")
                total += len(done)
                # The ledger counts anew from the records before the first bundle.
                self._context.journal.settle(position, bundle, Progress())
                self._context.check()
        return total

    def _taken(self, found: StepList) -> Iterator[tuple[int, bytes, int, int]]:
        for index in range(found.known):
            taken = self._old.take(found.read(index, 1))
            if taken is not None:
                yield index, *taken


def inheritance_of(
    context: StepContext, step: ParallelRunStepPlan
) -> Inheritance | None:
    """Return what a step builds on; None when it runs as a whole."""
    if context.run.incremental == "no":
        return None
    record = read_reuse(context.folder.step(step.step_run_id))
    if record is None or record.run_id is None or record.decision != "ran":
        return None
    workspace = WorkspaceFolder(Path(context.run.workspace.root))
    run = workspace.run(record.run_id)
    folder = run.step(str(record.step_run_id))
    if not (run.journal.is_file() and folder.parts.is_dir()):
        return None  # removed since
    return Inheritance(context, step, (run, folder))
