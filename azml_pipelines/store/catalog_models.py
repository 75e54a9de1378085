"""What people said about registered models; which exist, their files know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from azml_pipelines.store.catalog_database import save_row
from azml_pipelines.store.catalog_tables import models

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.store.catalog_database import CatalogDatabase

__all__ = ["ModelCatalog", "ModelRecord"]


@dataclass(frozen=True)
class ModelRecord:
    """One version of a model. ``created`` is in seconds since 1970."""

    name: str
    version: int
    created: float
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    framework: str | None = None
    framework_version: str | None = None


class ModelCatalog:
    """Descriptions, tags and properties of models."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def save(self, record: ModelRecord) -> None:
        """Remember what is said about one version, replacing what was said before."""
        key = {"name": record.name, "version": record.version}
        row = {
            "created": record.created,
            "description": record.description,
            "tags": dict(record.tags),
            "properties": dict(record.properties),
            "framework": record.framework,
            "framework_version": record.framework_version,
        }
        with self._database.writing() as connection:
            save_row(connection, models, key, row)

    def find(self, name: str, version: int) -> ModelRecord | None:
        """Return what was said about one version, or None."""
        query = select(models).where(models.c.name == name, models.c.version == version)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else ModelRecord(**row)
