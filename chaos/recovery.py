"""What a resume does to a run folder, in this process and without worker processes."""

from __future__ import annotations

import os
import secrets
import sqlite3
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from azml_pipelines.data.commit import commit
from azml_pipelines.data.loading import FileInput, load_mini_batch
from azml_pipelines.data.minibatch import (
    MiniBatchFile,
    check_mini_batches,
    split_files,
    write_mini_batches,
)
from azml_pipelines.errors import AzmlError, DamagedPartError, UserErrorException
from azml_pipelines.store.journal import Journal, Progress, SettledBundle
from azml_pipelines.store.resume_point import read_resume_point
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.run_reader import read_run_state
from azml_pipelines.store.workspace_folder import RunFolder
from azml_pipelines.worker.page import Done
from chaos.lab import OUTPUT, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.store.resume_point import Gap
    from azml_pipelines.store.workspace_folder import StepFolder

__all__ = ["MINI_BATCH_SIZE", "Recovery", "recover"]

MINI_BATCH_SIZE = 2
_MOST_DAMAGED = 1_000


@dataclass(frozen=True)
class Recovery:
    """How it went: ``exact``, ``refused``, ``wrong`` or ``unnamed``."""

    kind: str
    text: str = ""


def recover(root: Path, data: Path, expected: bytes) -> Recovery:
    """Take a run over, run what is missing, commit, and look at what came out."""
    folder = RunFolder(root)
    try:
        output = _resume(folder, data)
    except (AzmlError, OSError, sqlite3.Error, UnicodeDecodeError) as error:
        # The orchestrator ends a run for all of these, and says what they say.
        return Recovery("refused", f"{type(error).__name__}: {error}")
    except Exception as error:
        return Recovery("unnamed", f"{type(error).__name__}: {error}")
    if output == expected:
        return Recovery("exact")
    lines, wanted = output.splitlines(), expected.splitlines()
    text = f"{len(lines)} rows of {len(wanted)}, {len(set(lines))} distinct"
    return Recovery("wrong", text)


def _resume(folder: RunFolder, data: Path) -> bytes:
    read_run_state(folder)
    journal = Journal(folder.journal)
    try:
        journal.reopen()
        owner = Owner.of_process(os.getpid())
        if owner is None:
            msg = "this process is not in the process table"
            raise RuntimeError(msg)
        epoch = journal.claim(owner)
        journal.finished_steps()
        (place,) = folder.steps.iterdir()
        step = folder.step(place.name)
        destination = folder.root / OUTPUT
        for number in range(_MOST_DAMAGED):
            point = read_resume_point(folder.journal, 0)
            if point.total_mini_batches is None:
                _list_again(journal, step, data)
                continue
            check_mini_batches(step.mini_batches, point.list_sha256)
            part = f"node000.{epoch}.{number}.{secrets.token_hex(3)}.part"
            _run(journal, step, point.gaps, data, part)
            try:
                commit(journal.slices(0), step.parts, destination)
            except DamagedPartError as error:
                journal.forget_done(0, [error.mini_batch])
                continue
            return destination.read_bytes()
        msg = f"still damaged after {_MOST_DAMAGED} repairs"
        raise RuntimeError(msg)
    finally:
        journal.close()


def _list_again(journal: Journal, step: StepFolder, data: Path) -> None:
    """Freeze the list, as the first orchestrator does."""
    lines = split_files(0, sorted(os.listdir(data)), MINI_BATCH_SIZE)
    totals = write_mini_batches(lines, step.mini_batches)
    journal.note_totals(0, totals.mini_batches, totals.items, totals.sha256)


def _run(
    journal: Journal, step: StepFolder, gaps: tuple[Gap, ...], data: Path, part: str
) -> None:
    """Do what workers would do for these gaps."""
    if not gaps:
        return
    lines = MiniBatchFile(step.mini_batches)
    done: list[Done] = []
    try:
        with (step.parts / part).open("xb") as file:
            for gap in gaps:
                done += _run_gap(gap, lines, data, file)
    finally:
        lines.close()
    bundle = SettledBundle(part, done, [], frozenset(), "node000", "process000")
    journal.settle(0, bundle, Progress())


def _run_gap(
    gap: Gap, lines: MiniBatchFile, data: Path, file: BinaryIO
) -> Iterator[Done]:
    offset = file.tell()
    for index in range(gap.first, gap.first + gap.count):
        line = lines.read(index, 1)
        try:
            batch = load_mini_batch(line, [FileInput(str(data))])
        except (ValueError, OSError, LookupError, TypeError) as error:
            # A worker reports it, and the mini-batch is listed as failed.
            msg = f"mini-batch {index} failed: {error}"
            raise UserErrorException(msg) from error
        text = rows(os.path.basename(path) for path in batch)
        file.write(text)
        crc = zlib.crc32(text)
        yield Done(index, offset, len(text), crc, len(batch), len(batch), 0.0)
        offset += len(text)
