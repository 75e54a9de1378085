"""The loop that looks at schedules and submits what is due.

Any number of schedulers may look after one workspace: a nominal time belongs to the one
whose transaction comes first, and that transaction reserves the id of its run. When a
scheduler dies before the run is there, another one submits it under the same id.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines.data.file_store import StoreUnreachableError
from azml_pipelines.errors import AzmlError, WorkspaceException
from azml_pipelines.failpoints import point
from azml_pipelines.schedule.definition import DataTrigger, slots_after
from azml_pipelines.schedule.file_changes import compare
from azml_pipelines.schedule.firing import (
    FiringDetails,
    definition_of,
    lots_of,
    submit_firing,
)
from azml_pipelines.schedule.slots import CLOCK_TOLERANCE, due
from azml_pipelines.schedule.watched_files import marks_below
from azml_pipelines.store.catalog_firings import Decision, FiringRecord
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.run_reader import run_has_ended

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.schedule.definition import ScheduleDefinition
    from azml_pipelines.store.catalog import ScheduleRecord

__all__ = ["Scheduler", "SchedulerSeams", "as_text", "utc_now"]

_LOOK_SECONDS = 1.0
_TROUBLE = (AzmlError, OSError, sqlite3.Error, ValueError)
"""What may be wrong with one schedule or one run, while the others go on."""
_MOST_ATTEMPTS = 10
_APART = timedelta(microseconds=1)
_LONGEST_PAUSE = 60.0
_STRANGER_SECONDS = 60.0


def utc_now() -> datetime:
    """Return the moment, in UTC."""
    return datetime.now(UTC)


def as_text(moment: datetime) -> str:
    """Return a moment as the catalog has it: text that sorts as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True)
class SchedulerSeams:
    """What a test puts in the place of the world."""

    now: Callable[[], datetime] = utc_now
    new_id: Callable[[], str] = lambda: str(uuid4())
    starts_runs: bool = True
    """False leaves runs complete but not started, for tests of thousands."""


