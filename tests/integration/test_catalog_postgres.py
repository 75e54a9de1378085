"""The catalog on a real PostgreSQL server keeps the promises of the one in a file."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect

from azml_pipelines import Dataset, Environment, Experiment, Workspace
from azml_pipelines.data.datastore_home import DatastoreSettings
from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.errors import UserErrorException, WorkspaceException
from azml_pipelines.pipeline.environment_definition import EnvironmentDefinition
from azml_pipelines.store.catalog import (
    Catalog,
    EndpointRecord,
    ModelRecord,
    PublishedRecord,
    RunRecord,
)
from azml_pipelines.store.catalog_database import CatalogDatabase
from azml_pipelines.store.catalog_migrations import SCHEMA_VERSION
from azml_pipelines.store.catalog_postgres import PostgresStorage
from azml_pipelines.store.catalog_tables import TABLES, preferences


def reading(path):
    """Return the definition of a dataset of one file."""
    return DatasetDefinition(
        kind="file", sources=(DataSource(url="file:///data", path=path),)
    )


@pytest.fixture
def catalog(postgres_schema):
    """An empty catalog on the server."""
    return Catalog(PostgresStorage(postgres_schema))


def test_its_tables_are_those_that_the_code_knows(postgres_schema, catalog):
    """The same SQL files make them, column by column."""
    found = inspect(PostgresStorage(postgres_schema).engine)
    declared = {table.name: set(table.c.keys()) for table in TABLES.tables.values()}
    made = {
        name: {column["name"] for column in found.get_columns(name)}
        for name in found.get_table_names()
    }

    assert made == {**declared, "catalog_layout": {"version"}}


def test_each_part_remembers_what_it_is_told(catalog):
    """Saved, replaced, found, listed."""
    for settings in ('{"a": 1}', '{"a": 2}'):
        catalog.computes.save("cluster", "AmlCompute", settings)
    for version in (1.0, 2.0):
        catalog.models.save(ModelRecord("m", 1, version, tags={"x": "y"}))
    store = DatastoreSettings(name="s", datastore_type="AzureBlob", url="file:///s")
    catalog.datastores.save(store, overwrite=False)
    catalog.datastores.set_default("s")
    catalog.environments.save("e", EnvironmentDefinition(name="e"))
    catalog.runs.add(RunRecord("r", "x", 1.0, {"a": "b"}, pipeline_id="p"))
    catalog.runs.tag("r", {"c": "d"})
    catalog.published.add(PublishedRecord("p", "name", 1.0))
    catalog.endpoints.add(EndpointRecord("q", "name", 1.0), "p")

    assert catalog.computes.find("cluster").settings == '{"a": 2}'
    assert catalog.models.find("m", 1).created == 2.0
    assert (catalog.datastores.default, catalog.datastores.all()) == ("s", [store])
    assert catalog.environments.find("e").version == 1
    assert catalog.runs.newest_first(pipeline_id="p")[0].tags == {"a": "b", "c": "d"}
    assert catalog.published.newest_first(active_only=True)[0].id == "p"
    assert catalog.endpoints.versions("q") == {0: "p"}
    assert catalog.submissions.claim("k", "sha", "r").run_id == "r"
    assert catalog.submissions.claim("k", "sha", "other").run_id == "r"


def test_versions_have_no_races(postgres_schema, catalog):
    """Forty that register at once get forty versions, without gaps."""

    def register(number):
        return Catalog(PostgresStorage(postgres_schema)).datasets.save(
            "texts", reading(str(number)), create_new_version=True
        )

    with ThreadPoolExecutor(20) as threads:
        versions = sorted(one.version for one in threads.map(register, range(40)))

    assert versions == list(range(1, 41))


def test_it_may_be_made_by_many_at_once(postgres_schema):
    """Each of them finds all tables."""
    with ThreadPoolExecutor(16) as threads:
        made = list(
            threads.map(lambda _: Catalog(PostgresStorage(postgres_schema)), range(16))
        )

    assert [[]] * 16 == [catalog.runs.experiments() for catalog in made]


def test_a_reader_sees_one_moment(postgres_schema, catalog):
    """What is written meanwhile does not appear in the middle of its reading."""
    database = CatalogDatabase(PostgresStorage(postgres_schema))
    with database.reading() as connection:
        before = connection.execute(preferences.select()).all()
        catalog.datastores.set_default("other")
        after = connection.execute(preferences.select()).all()

    assert before == after == []
    assert catalog.datastores.default == "other"


def test_a_later_layout_is_refused(postgres_schema, catalog):
    """An old version does not write into tables that it does not understand."""
    storage = PostgresStorage(postgres_schema)
    with CatalogDatabase(storage).writing() as connection:
        storage.set_layout(connection, SCHEMA_VERSION + 1)

    with pytest.raises(WorkspaceException, match="upgrade azml-pipelines"):
        Catalog(PostgresStorage(postgres_schema))


def configure(workspace, **catalog):
    """Write where the catalog is into a workspace's configuration; open it anew."""
    file = workspace.folder.config
    content = {**json.loads(file.read_text()), "catalog": catalog}
    file.write_text(json.dumps(content))
    return Workspace.from_config(file)


