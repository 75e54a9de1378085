"""Which runs a workspace has had. What became of them stands in their own folders."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from azml_pipelines.store.catalog_tables import runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.store.catalog_database import CatalogDatabase

__all__ = ["RunCatalog", "RunRecord"]


@dataclass(frozen=True)
class RunRecord:
    """One pipeline run. ``created`` is in seconds since 1970."""

    run_id: str
    experiment: str
    created: float
    tags: Mapping[str, str] = field(default_factory=dict)
    resubmitted_from: str | None = None
    pipeline_id: str | None = None
    """The published pipeline that was submitted, if it was one."""


class RunCatalog:
    """The index of runs."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def add(self, record: RunRecord) -> None:
        """Remember a new run."""
        row = {**asdict(record), "tags": dict(record.tags)}
        with self._database.writing() as connection:
            connection.execute(insert(runs).values(row))

    def remove(self, run_id: str) -> None:
        """Forget a run; one that is not known is forgotten already."""
        with self._database.writing() as connection:
            connection.execute(delete(runs).where(runs.c.run_id == run_id))

    def find(self, run_id: str) -> RunRecord | None:
        """Return the run with this id, or None."""
        query = select(runs).where(runs.c.run_id == run_id)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else RunRecord(**row)

    def newest_first(
        self, experiment: str | None = None, *, pipeline_id: str | None = None
    ) -> list[RunRecord]:
        """Every run, or those of one experiment or published pipeline, newest first."""
        query = select(runs).order_by(runs.c.created.desc(), runs.c.run_id)
        if experiment is not None:
            query = query.where(runs.c.experiment == experiment)
        if pipeline_id is not None:
            query = query.where(runs.c.pipeline_id == pipeline_id)
        with self._database.reading() as connection:
            return [RunRecord(**row) for row in connection.execute(query).mappings()]

    def experiments(self) -> list[str]:
        """The names of all experiments that have runs, sorted."""
        query = select(runs.c.experiment).distinct().order_by(runs.c.experiment)
        with self._database.reading() as connection:
            return list(connection.scalars(query))

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Add tags to a run; a name that is there already gets the new value."""
        this = runs.c.run_id == run_id
        with self._database.writing() as connection:
            old = connection.scalar(select(runs.c.tags).where(this)) or {}
            connection.execute(update(runs).where(this).values(tags={**old, **tags}))
