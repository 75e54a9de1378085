"""Whether what is stored of one step is complete and counted right. Reads only."""

from __future__ import annotations

import hashlib
import heapq
import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.commit_tables import digest_of
from azml_pipelines.store.finding import Finding
from azml_pipelines.store.journal_list import read_listed
from azml_pipelines.store.journal_seals import COUNTERS, read_done
from azml_pipelines.store.resume_point import read_resume_point
from azml_pipelines.store.reuse_record import read_reuse
from azml_pipelines.store.rows_check import Rows, check_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from azml_pipelines.store.reuse_record import ReuseRecord
    from azml_pipelines.store.workspace_folder import RunFolder, StepFolder

__all__ = ["verify_step"]

_BLOCK = 1 << 20


def verify_step(
    folder: RunFolder, connection: sqlite3.Connection, step: sqlite3.Row
) -> Iterator[Finding]:
    """Yield what is found about one step.

    Args:
        folder: Of the run.
        connection: Reads the journal.
        step: The step's row in it.
    """
    name = step["name"]
    if "kind" in step.keys() and step["kind"] != "parallel_run":  # noqa: SIM118 - no dict
        yield Finding("I1", ok=True, text="has no mini-batches", step=name)
        return
    if step["total_mini_batches"] is None:
        record = read_reuse(folder.step(step["step_run_id"]))
        if record is not None and record.decision == "reused":
            yield _reused(step, record)
            return
        problem = "finished without a list" if step["status"] == "Finished" else ""
        known = read_listed(connection, step["position"]).mini_batches
        so_far = f"has listed {known} mini-batches so far; the rest is to be listed"
        text = problem or (so_far if known else "has not listed its input yet")
        yield Finding("I1", not problem, text, name)
        return
    place = folder.step(step["step_run_id"])
    account = _Account()
    for invariant, problem, text in _looks(folder, place, connection, step, account):
        yield Finding(invariant, not problem, problem or text, name)


def _looks(
    folder: RunFolder,
    place: StepFolder,
    connection: sqlite3.Connection,
    step: sqlite3.Row,
    account: _Account,
) -> Iterator[tuple[str, str, str]]:
    """Yield the invariant, the problem (empty if there is none), and what is so."""
    yield "I1", _check_list(place, step), "the list of mini-batches is as it was frozen"
    problem = account.read(place, connection, step)
    yield "I2", problem, f"{account.recorded} mini-batches done or failed, none twice"
    rows = check_rows(connection, step["position"], place.parts)
    text = f"{rows.slices} slices of {rows.parts} part files are whole"
    if place.parts_removed.exists():
        yield "I3", "", "the parts were removed when the run was cleaned up"
    else:
        yield "I3", rows.problem, text
    problem, text = _check_output(step, rows)
    yield "I4", problem, text
    problem = account.check(step) or _check_counters(folder, step)
    yield "I10", problem, account.text


def _check_list(place: StepFolder, step: sqlite3.Row) -> str:
    digest = hashlib.sha256()
    lines = 0
    try:
        with place.mini_batches.open("rb") as file:
            for line in file:
                digest.update(line)
                lines += 1
    except OSError as error:
        return f"the list of mini-batches cannot be read: {error.strerror}"
    if lines != step["total_mini_batches"]:
        return (
            f"the list has {lines} mini-batches; "
            f"{step['total_mini_batches']} were frozen"
        )
    if digest.hexdigest() != step["list_sha256"]:
        return "the list of mini-batches has changed since it was frozen"
    return ""


@dataclass
class _Account:
    """What has become of each item, mini-batch by mini-batch."""

    recorded: int = 0
    listed: int = 0
    """Items that the list names; tables have none."""
    succeeded: int = 0
    failed: int = 0
    waiting: int = 0
    waiting_mini_batches: int = 0

    def read(
        self, place: StepFolder, connection: sqlite3.Connection, step: sqlite3.Row
    ) -> str:
        """Compare the records with the list; return what does not fit."""
        problem = ""
        records = groupby(_records(connection, step["position"]), lambda one: one[0])
        index, group = next(records, (None, iter(())))
        for number, items in enumerate(_listed_items(place)):
            self.listed += items
            settled = 0
            if number == index:
                pieces = list(group)
                settled = self._settle(pieces)
                problem = problem or _overlap(pieces, items)
                index, group = next(records, (None, iter(())))
            else:
                self.waiting_mini_batches += 1
            self.waiting += max(items - settled, 0)
        if index is not None:
            problem = problem or f"mini-batch {index} is not in the list"
        return problem

    def _settle(self, pieces: list[tuple[int, int, int, int, int]]) -> int:
        self.recorded += 1
        for _, _, items, rows, failed in pieces:
            good = 0 if failed else min(rows, items)
            self.succeeded += good
            # What nobody could read counts as one item, as the ledger has it.
            self.failed += max(items, 1) if failed else items - good
        return sum(piece[2] for piece in pieces)

    @property
    def text(self) -> str:
        """The sum, for people."""
        return (
            f"{self.succeeded} items succeeded + {self.failed} failed + "
            f"{self.waiting} not processed, and the counters say so too"
        )

    def check(self, step: sqlite3.Row) -> str:
        """Return what is wrong with the sum; nothing may be left of a finished step."""
        counted = step["total_items"]
        total = self.succeeded + self.failed + self.waiting
        if counted is not None and not total == counted == self.listed:
            return (
                f"{self.succeeded} items succeeded + {self.failed} failed + "
                f"{self.waiting} not processed = {total}, but the plan has {counted}"
            )
        if step["status"] == "Finished" and (self.waiting or self.waiting_mini_batches):
            return (
                f"the step has finished, but {self.waiting_mini_batches} mini-batches "
                f"({self.waiting} items) were not processed"
            )
        return ""


