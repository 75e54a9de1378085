"""Datastores of a catalog by name, and which one is the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from azml_pipelines.data.datastore_home import DatastoreSettings
from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.catalog_database import save_row
from azml_pipelines.store.catalog_tables import datastores, preferences
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.store.catalog_database import CatalogDatabase

__all__ = ["DatastoreCatalog"]

_DEFAULT = "default_datastore"


class DatastoreCatalog:
    """What is known about datastores that somebody registered."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def save(self, settings: DatastoreSettings, *, overwrite: bool) -> None:
        """Remember a datastore under its name.

        Raises:
            UserErrorException: The name is taken and ``overwrite`` is False.
        """
        with self._database.writing() as connection:
            known = connection.scalar(
                select(datastores.c.name).where(datastores.c.name == settings.name)
            )
            if known is not None and not overwrite:
                msg = (
                    f"A datastore called {shown(settings.name)} is registered already; "
                    "choose another name, or pass overwrite=True to replace it."
                )
                raise UserErrorException(msg)
            row = {"settings": settings.model_dump_json()}
            save_row(connection, datastores, {"name": settings.name}, row)

    def find(self, name: str) -> DatastoreSettings | None:
        """Return what was saved under ``name``, or None."""
        query = select(datastores.c.settings).where(datastores.c.name == name)
        with self._database.reading() as connection:
            text = connection.scalar(query)
        return None if text is None else DatastoreSettings.model_validate_json(text)

    def all(self) -> list[DatastoreSettings]:
        """Every saved datastore, sorted by name."""
        query = select(datastores.c.settings).order_by(datastores.c.name)
        with self._database.reading() as connection:
            texts = connection.scalars(query).all()
        return [DatastoreSettings.model_validate_json(text) for text in texts]

    def delete(self, name: str) -> bool:
        """Forget a datastore; return whether there was one. Its files stay."""
        with self._database.writing() as connection:
            gone = connection.execute(
                delete(datastores).where(datastores.c.name == name)
            )
            connection.execute(
                delete(preferences).where(
                    preferences.c.name == _DEFAULT, preferences.c.value == name
                )
            )
        return gone.rowcount > 0

    @property
    def default(self) -> str | None:
        """Name of the datastore that somebody chose as the default one, or None."""
        query = select(preferences.c.value).where(preferences.c.name == _DEFAULT)
        with self._database.reading() as connection:
            return connection.scalar(query)

    def set_default(self, name: str) -> None:
        """Choose the default datastore; whether it exists is the caller's to check."""
        with self._database.writing() as connection:
            save_row(connection, preferences, {"name": _DEFAULT}, {"value": name})