class Scheduler:
    """Looks after the schedules of one workspace.

    Args:
        workspace: Where they are.
        say: Gets one line for each thing that happened.
        seams: Clock and ids.
    """

    def __init__(
        self,
        workspace: Workspace,
        say: Callable[[str], None],
        seams: SchedulerSeams | None = None,
    ) -> None:
        self._workspace = workspace
        self._say = say
        self._seams = seams or SchedulerSeams()
        self._catalog = workspace.catalog
        me = Owner.of_process(os.getpid())
        self._owner = json.dumps(asdict(me)) if me else None
        self._next: dict[str, tuple[ScheduleRecord, datetime | None]] = {}
        self._looked: dict[str, datetime] = {}
        self._said: dict[str, str] = {}
        self.stopping = False
        """Set by whoever wants an end: the submission at hand is the last one."""

    def run(self, stopped: Callable[[float], bool]) -> None:
        """Look again and again.

        Args:
            stopped: Waits for some seconds, or until somebody wants an end; then it
                returns True. What is being submitted is finished before.
        """
        while True:
            try:
                self.tick()
            except _TROUBLE as error:
                self._say_once("", f"cannot look at the schedules: {error}")
            if stopped(_LOOK_SECONDS) or self.stopping:
                return

    def tick(self) -> None:
        """Do everything that is due at this moment.

        Raises:
            WorkspaceException: The catalog cannot be used.
        """
        for firing in self._catalog.firings.claimed():
            self._adopt(firing)
        for record in self._catalog.schedules.all(active_only=True):
            if self.stopping:
                return
            try:
                self._look_after(record)
            except _TROUBLE as error:
                self._say_once(record.id, f"schedule {record.name}: {error}")
            else:
                self._said.pop(record.id, None)

    def _look_after(self, record: ScheduleRecord) -> None:
        definition = definition_of(record)
        if definition.max_concurrent_runs is not None:
            self._note_ends(record)
            self._start_queued(record, definition.max_concurrent_runs)
        trigger = definition.trigger
        if isinstance(trigger, DataTrigger):
            decision = self._files_decision(record, definition, trigger)
        else:
            decision = self._time_decision(record, definition)
        if decision is None:
            return
        for firing in self._catalog.firings.decide(decision):
            if firing.outcome == "Claimed":
                point("schedule.claimed")
                self._submit(record, firing)
            else:
                self._say(f"schedule {record.name}: {_when(firing)} {firing.note}")

    def _time_decision(
        self, record: ScheduleRecord, definition: ScheduleDefinition
    ) -> Decision | None:
        trigger = definition.trigger
        assert not isinstance(trigger, DataTrigger)  # noqa: S101 - asked before
        now = self._seams.now()
        decided = datetime.fromisoformat(record.decided_until)
        known, expected = self._next.get(record.id, (None, None))
        if known != record:
            expected = next(slots_after(trigger, decided), None)
            self._next[record.id] = (record, expected)
        waits = expected is None or now < expected
        if waits and now >= decided - CLOCK_TOLERANCE:
            return None
        found = due(trigger, decided, now, catchup=definition.catchup)
        if not found.slots and found.decided_until >= decided:
            return None
        note = "earlier times were missed and are left out" if found.left_out else None
        return Decision(
            read=record,
            moved=replace(record, decided_until=as_text(found.decided_until)),
            firings=[self._new(record, slot, note=note) for slot in found.slots],
            most_runs=definition.max_concurrent_runs,
            without_room=definition.on_overlap,
        )

    def _files_decision(
        self,
        record: ScheduleRecord,
        definition: ScheduleDefinition,
        trigger: DataTrigger,
    ) -> Decision | None:
        now = self._seams.now()
        looked = datetime.fromisoformat(record.decided_until)
        # Beside the catalog's note, so that looks that fail are not repeated at once.
        tried = max(looked, self._looked.get(record.id, looked))
        pause = timedelta(minutes=trigger.polling_minutes)
        if tried - CLOCK_TOLERANCE <= now < tried + pause:
            return None
        if not (trigger.start or now) <= now <= (trigger.end or now):
            return None
        most = definition.max_concurrent_runs
        if most is not None and len(self._catalog.firings.running(record.id)) >= most:
            return None  # what changes meanwhile is in the next firing
        self._looked[record.id] = now
        look = compare(
            self._catalog.schedules.files(record.id),
            marks_below(self._workspace, trigger),
        )
        lots = lots_of(self._workspace, definition, look.changed)
        return Decision(
            read=record,
            moved=replace(record, decided_until=as_text(now), looks=record.looks + 1),
            firings=[
                self._new(
                    record,
                    # Each has a time of its own: it is their key.
                    now + number * _APART,
                    details=FiringDetails(files=files).model_dump_json(),
                )
                for number, files in enumerate(lots)
            ],
            most_runs=most,
            without_room="wait",
            files=look.seen,
        )

    def _new(
        self,
        record: ScheduleRecord,
        slot: datetime,
        *,
        note: str | None = None,
        details: str = "{}",
    ) -> FiringRecord:
        return FiringRecord(
            schedule_id=record.id,
            nominal=as_text(slot),
            outcome="Claimed",
            decided=self._seams.now().timestamp(),
            run_id=self._seams.new_id(),
            owner=self._owner,
            note=note,
            details=details,
        )

    def _adopt(self, firing: FiringRecord) -> None:
        """Submit what its owner can no longer submit, or could not submit before."""
        now = self._seams.now().timestamp()
        mine = firing.owner == self._owner
        stranger = Owner(**json.loads(firing.owner)) if firing.owner else None
        lost = stranger is None or not stranger.alive
        if stranger is not None and stranger.host != socket.gethostname():
            # Nobody can tell from here whether a process of another machine lives.
            lost = abs(now - firing.decided) > _STRANGER_SECONDS
        record = self._catalog.schedules.find(firing.schedule_id)
        if record is None or now < firing.not_before or not (mine or lost):
            return
        if not mine:
            adopted = replace(firing, owner=self._owner, decided=now)
            if not self._catalog.firings.change(firing, adopted):
                return
            firing = adopted
        self._submit(record, firing)

    def _submit(self, record: ScheduleRecord, firing: FiringRecord) -> None:
        """Submit the run of a firing that this process owns, and note how it went."""
        if self.stopping:
            return  # another scheduler finds that its owner is gone
        try:
            run, details = submit_firing(
                self._workspace, record, firing, starts=self._seams.starts_runs
            )
        except _TROUBLE as error:
            self._note_failure(record, firing, error)
            return
        point("schedule.submitted")
        self._catalog.firings.change(
            firing,
            replace(firing, outcome="Submitted", details=details.model_dump_json()),
        )
        files = f", {len(details.files)} files" if details.files else ""
        self._say(f"schedule {record.name}: {_when(firing)} run {run.id}{files}")

    def _note_failure(
        self, record: ScheduleRecord, firing: FiringRecord, error: Exception
    ) -> None:
        passing = isinstance(
            error, (StoreUnreachableError, WorkspaceException, OSError)
        )
        attempts = firing.attempts + 1
        note = str(error)
        if passing and attempts < _MOST_ATTEMPTS:
            pause = min(2.0**attempts, _LONGEST_PAUSE)
            later = self._seams.now().timestamp() + pause
            new = replace(firing, attempts=attempts, not_before=later, note=note)
            text = f"is tried again in {pause:g} s: {note}"
        else:
            new = replace(firing, outcome="Failed", attempts=attempts, note=note)
            text = f"failed: {note}"
        self._catalog.firings.change(firing, new)
        self._say(f"schedule {record.name}: {_when(firing)} {text}")

    def _note_ends(self, record: ScheduleRecord) -> None:
        """Note which runs have ended, so that others get their room."""
        for firing in self._catalog.firings.running(record.id):
            if firing.outcome == "Submitted" and self._has_ended(firing.run_id):
                ended = replace(firing, ended=self._seams.now().timestamp())
                self._catalog.firings.change(firing, ended)

    def _has_ended(self, run_id: str | None) -> bool:
        folder = self._workspace.folder.run(run_id or "")
        if not folder.plan.is_file():
            return True  # somebody has removed it
        return run_has_ended(folder)

    def _start_queued(self, record: ScheduleRecord, most: int) -> None:
        while firing := self._catalog.firings.start_queued(
            record.id, most, self._seams.new_id(), self._owner or ""
        ):
            point("schedule.claimed")
            self._submit(record, firing)
            if self.stopping:
                return

    def _say_once(self, about: str, text: str) -> None:
        """Say something that would otherwise be said every second."""
        if self._said.get(about) != text:
            self._said[about] = text
            self._say(text)


def _when(firing: FiringRecord) -> str:
    return f"{datetime.fromisoformat(firing.nominal):%Y-%m-%d %H:%M:%S} UTC:"
