"""The promises of the REST server's address and token."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.api_access import (
    api_address,
    api_token,
    new_api_token,
    remember_port,
)
from azml_pipelines.store.workspace_folder import WorkspaceFolder


@pytest.fixture
def folder(tmp_path):
    """A workspace's folder with its storage."""
    found = WorkspaceFolder(tmp_path)
    found.storage.mkdir(mode=0o700)
    return found


def test_everybody_gets_the_same_token(folder):
    """Also when twenty ask for the first one at the same moment."""
    with ThreadPoolExecutor(20) as threads:
        tokens = set(threads.map(lambda _: api_token(folder), range(20)))

    assert len(tokens) == 1
    assert stat.S_IMODE(folder.api_token.stat().st_mode) == 0o600
    assert [one.name for one in folder.storage.iterdir()] == ["api.token"]


def test_another_token_can_be_made(folder):
    """It replaces the one before."""
    before = api_token(folder)

    assert before != new_api_token(folder) == api_token(folder)


def test_a_token_that_others_can_read_is_refused(folder):
    """Whoever has read it could start runs."""
    api_token(folder)
    folder.api_token.chmod(0o644)

    with pytest.raises(WorkspaceException, match="others may read it"):
        api_token(folder)


def test_the_address_stays_once_it_was_asked_for(folder):
    """Until another port is used."""
    first = api_address(folder)

    assert first == api_address(folder)

    remember_port(folder, 8123)

    assert api_address(folder) == "http://127.0.0.1:8123"
