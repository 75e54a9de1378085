"""Registered environments of a catalog, version by version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from azml_pipelines.pipeline.environment_definition import (
    EnvironmentDefinition,
    RegisteredEnvironment,
)
from azml_pipelines.store.catalog_tables import environments

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from azml_pipelines.store.catalog_database import CatalogDatabase

__all__ = ["EnvironmentCatalog"]


class EnvironmentCatalog:
    """What is known about environments that somebody registered."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def save(
        self, name: str, definition: EnvironmentDefinition
    ) -> RegisteredEnvironment:
        """Remember an environment; the same definition is the same version again."""
        text = definition.model_dump_json()
        latest = select(func.max(environments.c.version)).where(
            environments.c.name == name
        )
        with self._database.writing() as connection:
            version = connection.scalar(latest) or 0
            known = connection.scalar(
                select(environments.c.definition).where(
                    environments.c.name == name, environments.c.version == version
                )
            )
            if known != text:
                version += 1
                row = {"name": name, "version": version, "definition": text}
                connection.execute(insert(environments).values(row))
        return RegisteredEnvironment(name, version, definition)

    def find(
        self, name: str, version: int | None = None
    ) -> RegisteredEnvironment | None:
        """Return one version, the latest one when ``version`` is None, or None."""
        query = (
            select(environments)
            .where(environments.c.name == name)
            .order_by(environments.c.version.desc())
            .limit(1)
        )
        if version is not None:
            query = query.where(environments.c.version == version)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _registered(row)

    def latest(self) -> list[RegisteredEnvironment]:
        """The latest version of every environment, sorted by name."""
        query = select(environments).order_by(
            environments.c.name, environments.c.version
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return [_registered(row) for row in {row["name"]: row for row in rows}.values()]


def _registered(row: RowMapping) -> RegisteredEnvironment:
    definition = EnvironmentDefinition.model_validate_json(row["definition"])
    return RegisteredEnvironment(row["name"], row["version"], definition)
