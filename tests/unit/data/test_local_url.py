"""Folders as URLs, and paths that cannot leave them."""

from __future__ import annotations

from pathlib import Path

import pytest

from azml_pipelines.data.local_url import folder_url, local_folder, relative_path
from azml_pipelines.errors import UserErrorException


def test_a_folder_survives_being_a_url():
    """Spaces and percent signs are not encoded, for fsspec would not decode them."""
    url = folder_url("/data/a b%20")

    assert url == "file:///data/a b%20"
    assert local_folder(url) == "/data/a b%20"


def test_a_folder_is_made_absolute(monkeypatch, tmp_path):
    """A URL means the same folder from everywhere."""
    monkeypatch.chdir(tmp_path)

    assert folder_url("x/../y") == f"file://{tmp_path}/y"
    assert folder_url(Path("~")) == f"file://{Path.home()}"


@pytest.mark.parametrize(
    "url", ["az://container", "https://a/b", "/data", "file://h/a"]
)
def test_only_local_urls_can_be_read(url):
    """Other stores come with a later release, and the message says so."""
    with pytest.raises(UserErrorException, match=r"later release"):
        local_folder(url)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("mnist", "mnist", id="as it is"),
        pytest.param("/mnist/", "mnist", id="slashes around it"),
        pytest.param("a//b/./c", "a/b/c", id="empty names and dots"),
        pytest.param("a/../b", "b", id="up and down inside"),
        pytest.param("", "", id="the root"),
        pytest.param("/", "", id="the root with a slash"),
        pytest.param(Path("a/b"), "a/b", id="a Path"),
        pytest.param("a\\b", "a\\b", id="a backslash is a letter"),
        pytest.param("...", "...", id="three dots are a name"),
    ],
)
def test_paths_are_normal(path, expected):
    """However it is written, a path is stored in one way."""
    assert relative_path(path) == expected


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "/.."])
def test_no_path_leaves_its_root(path):
    """``..`` may not lead above the datastore."""
    with pytest.raises(UserErrorException, match=r"leads out of its datastore"):
        relative_path(path)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("a\0b", id="no file has a NUL"),
        pytest.param("caf\udce9", id="JSON cannot hold bytes that are no text"),
        pytest.param(None, id="nothing"),
        pytest.param(b"a", id="bytes"),
    ],
)
def test_what_cannot_be_stored_is_refused(path):
    """The error comes at declaration, not when the plan is written."""
    with pytest.raises(UserErrorException):
        relative_path(path)
