"""Pipeline endpoints of a catalog: names whose versions are published pipelines."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from azml_pipelines.store.catalog_tables import endpoint_versions, pipeline_endpoints

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from azml_pipelines.store.catalog_database import CatalogDatabase
    from azml_pipelines.store.catalog_published import PublishedStatus

__all__ = ["EndpointCatalog", "EndpointRecord"]


@dataclass(frozen=True)
class EndpointRecord:
    """One endpoint. ``created`` is in seconds since 1970."""

    id: str
    name: str
    created: float
    description: str | None = None
    status: PublishedStatus = "Active"
    default_version: int | None = None


class EndpointCatalog:
    """Which endpoints there are, and what their versions are."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def add(self, record: EndpointRecord, pipeline_id: str) -> bool:
        """Remember an endpoint whose first version, and default, is that pipeline.

        Returns:
            False when the name is taken; nothing is changed then.
        """
        row = {**asdict(record), "default_version": 0}
        with self._database.writing() as connection:
            if _row(connection, pipeline_endpoints.c.name == record.name):
                return False
            connection.execute(insert(pipeline_endpoints).values(row))
            _add_version(connection, record.id, 0, pipeline_id)
        return True

    def find(self, endpoint_id: str) -> EndpointRecord | None:
        """Return the endpoint with this id, or None."""
        return self._find(pipeline_endpoints.c.id == endpoint_id)

    def find_name(self, name: str) -> EndpointRecord | None:
        """Return the endpoint of this name, or None."""
        return self._find(pipeline_endpoints.c.name == name)

    def newest_first(self, *, active_only: bool = False) -> list[EndpointRecord]:
        """Every endpoint, or those that may be submitted to."""
        query = select(pipeline_endpoints).order_by(
            pipeline_endpoints.c.created.desc(), pipeline_endpoints.c.id
        )
        if active_only:
            query = query.where(pipeline_endpoints.c.status == "Active")
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [EndpointRecord(**row) for row in rows]

    def versions(self, endpoint_id: str) -> dict[int, str]:
        """Return the ids of the published pipelines by version, the oldest first."""
        with self._database.reading() as connection:
            return _versions(connection, endpoint_id)

    def add_version(self, endpoint_id: str, pipeline_id: str) -> int:
        """Add a version and return it; a pipeline that is one already keeps its own."""
        with self._database.writing() as connection:
            known = _versions(connection, endpoint_id)
            for version, known_id in known.items():
                if known_id == pipeline_id:
                    return version
            highest = connection.scalar(
                select(func.max(endpoint_versions.c.version)).where(
                    endpoint_versions.c.endpoint_id == endpoint_id
                )
            )
            version = 0 if highest is None else highest + 1
            _add_version(connection, endpoint_id, version, pipeline_id)
        return version

    def change(self, endpoint_id: str, **values: Any) -> bool:  # noqa: ANN401 - a column's
        """Set columns of an endpoint; False when another one has that name."""
        with self._database.writing() as connection:
            if "name" in values:
                taken = _row(connection, pipeline_endpoints.c.name == values["name"])
                if taken is not None and taken.id != endpoint_id:
                    return False
            this = pipeline_endpoints.c.id == endpoint_id
            connection.execute(update(pipeline_endpoints).where(this).values(**values))
        return True

    def _find(self, where: ColumnElement[bool]) -> EndpointRecord | None:
        with self._database.reading() as connection:
            return _row(connection, where)


def _row(connection: Connection, where: ColumnElement[bool]) -> EndpointRecord | None:
    query = select(pipeline_endpoints).where(where)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else EndpointRecord(**row)


def _versions(connection: Connection, endpoint_id: str) -> dict[int, str]:
    query = (
        select(endpoint_versions.c.version, endpoint_versions.c.pipeline_id)
        .where(endpoint_versions.c.endpoint_id == endpoint_id)
        .order_by(endpoint_versions.c.version)
    )
    return {row.version: row.pipeline_id for row in connection.execute(query)}


def _add_version(
    connection: Connection, endpoint_id: str, version: int, pipeline_id: str
) -> None:
    row = {"endpoint_id": endpoint_id, "version": version, "pipeline_id": pipeline_id}
    connection.execute(insert(endpoint_versions).values(row))
