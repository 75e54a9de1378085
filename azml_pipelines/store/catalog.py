"""Names and versions of what a workspace has registered, and the index of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.catalog_batch import (
    BatchCatalog,
    BatchDeploymentRecord,
    BatchEndpointRecord,
)
from azml_pipelines.store.catalog_computes import ComputeCatalog, ComputeRecord
from azml_pipelines.store.catalog_database import CatalogDatabase, save_row
from azml_pipelines.store.catalog_datasets import DatasetCatalog
from azml_pipelines.store.catalog_datastores import DatastoreCatalog
from azml_pipelines.store.catalog_endpoints import EndpointCatalog, EndpointRecord
from azml_pipelines.store.catalog_environments import EnvironmentCatalog
from azml_pipelines.store.catalog_firings import FiringCatalog, FiringRecord
from azml_pipelines.store.catalog_models import ModelCatalog, ModelRecord
from azml_pipelines.store.catalog_published import PublishedCatalog, PublishedRecord
from azml_pipelines.store.catalog_runs import RunCatalog, RunRecord
from azml_pipelines.store.catalog_schedules import ScheduleCatalog, ScheduleRecord
from azml_pipelines.store.catalog_submissions import SubmissionCatalog
from azml_pipelines.store.catalog_tables import preferences
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.store.catalog_database import CatalogStorage

__all__ = [
    "BatchDeploymentRecord",
    "BatchEndpointRecord",
    "Catalog",
    "ComputeRecord",
    "EndpointRecord",
    "FiringRecord",
    "ModelRecord",
    "PublishedRecord",
    "RunRecord",
    "ScheduleRecord",
]


_OWNER = "workspace"


class Catalog:
    """One part per noun, all in one database.

    Args:
        storage: Where it is kept; a path is a SQLite file, made when it does not exist.
    """

    def __init__(self, storage: CatalogStorage | Path) -> None:
        database = CatalogDatabase(storage)
        self.datastores = DatastoreCatalog(database)
        self.datasets = DatasetCatalog(database)
        self.models = ModelCatalog(database)
        self.environments = EnvironmentCatalog(database)
        self.computes = ComputeCatalog(database)
        self.endpoints = EndpointCatalog(database)
        self.batch = BatchCatalog(database)
        self.published = PublishedCatalog(database)
        self.runs = RunCatalog(database)
        self.submissions = SubmissionCatalog(database)
        self.schedules = ScheduleCatalog(database)
        self.firings = FiringCatalog(database)
        self._database = database

    def belong_to(self, workspace: str) -> None:
        """Make sure that no other workspace uses the same tables.

        Raises:
            WorkspaceException: One does.
        """
        query = select(preferences.c.value).where(preferences.c.name == _OWNER)
        with self._database.reading() as connection:
            owner = connection.scalar(query)
        if owner is None:
            with self._database.writing() as connection:
                owner = connection.scalar(query)  # of somebody who was faster
                if owner is None:
                    row = {"value": workspace}
                    save_row(connection, preferences, {"name": _OWNER}, row)
        if owner not in {None, workspace}:
            msg = (
                f"The catalog {self._database.name} is that of workspace "
                f"{shown(owner)}, not of {shown(workspace)}; name another database, "
                "or another schema with ?options=-csearch_path%3DSCHEMA."
            )
            raise WorkspaceException(msg)
