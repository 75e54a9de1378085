"""What a resume does to a run folder, in this process and without worker processes."""

from __future__ import annotations

import os
import secrets
import traceback
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from azml_pipelines.data.commit import commit, damaged_mini_batches
from azml_pipelines.data.loading import FileInput, load_mini_batch
from azml_pipelines.data.minibatch import (
    MiniBatchFile,
    check_mini_batches,
    split_files,
    write_mini_batches,
)
from azml_pipelines.data.output_writer import OutputWriter
from azml_pipelines.engine.orchestrator import read_plan
from azml_pipelines.errors import AzmlError, DamagedPartError, UserErrorException
from azml_pipelines.store.journal import Journal, Progress, SettledBundle
from azml_pipelines.store.resume_point import read_list_point, read_resume_point
from azml_pipelines.store.resume_report import read_resume_report
from azml_pipelines.store.run_facts import read_run_facts
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.run_reader import read_run_state
from azml_pipelines.store.workspace_folder import RunFolder
from azml_pipelines.worker.messages import FailedTry, UserError
from azml_pipelines.worker.page import Done, checksum, pack_records
from chaos.lab import OUTPUT, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.store.resume_point import Gap
    from azml_pipelines.store.workspace_folder import StepFolder

__all__ = [
    "MINI_BATCH_SIZE",
    "Recovery",
    "Work",
    "compare",
    "recover",
    "refusal",
    "unnamed",
]

MINI_BATCH_SIZE = 2
_MOST_DAMAGED = 1_000


@dataclass(frozen=True)
class Recovery:
    """How it went: ``exact``, ``refused``, ``wrong`` or ``unnamed``."""

    kind: str
    text: str = ""


@dataclass(frozen=True)
class Work:
    """What the run under test does."""

    data: Path
    expected: bytes
    bad: str = ""
    """The item whose mini-batch fails at every try."""


def recover(root: Path, work: Work) -> Recovery:
    """Take a run over, run what is missing, commit, and look at what came out."""
    folder = RunFolder(root)
    try:
        output = _resume(folder, work)
    except AzmlError as error:
        return refusal(error)
    except Exception as error:
        return unnamed(error)
    return compare(output, work.expected)


def unnamed(error: Exception) -> Recovery:
    """Judge an error that nobody has foreseen."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(place.filename)}:{place.lineno}"
    return Recovery("unnamed", f"{type(error).__name__} in {where}: {error}")


def refusal(error: AzmlError) -> Recovery:
    """Judge an error of ours: it has to say in one line what is damaged."""
    text = f"{type(error).__name__}: {error}"
    if not error.message or len(error.message.splitlines()) != 1:
        return Recovery("unnamed", f"not one line: {text!r}")
    return Recovery("refused", text)


def compare(output: bytes, expected: bytes) -> Recovery:
    """Judge the rows that came out."""
    if output == expected:
        return Recovery("exact")
    lines, wanted = output.splitlines(), expected.splitlines()
    text = f"{len(lines)} rows of {len(wanted)}, {len(set(lines))} distinct"
    return Recovery("wrong", text)


def _resume(folder: RunFolder, work: Work) -> bytes:
    read_run_state(folder)
    read_run_facts(folder)
    read_resume_report(folder)
    journal = Journal(folder.journal)
    try:
        journal.reopen()
        owner = Owner.of_process(os.getpid())
        if owner is None:
            msg = "this process is not in the process table"
            raise RuntimeError(msg)
        epoch = journal.claim(owner)
        read_plan(folder, journal.plan_sha256())
        journal.finished_steps()
        (place,) = folder.steps.iterdir()
        step = folder.step(place.name)
        destination = folder.root / OUTPUT
        writer = OutputWriter(place.name, epoch, journal.heartbeat)
        for number in range(_MOST_DAMAGED):
            listed = read_list_point(folder.journal, 0)
            if listed.total_mini_batches is None:
                _list_again(journal, step, work.data)
                continue
            check_mini_batches(step.mini_batches, listed.list_sha256)
            point = read_resume_point(folder.journal, 0)
            part = f"node000.{epoch}.{number}.{secrets.token_hex(3)}.part"
            _run(journal, step, point.gaps, work, part)
            try:
                commit(journal.stretches(0), step.parts, destination, writer)
            except DamagedPartError:
                stretches = journal.stretches(0)
                damaged = set(damaged_mini_batches(stretches, step.parts))
                journal.forget_done(0, sorted(damaged))
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
    journal: Journal, step: StepFolder, gaps: tuple[Gap, ...], work: Work, part: str
) -> None:
    """Do what workers would do for these gaps."""
    if not gaps:
        return
    lines = MiniBatchFile(step.mini_batches)
    done: list[Done] = []
    failed: list[FailedTry] = []
    try:
        with (step.parts / part).open("xb") as file:
            for gap in gaps:
                for found in _run_gap(gap, lines, work, file):
                    if isinstance(found, Done):
                        done.append(found)
                    else:
                        failed.append(found)
    finally:
        lines.close()
    final = frozenset(one.mini_batch for one in failed)
    records = pack_records(done)
    bundle = SettledBundle(part, records, failed, final, "node000", "process000")
    journal.settle(0, bundle, Progress())


def _run_gap(
    gap: Gap, lines: MiniBatchFile, work: Work, file: BinaryIO
) -> Iterator[Done | FailedTry]:
    offset = file.tell()
    for index in range(gap.first, gap.first + gap.count):
        line = lines.read(index, 1)
        try:
            batch = load_mini_batch(line, [FileInput(str(work.data))])
        except (ValueError, OSError, LookupError, TypeError) as error:
            # A worker reports it, and the mini-batch is listed as failed.
            msg = f"mini-batch {index} failed: {error}"
            raise UserErrorException(msg) from error
        if any(os.path.basename(path) == work.bad for path in batch):
            never = UserError("ValueError", "never")
            yield FailedTry(index, gap.attempt, "exception", len(batch), never)
            continue
        text = rows(os.path.basename(path) for path in batch)
        file.write(text)
        crc = zlib.crc32(text)
        fields = (index, offset, len(text), crc, len(batch), len(batch), 0.0)
        yield Done(*fields, checksum(fields))
        offset += len(text)
