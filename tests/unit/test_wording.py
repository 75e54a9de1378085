"""How values and names appear in messages."""

from __future__ import annotations

import pytest

from azml_pipelines.wording import did_you_mean, listed, shown


class Evil:
    """An object that does not want to be shown."""

    def __repr__(self):
        raise RuntimeError("no text for you")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(5, "5", id="a number"),
        pytest.param("a b", "'a b'", id="text"),
        pytest.param("a\nb\x1b", "'a\\nb\\x1b'", id="control characters"),
        pytest.param("a\u202eb", "'a\\u202eb'", id="a change of direction"),
        pytest.param([1, 2], "[1, 2]", id="a list"),
        pytest.param("https://a?sig=abc", "'https://a?sig=***'", id="a secret"),
        pytest.param(Evil(), "<Evil whose repr() raises RuntimeError>", id="evil"),
    ],
)
def test_values(value, text):
    """Their repr, on one line, without secrets."""
    assert text == shown(value)


@pytest.mark.parametrize(
    "value", ["x" * 81, "x" * 2**20, b"x" * 2**20, list(range(999))]
)
def test_long_values(value):
    """Beginning and end are left."""
    text = shown(value)

    assert 80 == len(text)
    assert repr(value)[:20] == text[:20]
    assert repr(value)[-20:] == text[-20:]
    assert "…" in text


def test_lists_of_names():
    """As many as fit, and how many more there are."""
    assert "none" == listed([])
    assert "a, b" == listed(["a", "b"])
    assert "aaaa, bbbb and 2 more" == listed(["aaaa", "bbbb", "cccc", "dddd"], 12)
    assert 50 >= len(listed(["x" * 999], 50))


def test_close_names():
    """One that is close, or nothing."""
    assert " Did you mean 'node_count'?" == did_you_mean(
        "nodecount", ["node_count", "x"]
    )
    assert not did_you_mean("moon", ["node_count"])
    assert not did_you_mean(5, ["node_count"])
