"""What the tests of the store share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest

from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.data.minibatch import write_mini_batches
from azml_pipelines.pipeline.parallel_run_settings import ParallelRunSettings
from azml_pipelines.plan.run_plan import ParallelRunStepPlan, RunPlan, WorkspacePlan
from azml_pipelines.store.catalog import Catalog
from azml_pipelines.store.journal import Journal, Progress, SettledBundle
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.workspace_folder import RunFolder
from azml_pipelines.worker.messages import FailedTry, UserError
from azml_pipelines.worker.page import Done, checksum, pack_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """An empty catalog."""
    return Catalog(tmp_path / "catalog.db")


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., RunFolder]:
    """Make the folder of a run that has not started, with steps of these names."""

    def make_run(*steps: str, run_id: str = "run-1") -> RunFolder:
        folder = RunFolder(tmp_path / "runs" / run_id)
        folder.root.mkdir(parents=True)
        plan = RunPlan(
            run_id=run_id,
            experiment="tests",
            workspace=WorkspacePlan(name="testing", root=str(tmp_path)),
            steps=tuple(
                ParallelRunStepPlan(
                    step_run_id=f"{run_id}-{name}",
                    name=name,
                    settings=ParallelRunSettings(
                        entry_script="score.py",
                        mini_batch_size=MiniBatchSize(1, "files"),
                    ),
                    source_directory=str(tmp_path),
                    inputs=(),
                )
                for name in steps or ("score",)
            ),
        )
        Journal.create(folder.journal, plan, b"plan")
        return folder

    return make_run


@pytest.fixture
def open_journal() -> Iterator[Callable[[RunFolder], Journal]]:
    """Open the journal of a run, and close it after the test."""
    journals: list[Journal] = []

    def open_journal(folder: RunFolder) -> Journal:
        journals.append(Journal(folder.journal))
        return journals[-1]

    yield open_journal
    for journal in journals:
        journal.close()


@pytest.fixture
def owner() -> Owner:
    """This process."""
    found = Owner.of_process(os.getpid())
    assert found is not None
    return found


@pytest.fixture
def other() -> Iterator[Owner]:
    """Another living process."""
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE
    ) as process:
        found = Owner.of_process(process.pid)
        assert found is not None
        yield found
        process.kill()


@pytest.fixture
def dead() -> Owner:
    """A process that has ended."""
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE
    ) as process:
        found = Owner.of_process(process.pid)
        assert found is not None
        process.kill()
    return found


class StoredStep:
    """A run of one step whose records are written by hand, as an orchestrator would."""

    def __init__(self, folder: RunFolder, lines: list[tuple[int, list[Any]]]) -> None:
        self.folder = folder
        self.step = _step_plan("score", "step-1")
        plan = RunPlan(
            run_id=folder.root.name,
            experiment="tests",
            workspace=WorkspacePlan(name="testing", root=str(folder.root)),
            steps=(self.step,),
        )
        self.place = folder.step("step-1")
        self.place.parts.mkdir(parents=True)
        text = plan.model_dump_json().encode()
        folder.plan.write_bytes(text)
        Journal.create(folder.journal, plan, text)
        self.journal = Journal(folder.journal)
        owner = Owner.of_process(os.getpid())
        assert owner is not None
        self.journal.claim(owner)
        self.journal.start_run()
        self.journal.start_step(0)
        totals = write_mini_batches(
            (
                (items, json.dumps([0, items, payload], separators=(",", ":")) + "\n")
                for items, payload in lines
            ),
            self.place.mini_batches,
        )
        self.journal.note_totals(0, totals.mini_batches, totals.items, totals.sha256)
        self._end = 0
        self._counts = Counter()

    def done(self, mini_batch: int, rows: list[str], items: int) -> None:
        """Write the rows of a mini-batch that succeeded."""
        text = "".join(f"{row}\n" for row in rows).encode()
        name = "node000.1.1.part"
        with (self.place.parts / name).open("ab") as part:
            part.write(text)
        fields = (
            mini_batch,
            self._end,
            len(text),
            crc32(text),
            len(rows),
            items,
            0.125,
        )
        done = Done(*fields, checksum(fields))
        self._end += len(text)
        self._counts["succeeded_items"] += len(rows)
        self._counts["failed_items"] += max(items - len(rows), 0)
        self._settle(name, [done], [], frozenset())

    def fail(self, mini_batch: int, items: int, *, final: bool = True, **facts: Any):
        """Write a failed try, by default the last one."""
        facts = {"exception_type": "ValueError", "message": "bad", **facts}
        first_item = facts.pop("first_item", 0)
        reason = facts.pop("reason", "exception")
        attempt = facts.pop("attempt", 1)
        failed = FailedTry(mini_batch, attempt, reason, items, UserError(**facts))
        if final:
            self._counts["failed_mini_batches"] += 1
            self._counts["failed_items"] += items
        else:
            self._counts["retries"] += 1
            self._counts["done_mini_batches"] -= 1
        gone = frozenset({mini_batch} if final else ())
        self._settle("node000.1.1.part", [], [failed], gone, first_item)

    def _settle(self, part, done, failures, final, first_item=0):
        self._counts["done_mini_batches"] += 1
        bundle = SettledBundle(
            part,
            pack_records(done),
            failures,
            final,
            "node000",
            "process000",
            first_item=first_item,
        )
        self.journal.settle(0, bundle, Progress(**self._counts))


def _step_plan(name: str, step_run_id: str) -> ParallelRunStepPlan:
    return ParallelRunStepPlan(
        step_run_id=step_run_id,
        name=name,
        settings=ParallelRunSettings(
            entry_script="score.py", mini_batch_size=MiniBatchSize(2, "files")
        ),
        source_directory="/nowhere",
        inputs=(),
    )


@pytest.fixture
def make_stored(tmp_path: Path) -> Iterator[Callable[..., StoredStep]]:
    """Make a run of one step over mini-batches given as items and payload."""
    made: list[StoredStep] = []

    def make(lines: list[tuple[int, list[Any]]]) -> StoredStep:
        folder = RunFolder(tmp_path / "run-1")
        folder.root.mkdir()
        made.append(StoredStep(folder, lines))
        return made[-1]

    yield make
    for stored in made:
        stored.journal.close()


@pytest.fixture
def stored(make_stored: Callable[..., StoredStep]) -> StoredStep:
    """A step over four mini-batches of two files each, none of which has run."""
    return make_stored([(2, [f"{n}a.txt", f"{n}b.txt"]) for n in range(4)])
