"""What a dataset may be made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from azml_pipelines.data.data_reference import DataPath
from azml_pipelines.data.dataset_paths import data_sources
from azml_pipelines.data.definition import DataSource
from azml_pipelines.errors import UserErrorException


def test_places_on_datastores(store):
    """Tuples, references and DataPaths mean the same."""
    expected = DataSource(
        url=store.settings.url, path="mnist", datastore="workspaceblobstore"
    )

    assert data_sources((store, "mnist/")) == (expected,)
    assert data_sources((store, Path("mnist"))) == (expected,)
    assert data_sources(store.path("/mnist/")) == (expected,)
    assert data_sources(DataPath(store, "mnist")) == (expected,)
    assert data_sources([(store, "mnist"), store.path("mnist")]) == (expected, expected)


def test_the_whole_datastore(store):
    """A reference without a path."""
    (source,) = data_sources(store.path())

    assert source.path == ""


@pytest.mark.parametrize(
    ("path", "url", "expected"),
    [
        pytest.param("/data/img/1.png", "file:///data/img", "1.png", id="a file"),
        pytest.param("/data/img/", "file:///data", "img", id="a folder"),
        pytest.param("img", "file://{cwd}", "img", id="relative"),
        pytest.param("./a/../img", "file://{cwd}", "img", id="relative with dots"),
        pytest.param("*.png", "file://{cwd}", "*.png", id="a pattern here"),
        pytest.param("/d/a/*/x.png", "file:///d/a", "*/x.png", id="a pattern"),
        pytest.param("/d/**", "file:///d", "**", id="any depth"),
        pytest.param("/d/*/", "file:///d", "*/**", id="folders by a pattern"),
        pytest.param("/*", "file:///", "*", id="a pattern in the root"),
        pytest.param("/", "file:///", "", id="the root"),
        pytest.param("~/x", "file://{home}", "x", id="at home"),
        pytest.param(Path("/data/img"), "file:///data", "img", id="a Path"),
        pytest.param("file:///data/img", "file:///data", "img", id="a URL"),
        pytest.param("file:///data/a%20b", "file:///data", "a b", id="percent signs"),
        pytest.param("file:///data/a b#1?", "file:///data", "a b#1?", id="no query"),
        pytest.param("file://localhost/d/i", "file:///d", "i", id="this machine"),
        pytest.param("FILE:///data/img", "file:///data", "img", id="capitals"),
    ],
)
def test_local_paths(tmp_path, monkeypatch, path, url, expected):
    """Our extension: plain and ``file://``; nothing is looked up."""
    monkeypatch.chdir(tmp_path)
    (source,) = data_sources(path)

    assert source.url == url.format(cwd=tmp_path, home=Path.home())
    assert source.path == expected
    assert source.datastore is None


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/x.csv",
        "adl://store/x",
        "file://server/share/x",
    ],
)
def test_other_urls_are_refused(url):
    """The message names the URL and the way out."""
    with pytest.raises(UserErrorException, match="cannot be read: local"):
        data_sources(url)


@pytest.mark.parametrize("path", [None, "", [], 5, {}, ("a", "b"), [None], [["x"]]])
def test_anything_else_is_refused(path):
    """The message lists what is accepted."""
    with pytest.raises(UserErrorException, match="'relative/path'"):
        data_sources(path)


def test_a_datastore_alone_is_no_path(store):
    """Which path on it is meant has to be said."""
    with pytest.raises(UserErrorException, match="no place"):
        data_sources(store)


@pytest.mark.parametrize("path", ["../x", "a/../../x", "**x/y"])
def test_bad_paths_on_datastores(store, path):
    """The error comes where the dataset is declared."""
    with pytest.raises(UserErrorException):
        data_sources((store, path))
