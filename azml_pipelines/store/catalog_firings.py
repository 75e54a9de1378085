"""What became of each nominal time of each schedule: at most one record, one run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from sqlalchemy import func, insert, select, update

from azml_pipelines.store.catalog_schedules import change_files, still_as_read
from azml_pipelines.store.catalog_tables import firings, schedules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from azml_pipelines.store.catalog_database import CatalogDatabase
    from azml_pipelines.store.catalog_schedules import ScheduleRecord, SeenFile

__all__ = ["Decision", "FiringCatalog", "FiringOutcome", "FiringRecord"]

FiringOutcome = Literal["Claimed", "Submitted", "Queued", "Skipped", "Failed"]


@dataclass(frozen=True)
class FiringRecord:
    """One nominal time of a schedule. Other times are seconds since 1970."""

    schedule_id: str
    nominal: str
    """ISO time in UTC; with the schedule's id it is the key."""
    outcome: FiringOutcome
    decided: float
    run_id: str | None = None
    """Reserved in the transaction that decided; the run appears under this id."""
    owner: str | None = None
    """The scheduler process that is to submit it."""
    attempts: int = 0
    not_before: float = 0.0
    """When a submission that could not be made is tried again."""
    ended: float | None = None
    """When its run was seen to have ended; only kept where runs are limited."""
    note: str | None = None
    details: str = "{}"
    """JSON; the rooms above know what it means."""


@dataclass(frozen=True)
class Decision:
    """What a scheduler has decided about a schedule that it read before."""

    read: ScheduleRecord
    moved: ScheduleRecord
    """The schedule afterwards."""
    firings: Sequence[FiringRecord]
    """In order, each with the outcome that it has when there is room for its run."""
    most_runs: int | None = None
    """How many runs of the schedule there may be at a time."""
    without_room: Literal["skip", "queue", "wait"] = "skip"
    """``wait`` decides nothing without any room, and queues what has none."""
    files: Mapping[str, SeenFile | None] = field(default_factory=dict)


class FiringCatalog:
    """The records of firings."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def decide(self, decision: Decision) -> list[FiringRecord]:
        """Write a decision down in one transaction: how far, what fires, which files.

        Returns:
            The records that are new. None are when somebody else has decided or changed
            the schedule since it was read; what has fired before does not fire again.
        """
        with self._database.writing() as connection:
            if not still_as_read(connection, decision.read):
                return []
            most = decision.most_runs
            running = 0 if most is None else _count(connection, decision.read.id)
            if decision.without_room == "wait" and most is not None and running >= most:
                return []
            this = schedules.c.id == decision.read.id
            moved = asdict(decision.moved)
            connection.execute(update(schedules).where(this).values(moved))
            change_files(connection, decision.read.id, decision.files)
            new = []
            for record in decision.firings:
                if _exists(connection, record):
                    continue
                if most is not None and running >= most:
                    record = _without_room(record, decision.without_room, most)  # noqa: PLW2901 - the same firing
                running += record.outcome == "Claimed"
                connection.execute(insert(firings).values(asdict(record)))
                new.append(record)
            return new

    def claimed(self) -> list[FiringRecord]:
        """Every firing whose run is still to be submitted, the oldest first."""
        return self._found(firings.c.outcome == "Claimed")

    def running(self, schedule_id: str) -> list[FiringRecord]:
        """The firings of a schedule whose runs are not known to have ended."""
        return self._found(firings.c.schedule_id == schedule_id, *_RUNNING)

    def newest_first(
        self, schedule_id: str, *, most: int | None = None
    ) -> list[FiringRecord]:
        """The firings of a schedule, at most ``most`` of them."""
        query = (
            select(firings)
            .where(firings.c.schedule_id == schedule_id)
            .order_by(firings.c.nominal.desc())
            .limit(most)
        )
        with self._database.reading() as connection:
            return [FiringRecord(**row) for row in connection.execute(query).mappings()]

    def start_queued(
        self, schedule_id: str, most_runs: int, run_id: str, owner: str
    ) -> FiringRecord | None:
        """Claim the oldest queued firing, if there is room for its run."""
        with self._database.writing() as connection:
            if _count(connection, schedule_id) >= most_runs:
                return None
            query = (
                select(firings)
                .where(
                    firings.c.schedule_id == schedule_id,
                    firings.c.outcome == "Queued",
                )
                .order_by(firings.c.nominal)
                .limit(1)
            )
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                return None
            record = replace(
                FiringRecord(**row), outcome="Claimed", run_id=run_id, owner=owner
            )
            _write(connection, record)
            return record

    def change(self, old: FiringRecord, new: FiringRecord) -> bool:
        """Write ``new`` in the place of ``old``, unless it has changed meanwhile."""
        with self._database.writing() as connection:
            row = connection.execute(select(firings).where(*_key(old))).mappings().one()
            if FiringRecord(**row) != old:
                return False
            _write(connection, new)
            return True

    def _found(self, *those: ColumnElement[bool]) -> list[FiringRecord]:
        query = select(firings).where(*those).order_by(firings.c.nominal)
        with self._database.reading() as connection:
            return [FiringRecord(**row) for row in connection.execute(query).mappings()]


_RUNNING = (
    firings.c.outcome.in_(["Claimed", "Submitted"]),
    firings.c.ended.is_(None),
)


def _count(connection: Connection, schedule_id: str) -> int:
    query = select(func.count()).where(firings.c.schedule_id == schedule_id, *_RUNNING)
    return connection.execute(query).scalar_one()


def _key(record: FiringRecord) -> tuple[ColumnElement[bool], ...]:
    return (
        firings.c.schedule_id == record.schedule_id,
        firings.c.nominal == record.nominal,
    )


def _exists(connection: Connection, record: FiringRecord) -> bool:
    query = select(firings.c.nominal).where(*_key(record))
    return connection.execute(query).one_or_none() is not None


def _write(connection: Connection, record: FiringRecord) -> None:
    connection.execute(update(firings).where(*_key(record)).values(asdict(record)))


def _without_room(record: FiringRecord, without_room: str, most: int) -> FiringRecord:
    runs = "run" if most == 1 else "runs"
    skipped = without_room == "skip"
    what = "skipped" if skipped else "queued"
    return replace(
        record,
        outcome="Skipped" if skipped else "Queued",
        run_id=None,
        owner=None,
        note=f"{what}: {most} {runs} of the schedule had not ended",
    )