def _records(
    connection: sqlite3.Connection, position: int
) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield mini-batch, first item, items, rows and whether it failed, in order."""
    done = (
        (row.mini_batch, row.first_item, row.items, row.rows, 0)
        for row in read_done(connection, position)
    )
    failures = connection.execute(
        "SELECT mini_batch, first_item, items, 0, 1 FROM failure"
        " WHERE step = ? AND final ORDER BY mini_batch, first_item",
        (position,),
    )
    return heapq.merge(done, map(tuple, failures))


def _overlap(pieces: list[tuple[int, int, int, int, int]], items: int) -> str:
    """Return what is wrong with the records of one mini-batch, pieces in order."""
    index = pieces[0][0]
    end = 0
    for number, (_, first, count, _, _) in enumerate(pieces):
        if number and (first < end or not count):
            kinds = {"failed" if piece[4] else "done" for piece in pieces}
            both = " and ".join(sorted(kinds))
            return f"mini-batch {index} is {both}, {len(pieces)} times"
        end = first + count
    # The items of a table are known only to those who have read it.
    if items and end > items:
        return f"mini-batch {index} has records of {end} items, but {items} items"
    return ""


def _listed_items(place: StepFolder) -> Iterator[int]:
    try:
        with place.mini_batches.open("rb") as file:
            for line in file:
                yield _items_of(line)
    except OSError:
        return  # the list's own check says so


def _items_of(line: bytes) -> int:
    try:
        return int(json.loads(line)[1])
    except (ValueError, TypeError, IndexError, KeyError):
        return 0


def _reused(step: sqlite3.Row, record: ReuseRecord) -> Finding:
    """Check that a reused result is still the one that was reused."""
    text, name = f"reused from run {record.run_id}", step["name"]
    if step["output"] is None:
        return Finding("I4", ok=True, text=text, step=name)
    output = Path(step["output"])
    try:
        same = digest_of(output).sha256 == step["output_sha256"]
        problem = "" if same else "is not the file that was reused"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    if problem:
        return Finding("I4", ok=False, text=f"the output {output} {problem}", step=name)
    return Finding("I4", ok=True, text=f"{text}; {output.name} is as it was", step=name)


def _check_output(step: sqlite3.Row, rows: Rows) -> tuple[str, str]:
    if step["output"] is None:
        return "", "no output file is committed"
    output = Path(step["output"])
    try:
        found = digest_of(output).sha256
        as_table = output.is_dir() or _begins_as_parquet(output)
    except OSError as error:
        return f"the output {output} cannot be read: {error.strerror}", ""
    if found != step["output_sha256"]:
        return f"the output {output} is not the file that was committed", ""
    if rows.problem or as_table:
        return "", f"{output.name} is as committed; it is not compared with parts"
    if rows.sha256 != step["output_sha256"]:
        return f"the output {output} is not made of the rows that were recorded", ""
    return "", f"{output.name} is as committed, and made of the recorded rows"


def _begins_as_parquet(output: Path) -> bool:
    with output.open("rb") as file:
        return file.read(4) == b"PAR1"


def _check_counters(folder: RunFolder, step: sqlite3.Row) -> str:
    """Compare the counters with the records, which are the truth.

    A step that waits to go on has those of its last try until it settles something.
    """
    if step["status"] in {"NotStarted", "Running"}:
        return ""
    progress = read_resume_point(folder.journal, step["position"]).progress
    for name in COUNTERS:
        counted = getattr(progress, name)
        if step[name] != counted:
            return f"the counter {name} is {step[name]}; the records say {counted}"
    return ""
