"""What the configuration says of storage."""

from __future__ import annotations

import json

import pytest

from azml_pipelines.errors import UserErrorException
from azml_pipelines.run.workspace_storage import read_storage


def _configure(root, storage):
    (root / "config.json").write_text(json.dumps({"storage": storage}))
    return read_storage(root)


def test_nothing_said(tmp_path):
    """Every part is optional, the file too."""
    storage = read_storage(tmp_path)

    assert storage.account("any") is None
    assert storage.cache_folder is storage.cache_bytes is None


def test_accounts_and_cache(tmp_path):
    """Folders are relative to the workspace; addresses stay as they are."""
    storage = _configure(
        tmp_path,
        {
            "accounts": {"a": "data/a", "b": "http://127.0.0.1:9/b", "c": "azure"},
            "cache_folder": "/fast/disk",
            "cache_bytes": 1000,
        },
    )

    assert str(tmp_path / "data/a") == storage.account("a")
    assert storage.account("b") == "http://127.0.0.1:9/b"
    assert storage.account("c") == "azure"
    assert storage.account("d") is None
    assert (storage.cache_folder, storage.cache_bytes) == ("/fast/disk", 1000)


@pytest.mark.parametrize(
    "storage",
    [
        pytest.param([], id="no object"),
        pytest.param({"account": {}}, id="a misspelt key"),
        pytest.param({"accounts": {"a": 1}}, id="no text"),
        pytest.param({"cache_bytes": "1"}, id="no number"),
        pytest.param({"cache_bytes": True}, id="no number either"),
        pytest.param({"cache_folder": ""}, id="no folder"),
        pytest.param({"accounts": {"a": "https://x/y?sig=abcdefgh"}}, id="a secret"),
    ],
)
def test_what_is_refused(tmp_path, storage):
    """In one line that names the file, and no secret."""
    with pytest.raises(UserErrorException, match=r"config\.json") as caught:
        _configure(tmp_path, storage)

    assert "abcdefgh" not in caught.value.message
