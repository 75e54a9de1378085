"""Names and versions of what a workspace has registered, and the index of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.store.catalog_computes import ComputeCatalog, ComputeRecord
from azml_pipelines.store.catalog_database import CatalogDatabase
from azml_pipelines.store.catalog_datasets import DatasetCatalog
from azml_pipelines.store.catalog_datastores import DatastoreCatalog
from azml_pipelines.store.catalog_environments import EnvironmentCatalog
from azml_pipelines.store.catalog_models import ModelCatalog, ModelRecord
from azml_pipelines.store.catalog_published import PublishedCatalog, PublishedRecord
from azml_pipelines.store.catalog_runs import RunCatalog, RunRecord

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.store.catalog_database import CatalogStorage

__all__ = [
    "Catalog",
    "ComputeRecord",
    "ModelRecord",
    "PublishedRecord",
    "RunRecord",
]


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
        self.published = PublishedCatalog(database)
        self.runs = RunCatalog(database)
