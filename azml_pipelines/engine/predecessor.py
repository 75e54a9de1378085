"""What an incremental run can take over from an earlier one, mini-batch by mini-batch.

A mini-batch is the same when its files have the same paths and hold the same bytes, and
when it is the same piece of them. Only whole mini-batches without a failed item count.
Item by item, a row is taken where its mini-batch has one line for each item.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from azml_pipelines.data.commit import rows_of_slices
from azml_pipelines.data.mini_batch_line import paths_of
from azml_pipelines.data.minibatch import piece_of
from azml_pipelines.data.stretch import Slice
from azml_pipelines.engine.step_inputs import input_definition
from azml_pipelines.engine.step_output import output_form
from azml_pipelines.store.journal_file import reading
from azml_pipelines.store.journal_seals import read_done, read_steps
from azml_pipelines.store.reuse_record import read_contents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from azml_pipelines.plan.run_plan import ParallelRunStepPlan
    from azml_pipelines.store.journal_seals import DoneRow
    from azml_pipelines.store.reuse_record import ContentLine
    from azml_pipelines.store.workspace_folder import RunFolder, StepFolder

__all__ = ["Predecessor", "Taken", "predecessor_of"]


class Taken(NamedTuple):
    """The rows of a mini-batch, as an earlier run has made them."""

    text: bytes
    rows: int
    items: int


class Marks:
    """What the files of each input of a step hold.

    Args:
        contents: Of the step.
        names: Of its inputs, in their order.
        tables: Whether each of them is a table: how all of it is read may depend on its
            first file.
    """

    def __init__(
        self,
        contents: Iterable[ContentLine],
        names: Sequence[str],
        tables: Sequence[bool],
    ) -> None:
        self._of: dict[tuple[str, str], str] = {}
        first: dict[str, str] = {}
        for line in contents:
            mark = f"{line.mark} {line.size}"
            self._of[line.input, line.path] = mark
            first.setdefault(line.input, f"{line.path} {mark}")
        self._names = names
        self._first = [
            first.get(name, "") if table else ""
            for name, table in zip(names, tables, strict=True)
        ]

    def of_mini_batch(self, line: str | bytes) -> bytes | None:
        """Return what a mini-batch is known by; None when a file of it is unknown."""
        number, items, payload, *_ = json.loads(line)
        marks = [self._mark(number, path) for path in paths_of(items, payload)]
        if None in marks:
            return None
        # Behind the paths come the stamps of tables, which say when, not what.
        piece = payload if items else [payload[0], payload[1], payload[2], payload[4:]]
        return _digest([self._names[number], self._first[number], piece, marks])

    def of_items(self, line: str | bytes) -> list[bytes | None]:
        """Return what each item of a mini-batch is known by; none for tables."""
        number, items, payload, *_ = json.loads(line)
        if not items:
            return []
        return [
            None
            if (mark := self._mark(number, path)) is None
            else _digest([self._names[number], path, mark])
            for path in payload
        ]

    def _mark(self, number: int, path: str) -> str | None:
        return self._of.get((self._names[number], path))


@dataclass(frozen=True)
class OldRows:
    """Where an earlier run has the rows of what is known by a key."""

    folder: StepFolder
    places: dict[bytes, tuple[Slice, int, int]]
    """Place of a mini-batch, its rows and its items; of an item the line in it."""
    by_item: bool

    def take(self, keys: Sequence[bytes | None]) -> Taken | None:
        """Return the rows of a mini-batch or of items; None unless all are there."""
        found = [None if key is None else self.places.get(key) for key in keys]
        if not found or None in found:
            return None
        known = [place for place in found if place is not None]
        pieces: list[bytes] = []
        for piece, group in groupby(known, key=lambda place: place[0]):
            _, text = next(rows_of_slices([piece], self.folder.parts))
            if text is None:
                return None
            if self.by_item:
                lines = _lines(text)
                pieces += [lines[place[1]] for place in group]
            else:
                pieces.append(text)
        if self.by_item:
            return Taken(b"".join(pieces), len(pieces), len(pieces))
        return Taken(b"".join(pieces), known[0][1], known[0][2])


@dataclass(frozen=True)
class Predecessor:
    """What a step builds on: what its input holds now, and the rows of before."""

    marks: Marks
    rows: OldRows

    def take(self, line: str | bytes) -> Taken | None:
        """Return the rows of a mini-batch; None unless all of them are known."""
        return self.rows.take(self._keys(line))

    def knows(self, line: str | bytes) -> bool:
        """Return whether the rows of a mini-batch are known, without reading them."""
        keys = self._keys(line)
        return bool(keys) and all(key in self.rows.places for key in keys)

    def regroup(self, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """Cut mini-batches between items with a known row and items without.

        Yields:
            Items and line of each piece, in the order of the input; what is not a
            mini-batch of files comes as it is, and so does everything where items are
            not told apart.
        """
        if not self.rows.by_item:
            yield from lines
            return
        for items, line in lines:
            keys = self.marks.of_items(line) if items else []
            known = [key in self.rows.places for key in keys]
            if len(set(known)) < 2:  # noqa: PLR2004 - all the same, or none at all
                yield items, line
                continue
            first = 0
            for _, group in groupby(known):
                count = len(list(group))
                piece = piece_of(line.encode("ascii"), first, count)
                yield count, piece.decode("ascii")
                first += count

    def _keys(self, line: str | bytes) -> list[bytes | None]:
        if self.rows.by_item:
            return self.marks.of_items(line)
        return [self.marks.of_mini_batch(line)]


def predecessor_of(
    step: ParallelRunStepPlan,
    contents: Iterable[ContentLine],
    base: tuple[RunFolder, StepFolder],
    *,
    by_item: bool,
) -> Predecessor:
    """Read what a step has in common with an earlier result.

    Args:
        step: The step.
        contents: What the files of its inputs hold now.
        base: The run to build on, and its step.
        by_item: Whether single items are wanted, where they can be told apart.
    """
    run, folder = base
    names = [port.name for port in step.inputs]
    tables = [input_definition(port).kind == "tabular" for port in step.inputs]
    form = output_form(step.settings)
    lines = form is None or not form.travels_as_arrow
    told_apart = by_item and lines and not step.settings.partition_keys
    read = _read_by_item if told_apart else _read_by_mini_batch
    rows = read(run, folder, Marks(read_contents(folder), names, tables))
    return Predecessor(Marks(contents, names, tables), rows)


def _read_by_mini_batch(run: RunFolder, folder: StepFolder, marks: Marks) -> OldRows:
    """Find the mini-batches of a finished step that may be taken over."""
    places: dict[bytes, tuple[Slice, int, int]] = {}
    for line, done in _whole(run, folder):
        key = marks.of_mini_batch(line)
        if key is not None:
            places[key] = (_slice(done), done.rows, done.items)
    return OldRows(folder, places, by_item=False)


def _read_by_item(run: RunFolder, folder: StepFolder, marks: Marks) -> OldRows:
    """Find the items of a finished step whose row is known."""
    places: dict[bytes, tuple[Slice, int, int]] = {}
    for line, done in _whole(run, folder):
        keys = marks.of_items(line)
        piece = _slice(done)
        if len(keys) != done.rows or not keys:
            continue
        _, text = next(rows_of_slices([piece], folder.parts))
        if text is None or len(_lines(text)) != len(keys):
            continue  # a row of several lines: nobody knows which they are
        for number, key in enumerate(keys):
            if key is not None:
                places[key] = (piece, number, 1)
    return OldRows(folder, places, by_item=True)


def _whole(run: RunFolder, folder: StepFolder) -> Iterator[tuple[str, DoneRow]]:
    """Yield line and record of each mini-batch that has succeeded in one piece."""
    with reading(run.journal) as connection:
        steps = read_steps(connection, run.journal)
        ids = [step["step_run_id"] for step in steps]
        position = ids.index(folder.root.name)
        done = list(read_done(connection, position))
    with folder.mini_batches.open(encoding="ascii") as file:
        records = iter(done)
        record = next(records, None)
        for index, line in enumerate(file):
            found = []
            while record is not None and record.mini_batch == index:
                found.append(record)
                record = next(records, None)
            listed = json.loads(line)[1]
            if len(found) != 1 or not found[0].whole or found[0].first_item:
                continue
            one = found[0]
            if one.rows >= one.items and listed in {0, one.items}:
                yield line, one


def _slice(done: DoneRow) -> Slice:
    return Slice(done.mini_batch, done.part, done.offset, done.length, done.crc)


def _lines(text: bytes) -> list[bytes]:
    """Return the lines of rows; only a line feed ends one, whatever else is in it."""
    lines = text.split(b"\n")
    if lines.pop():
        return []  # does not end with a whole line
    return [line + b"\n" for line in lines]


def _digest(content: object) -> bytes:
    text = json.dumps(content, separators=(",", ":"))
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).digest()
