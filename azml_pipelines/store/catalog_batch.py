"""Batch endpoints of a catalog; what their deployments run lies in folders."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select, update

from azml_pipelines.store.catalog_tables import batch_deployments, batch_endpoints

if TYPE_CHECKING:
    from azml_pipelines.store.catalog_database import CatalogDatabase

__all__ = ["BatchCatalog", "BatchDeploymentRecord", "BatchEndpointRecord"]


@dataclass(frozen=True)
class BatchEndpointRecord:
    """One batch endpoint. Times are seconds since 1970."""

    name: str
    created: float
    modified: float
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    default_deployment: str | None = None
    """What runs when nobody names a deployment."""


@dataclass(frozen=True)
class BatchDeploymentRecord:
    """One deployment of an endpoint."""

    endpoint: str
    name: str
    kind: str
    """``model`` or ``pipeline``."""
    folder: str
    """Its document and its code, below those of all deployments."""
    created: float
    modified: float
    options: dict[str, Any] = field(default_factory=dict)
    """What was said beside the document, as JSON."""


class BatchCatalog:
    """Which batch endpoints there are, and what can run behind them."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def save_endpoint(self, name: str, **values: Any) -> BatchEndpointRecord:  # noqa: ANN401 - columns
        """Make an endpoint, or set columns of the one that there is."""
        now = time.time()
        this = batch_endpoints.c.name == name
        new = {**values, "modified": now}
        with self._database.writing() as connection:
            known = connection.execute(update(batch_endpoints).where(this).values(new))
            if not known.rowcount:
                row = {"tags": {}, **new, "name": name, "created": now}
                connection.execute(insert(batch_endpoints).values(row))
            found = connection.execute(select(batch_endpoints).where(this))
            return BatchEndpointRecord(**found.mappings().one())

    def endpoint(self, name: str) -> BatchEndpointRecord | None:
        """Return the endpoint of this name, or None."""
        query = select(batch_endpoints).where(batch_endpoints.c.name == name)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else BatchEndpointRecord(**row)

    def endpoints(self) -> list[BatchEndpointRecord]:
        """Every endpoint, sorted by name."""
        query = select(batch_endpoints).order_by(batch_endpoints.c.name)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [BatchEndpointRecord(**row) for row in rows]

    def delete_endpoint(self, name: str) -> None:
        """Forget an endpoint and its deployments."""
        with self._database.writing() as connection:
            connection.execute(
                delete(batch_deployments).where(batch_deployments.c.endpoint == name)
            )
            connection.execute(
                delete(batch_endpoints).where(batch_endpoints.c.name == name)
            )

    def save_deployment(
        self,
        endpoint: str,
        name: str,
        **values: Any,  # noqa: ANN401 - columns
    ) -> BatchDeploymentRecord:
        """Make a deployment, or replace the one that there is."""
        now = time.time()
        this = and_(
            batch_deployments.c.endpoint == endpoint, batch_deployments.c.name == name
        )
        new = {**values, "modified": now}
        with self._database.writing() as connection:
            known = connection.execute(
                update(batch_deployments).where(this).values(new)
            )
            if not known.rowcount:
                row = {**new, "endpoint": endpoint, "name": name, "created": now}
                connection.execute(insert(batch_deployments).values(row))
            found = connection.execute(select(batch_deployments).where(this))
            return BatchDeploymentRecord(**found.mappings().one())

    def deployments(self, endpoint: str) -> list[BatchDeploymentRecord]:
        """Every deployment of an endpoint, sorted by name."""
        query = (
            select(batch_deployments)
            .where(batch_deployments.c.endpoint == endpoint)
            .order_by(batch_deployments.c.name)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [BatchDeploymentRecord(**row) for row in rows]

    def delete_deployment(self, endpoint: str, name: str) -> None:
        """Forget a deployment; an endpoint does not fall back on it any more."""
        with self._database.writing() as connection:
            connection.execute(
                delete(batch_deployments).where(
                    batch_deployments.c.endpoint == endpoint,
                    batch_deployments.c.name == name,
                )
            )
            connection.execute(
                update(batch_endpoints)
                .where(
                    batch_endpoints.c.name == endpoint,
                    batch_endpoints.c.default_deployment == name,
                )
                .values(default_deployment=None)
            )
