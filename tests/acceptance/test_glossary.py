"""One word per thing: our own words are written down, our names explain themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import azml_pipelines

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
OUR_WORDS = (
    "agent",
    "attempt",
    "bundle",
    "catalog",
    "entry",
    "fork server",
    "journal",
    "node",
    "outcome",
    "part",
    "plan",
    "runner",
    "settle",
    "worker",
)


def defined_words() -> list[str]:
    """Return the words that the glossary explains, in its order."""
    return re.findall(r"^\*\*(.+?)\*\*", GLOSSARY.read_text(), re.MULTILINE)


@pytest.mark.parametrize("word", OUR_WORDS)
def test_our_words_are_defined(word):
    """Each word that we use for one thing only stands in the glossary."""
    assert word in defined_words()


def test_the_glossary_is_sorted():
    """A reader finds a word where the alphabet puts it."""
    assert sorted(defined_words()) == defined_words()


@pytest.mark.parametrize("name", azml_pipelines.__all__)
def test_public_names_have_a_docstring(name):
    """`help()` of a public name says what it is for, in its own words."""
    docstring = getattr(azml_pipelines, name).__doc__

    assert (docstring or "").strip()
