"""Compute targets of a catalog by name."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from azml_pipelines.store.catalog_tables import computes

if TYPE_CHECKING:
    from azml_pipelines.store.catalog_database import CatalogDatabase

__all__ = ["ComputeCatalog", "ComputeRecord"]


@dataclass(frozen=True)
class ComputeRecord:
    """A compute target as saved. Times are seconds since 1970."""

    name: str
    kind: str
    """As version 1 writes it: ``AmlCompute``."""
    settings: str
    """JSON, whose shape belongs to the kind."""
    created: float
    modified: float


class ComputeCatalog:
    """What is known about compute targets that somebody created."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def save(self, name: str, kind: str, settings: str) -> ComputeRecord:
        """Remember a compute target, replacing the settings of one that exists."""
        now = time.time()
        new = {"kind": kind, "settings": settings, "modified": now}
        this = computes.c.name == name
        with self._database.writing() as connection:
            known = connection.execute(update(computes).where(this).values(**new))
            if not known.rowcount:
                row = {"name": name, "created": now, **new}
                connection.execute(insert(computes).values(row))
            found = connection.execute(select(computes).where(this))
            return ComputeRecord(**found.mappings().one())

    def find(self, name: str) -> ComputeRecord | None:
        """Return what was saved under ``name``, or None."""
        query = select(computes).where(computes.c.name == name)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else ComputeRecord(**row)

    def all(self) -> list[ComputeRecord]:
        """Every saved compute target, sorted by name."""
        query = select(computes).order_by(computes.c.name)
        with self._database.reading() as connection:
            return [
                ComputeRecord(**row) for row in connection.execute(query).mappings()
            ]

    def delete(self, name: str) -> None:
        """Forget a compute target."""
        with self._database.writing() as connection:
            connection.execute(delete(computes).where(computes.c.name == name))