def test_a_workspace_says_where_its_catalog_is(
    workspace, postgres_schema, monkeypatch, tmp_path
):
    """Everything that is registered goes there; there is no file."""
    monkeypatch.setenv("CATALOG_URL", postgres_schema)
    (tmp_path / "a.txt").write_text("a")
    opened = configure(workspace, url="env:CATALOG_URL")

    Dataset.File.from_files(str(tmp_path / "a.txt")).register(opened, "texts")
    Environment("e").register(opened)
    again = Workspace.from_config(workspace.folder.config)

    assert [*again.datasets] == ["texts"]
    assert "e" in again.environments
    assert [*Experiment(again, "none").get_runs()] == []
    assert not workspace.folder.catalog.exists()


def test_another_workspace_does_not_get_it(
    workspace, postgres_schema, monkeypatch, tmp_path
):
    """Runs of one would be listed in the other, where they are not."""
    monkeypatch.setenv("CATALOG_URL", postgres_schema)
    assert configure(workspace, url="env:CATALOG_URL").catalog
    other = Workspace.create("other", path=tmp_path / "other")

    with pytest.raises(WorkspaceException, match="that of workspace 'testing'"):
        _ = configure(other, url="env:CATALOG_URL").catalog


def test_a_password_is_a_reference(workspace, postgres_schema, monkeypatch):
    """It is put into the address; one that is wrong is not shown."""
    place, _, rest = postgres_schema.partition("@")
    login, _, password = place.rpartition(":")
    monkeypatch.setenv("CATALOG_PASSWORD", password)
    bare = f"{login}@{rest}"

    assert configure(workspace, url=bare, password="env:CATALOG_PASSWORD").catalog

    monkeypatch.setenv("CATALOG_PASSWORD", "wrong-and-secret")
    with pytest.raises(WorkspaceException, match="authentication failed") as caught:
        _ = configure(workspace, url=bare, password="env:CATALOG_PASSWORD").catalog
    assert "wrong-and-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_not_there_is_named():
    """In one line, within the time to connect."""
    with pytest.raises(WorkspaceException, match="See that the server runs") as caught:
        Catalog(PostgresStorage("postgresql://a:secret-word@127.0.0.1:1/x"))

    assert "secret-word" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"url": "postgresql://me:pass@host/db"}, "holds a password"),
        ({"url": "postgresql://me@host/db", "password": "pass"}, "holds a password"),
        ({"url": "env:NOT_SET_ANYWHERE"}, "is not set"),
        ({"url": "mysql://host/db"}, "none of PostgreSQL's"),
        ({"url": "postgresql://host"}, "none of PostgreSQL's"),
        ({"url": 7}, "must be an object of texts"),
        ({"address": "x"}, "with the key 'url'"),
        ({}, "with the key 'url'"),
    ],
)
def test_a_wrong_configuration_is_named(workspace, said, expected):
    """Before anything is connected to, and without the password."""
    with pytest.raises(UserErrorException, match=expected) as caught:
        _ = configure(workspace, **said).catalog

    assert ":pass@" not in str(caught.value)
