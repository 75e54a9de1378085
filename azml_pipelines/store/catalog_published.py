"""Published pipelines of a catalog; what they run lies in folders of their own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import insert, select, update

from azml_pipelines.store.catalog_tables import published_pipelines

if TYPE_CHECKING:
    from azml_pipelines.store.catalog_database import CatalogDatabase

__all__ = ["PublishedCatalog", "PublishedRecord", "PublishedStatus"]

PublishedStatus = Literal["Active", "Disabled", "Archived"]


@dataclass(frozen=True)
class PublishedRecord:
    """One published pipeline. ``created`` is in seconds since 1970."""

    id: str
    name: str
    created: float
    description: str | None = None
    version: str | None = None
    """Any text of whoever published it; two may share a name and a version."""
    status: PublishedStatus = "Active"
    continue_on_step_failure: bool = False


class PublishedCatalog:
    """Which pipelines were published, and whether they may be submitted."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def add(self, record: PublishedRecord) -> None:
        """Remember a pipeline whose folder is complete."""
        with self._database.writing() as connection:
            connection.execute(insert(published_pipelines).values(asdict(record)))

    def find(self, pipeline_id: str) -> PublishedRecord | None:
        """Return the pipeline with this id, or None."""
        query = select(published_pipelines).where(
            published_pipelines.c.id == pipeline_id
        )
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else PublishedRecord(**row)

    def newest_first(self, *, active_only: bool = False) -> list[PublishedRecord]:
        """Every published pipeline, or those that may be submitted."""
        query = select(published_pipelines).order_by(
            published_pipelines.c.created.desc(), published_pipelines.c.id
        )
        if active_only:
            query = query.where(published_pipelines.c.status == "Active")
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [PublishedRecord(**row) for row in rows]

    def set_status(self, pipeline_id: str, status: PublishedStatus) -> None:
        """Allow or forbid submissions."""
        this = published_pipelines.c.id == pipeline_id
        statement = update(published_pipelines).where(this).values(status=status)
        with self._database.writing() as connection:
            connection.execute(statement)
