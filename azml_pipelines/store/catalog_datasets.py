"""Registered datasets of a catalog, version by version."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update

from azml_pipelines.data.dataset_home import RegisteredDataset
from azml_pipelines.data.definition import DatasetDefinition
from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.catalog_tables import datasets
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Row, Select

    from azml_pipelines.store.catalog_database import CatalogDatabase

__all__ = ["DatasetCatalog"]


class DatasetCatalog:
    """What is known about datasets that somebody registered."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def save(
        self,
        name: str,
        definition: DatasetDefinition,
        *,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        create_new_version: bool = False,
    ) -> RegisteredDataset:
        """Remember a dataset; the same definition again is the same version again.

        Raises:
            UserErrorException: The name stands for another definition and
                ``create_new_version`` is False.
        """
        plain = definition.model_copy(update={"name": None, "version": None})
        text = plain.model_dump_json()
        with self._database.writing() as connection:
            latest = connection.execute(_latest(name)).one_or_none()
            if latest is not None and latest.definition == text:
                return self._describe(connection, latest, description, tags)
            if latest is not None and not create_new_version:
                msg = (
                    f"A dataset called {shown(name)} is registered already (version "
                    f"{latest.version}) and reads something else; choose another "
                    "name, or pass create_new_version=True."
                )
                raise UserErrorException(msg)
            row = {
                "id": str(uuid.uuid4()),
                "name": name,
                "version": 1 if latest is None else latest.version + 1,
                "description": description,
                "tags": dict(tags or {}),
                "definition": text,
                "created": time.time(),
            }
            connection.execute(insert(datasets).values(row))
            return _registered(connection.execute(_latest(name)).one())

    def find(self, name: str, version: int | None = None) -> RegisteredDataset:
        """Return one version of a dataset, the latest one when ``version`` is None.

        Raises:
            UserErrorException: Unknown; the message lists what is registered.
        """
        query = _latest(name)
        if version is not None:
            query = query.where(datasets.c.version == version)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
            if row is not None:
                return _registered(row)
            known = connection.scalars(
                select(datasets.c.name).distinct().order_by(datasets.c.name)
            ).all()
        what = (
            f"{shown(name)}" if version is None else f"{shown(name)} version {version}"
        )
        names = ", ".join(repr(one) for one in known) or "none yet"
        msg = f"No dataset {what} is registered in this workspace; registered: {names}."
        raise UserErrorException(msg)

    def find_id(self, dataset_id: str) -> RegisteredDataset:
        """Return the version with this id.

        Raises:
            UserErrorException: There is none.
        """
        query = select(datasets).where(datasets.c.id == dataset_id)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            msg = f"No dataset of this workspace has the id {shown(dataset_id)}."
            raise UserErrorException(msg)
        return _registered(row)

    def update(
        self, dataset_id: str, *, description: str | None, tags: Mapping[str, str]
    ) -> RegisteredDataset:
        """Replace description and tags of one version.

        Raises:
            UserErrorException: No version has this id.
        """
        changed = {"description": description, "tags": dict(tags)}
        with self._database.writing() as connection:
            this = datasets.c.id == dataset_id
            connection.execute(update(datasets).where(this).values(changed))
        return self.find_id(dataset_id)

    def delete(self, name: str) -> None:
        """Forget every version of a name."""
        with self._database.writing() as connection:
            connection.execute(delete(datasets).where(datasets.c.name == name))

    def latest(self) -> list[RegisteredDataset]:
        """The latest version of every dataset, sorted by name."""
        newest = (
            select(datasets.c.name, func.max(datasets.c.version).label("version"))
            .group_by(datasets.c.name)
            .subquery()
        )
        query = (
            select(datasets)
            .join(
                newest,
                (datasets.c.name == newest.c.name)
                & (datasets.c.version == newest.c.version),
            )
            .order_by(datasets.c.name)
        )
        with self._database.reading() as connection:
            return [_registered(row) for row in connection.execute(query)]

    def _describe(
        self,
        connection: Connection,
        row: Row[tuple[object, ...]],
        description: str | None,
        tags: Mapping[str, str] | None,
    ) -> RegisteredDataset:
        """Take over a new description and new tags, where some are given."""
        changed: dict[str, object] = {}
        if description is not None:
            changed["description"] = description
        if tags is not None:
            changed["tags"] = dict(tags)
        if changed:
            this = datasets.c.id == row.id
            connection.execute(update(datasets).where(this).values(changed))
        return _registered(connection.execute(_latest(row.name)).one())


def _latest(name: str) -> Select[tuple[object, ...]]:
    return (
        select(datasets)
        .where(datasets.c.name == name)
        .order_by(datasets.c.version.desc())
        .limit(1)
    )


def _registered(row: Row[tuple[object, ...]]) -> RegisteredDataset:
    definition = DatasetDefinition.model_validate_json(row.definition)
    return RegisteredDataset(
        id=row.id,
        name=row.name,
        version=row.version,
        description=row.description,
        tags=row.tags,
        definition=definition.model_copy(
            update={"name": row.name, "version": row.version}
        ),
    )
