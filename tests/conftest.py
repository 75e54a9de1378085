"""What all tests share: a workspace of their own, property tests to be repeated."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines import Workspace
    from azml_pipelines.testing.object_servers import ObjectServer

# A shared machine is slow at times; what is too slow, pytest-timeout says.
hypothesis.settings.register_profile("azml", deadline=None, print_blob=True)
hypothesis.settings.load_profile("azml")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed of the property tests, unless the caller named one."""
    if config.getoption("--hypothesis-seed") is None:
        config.option.hypothesis_seed = str(secrets.randbelow(2**32))


def pytest_report_header(config: pytest.Config) -> str:
    """Name the seed, so that a failure can be repeated."""
    seed = config.getoption("--hypothesis-seed")
    return f"property tests: repeat with --hypothesis-seed={seed}"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace of its own, gone after the test."""
    from azml_pipelines import Workspace

    return Workspace.create("testing", path=tmp_path / "workspace")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[ObjectServer]:
    """Moto's S3 on loopback, one for all tests."""
    yield from _started("moto_server")


@pytest.fixture(scope="session")
def azure_server() -> Iterator[ObjectServer]:
    """Azurite on loopback, one for all tests."""
    yield from _started("azurite_server")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of a real server on loopback, one for all tests."""
    from azml_pipelines.testing.object_servers import ServerMissingError
    from azml_pipelines.testing.postgres_server import postgres_server

    try:
        with postgres_server() as url:
            yield url
    except ServerMissingError as error:
        pytest.skip(str(error))


@pytest.fixture
def postgres_schema(postgres_url: str) -> str:
    """The URL of an empty schema in it, of one test alone."""
    import psycopg

    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{postgres_url}?options=-csearch_path%3D{name}"


@pytest.fixture(scope="session")
def google_server() -> Iterator[ObjectServer]:
    """Google Cloud Storage, by an emulator on loopback, one for all tests."""
    yield from _started("google_server")


def _started(name: str) -> Iterator[ObjectServer]:
    from azml_pipelines.testing import object_servers

    try:
        with getattr(object_servers, name)() as server:
            yield server
    except object_servers.ServerMissingError as error:
        pytest.skip(str(error))
