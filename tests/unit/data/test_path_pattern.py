"""What wildcards mean."""

from __future__ import annotations

import pytest

from azml_pipelines.data.path_pattern import (
    PathMatcher,
    has_wildcard,
    split_pattern,
)
from azml_pipelines.errors import UserErrorException


def matches(pattern: str, path: str, *, hidden: bool = False) -> bool:
    """Match a whole path as a walk does, name by name."""
    matcher = PathMatcher(tuple(pattern.split("/")), hidden=hidden)
    states = matcher.start
    *folders, file = path.split("/")
    for folder in folders:
        states = matcher.below(states, folder)
    return matcher.accepts(states, file)


@pytest.mark.parametrize(
    ("path", "folder", "pattern"),
    [
        pytest.param("a/b.png", "a/b.png", (), id="exact"),
        pytest.param("a/*.png", "a", ("*.png",), id="wildcard in the last name"),
        pytest.param("a/*/b.png", "a", ("*", "b.png"), id="wildcard in the middle"),
        pytest.param("**/*.png", "", ("**", "*.png"), id="from the root"),
        pytest.param("", "", (), id="the root itself"),
        pytest.param("a/[1]?.png", "a/[1]?.png", (), id="brackets are letters"),
    ],
)
def test_a_pattern_starts_at_the_first_wildcard(path, folder, pattern):
    """What comes before is a folder to start from."""
    assert split_pattern(path) == (folder, pattern)
    assert has_wildcard(path) == bool(pattern)


@pytest.mark.parametrize("path", ["a/**.png", "x**", "***"])
def test_two_stars_stand_alone(path):
    """Half of a name cannot be any number of folders; the message shows the way."""
    with pytest.raises(UserErrorException, match=r"images/\*\*/\*\.png"):
        split_pattern(path)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        pytest.param("*.png", "a.png", True, id="one name"),
        pytest.param("*.png", "a/b.png", False, id="a star stays on its level"),
        pytest.param("*", "a", True, id="a star alone"),
        pytest.param("a*z*", "abzc", True, id="several stars"),
        pytest.param("a*z*", "abc", False, id="several stars, one missing"),
        pytest.param("*/b.png", "a/b.png", True, id="a folder by a star"),
        pytest.param("*/b.png", "b.png", False, id="a star is one folder, not none"),
        pytest.param("**/b.png", "b.png", True, id="two stars may be no folder"),
        pytest.param("**/b.png", "x/y/b.png", True, id="two stars may be many"),
        pytest.param("x/**/y/*", "x/1/y/2/y/f", True, id="any way that fits"),
        pytest.param("x/**/y/*", "x/1/y/2/f", False, id="only files at the end"),
        pytest.param("**", "a/b/c", True, id="two stars at the end: every file"),
        pytest.param("**/**/a", "a", True, id="runs of two stars"),
        pytest.param("*.p?g", "a.png", False, id="a question mark is a letter"),
        pytest.param("*[1]", "a[1]", True, id="brackets are letters, too"),
        pytest.param("*", "a\nb", True, id="a newline is a letter of a name"),
        pytest.param("*", ".a", False, id="hidden files are not meant"),
        pytest.param(".*", ".a", True, id="unless the pattern says so"),
        pytest.param("**/a", ".git/a", False, id="nor hidden folders"),
        pytest.param("**/.git/a", "x/.git/a", True, id="unless spelled out"),
    ],
)
def test_matching(pattern, path, expected):
    """The rules of version 1, and of a shell where version 1 is silent."""
    assert matches(pattern, path) is expected


def test_hidden_names_on_request():
    """Uploads and downloads take everything."""
    assert matches("**", ".git/.config", hidden=True)


def test_a_walk_enters_no_folder_in_vain():
    """A folder that cannot hold a match has no states."""
    matcher = PathMatcher(("2024*", "*.csv"))

    assert matcher.below(matcher.start, "2024-01")
    assert not matcher.below(matcher.start, "2023-01")
    assert not matcher.below(matcher.below(matcher.start, "2024-01"), "deeper")
