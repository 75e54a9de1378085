"""Schedules of a catalog: what was asked for, and how far each has come."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal

from sqlalchemy import delete, insert, select, update

from azml_pipelines.store.catalog_tables import schedule_files, schedules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sqlalchemy import Connection, RowMapping

    from azml_pipelines.store.catalog_database import CatalogDatabase

__all__ = [
    "ScheduleCatalog",
    "ScheduleRecord",
    "ScheduleStatus",
    "SeenFile",
    "change_files",
    "still_as_read",
]

ScheduleStatus = Literal["Active", "Disabled"]
_AT_ONCE = 500


@dataclass(frozen=True)
class ScheduleRecord:
    """One schedule. Times are seconds since 1970."""

    id: str
    name: str
    definition: str
    """JSON; the rooms above know what it means."""
    created: float
    modified: float
    decided_until: str
    """ISO time in UTC: everything up to it is decided."""
    looks: int = 0
    """How often the files of its datastore were looked at."""
    status: ScheduleStatus = "Active"


@dataclass(frozen=True)
class SeenFile:
    """A file below the place that a schedule watches, by the marks of its content."""

    taken: str | None = None
    """As some run got it, or as it was before the schedule began."""
    waiting: str | None = None
    """As the last look saw it; it is taken when the next one sees the same."""


class ScheduleCatalog:
    """Schedules, and the files that those of data changes have seen."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def add(self, record: ScheduleRecord, files: Mapping[str, SeenFile]) -> None:
        """Remember a new schedule, and the files that are there already."""
        with self._database.writing() as connection:
            connection.execute(insert(schedules).values(asdict(record)))
            change_files(connection, record.id, files)

    def find(self, schedule_id: str) -> ScheduleRecord | None:
        """Return the schedule with this id, or None."""
        query = select(schedules).where(schedules.c.id == schedule_id)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else ScheduleRecord(**row)

    def all(self, *, active_only: bool = False) -> list[ScheduleRecord]:
        """Every schedule, or those that fire, the oldest first."""
        query = select(schedules).order_by(schedules.c.created, schedules.c.id)
        if active_only:
            query = query.where(schedules.c.status == "Active")
        with self._database.reading() as connection:
            return [
                ScheduleRecord(**row) for row in connection.execute(query).mappings()
            ]

    def change(
        self,
        record: ScheduleRecord,
        files: Mapping[str, SeenFile] | None = None,
    ) -> None:
        """Write a changed schedule over the one with its id.

        Args:
            record: With ``looks`` as it was read; it becomes one more, so that whoever
                decides about the older one at this moment does so in vain.
            files: What counts as seen from now on; None leaves it as it is.
        """
        row = asdict(replace(record, looks=record.looks + 1))
        with self._database.writing() as connection:
            this = schedules.c.id == record.id
            connection.execute(update(schedules).where(this).values(row))
            if files is not None:
                those = schedule_files.c.schedule_id == record.id
                connection.execute(delete(schedule_files).where(those))
                change_files(connection, record.id, files)

    def files(self, schedule_id: str) -> dict[str, SeenFile]:
        """Return what a schedule has seen, by path."""
        query = select(
            schedule_files.c.path, schedule_files.c.taken, schedule_files.c.waiting
        ).where(schedule_files.c.schedule_id == schedule_id)
        with self._database.reading() as connection:
            return {
                path: SeenFile(taken, waiting)
                for path, taken, waiting in connection.execute(query)
            }


def still_as_read(connection: Connection, record: ScheduleRecord) -> bool:
    """Whether nobody has changed a schedule or decided about it since it was read."""
    query = select(schedules).where(schedules.c.id == record.id)
    row: RowMapping | None = connection.execute(query).mappings().one_or_none()
    return row is not None and ScheduleRecord(**row) == record


def change_files(
    connection: Connection, schedule_id: str, files: Mapping[str, SeenFile | None]
) -> None:
    """Write what has been seen; None stands for a file that is gone."""
    every = list(files.items())
    for first in range(0, len(every), _AT_ONCE):
        block = every[first : first + _AT_ONCE]
        connection.execute(
            delete(schedule_files).where(
                schedule_files.c.schedule_id == schedule_id,
                schedule_files.c.path.in_([path for path, _ in block]),
            )
        )
        rows: list[dict[str, Any]] = [
            {"schedule_id": schedule_id, "path": path, **asdict(file)}
            for path, file in block
            if file is not None
        ]
        if rows:
            connection.execute(insert(schedule_files), rows)
