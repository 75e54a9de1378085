"""Kept models go when nobody names them, and not before."""

from __future__ import annotations

import os
import time

import pytest

from azml_pipelines.store.clean_up import CleanUpRules, clean_up
from azml_pipelines.store.kept_models import unused_models

NOW = time.time()


@pytest.fixture
def keep(workspace):
    """Make the folder of a kept model; its digest is one letter, 64 times."""

    def make(letter: str, *, hours: float = 2) -> str:
        place = workspace.kept_models / (letter * 64)
        place.mkdir(parents=True)
        (place / "MLmodel").write_text("flavors: {}")
        os.utime(place, (NOW, NOW - hours * 3600))
        return place.name

    return make


def write(workspace, name: str, text: str) -> None:
    """Write a file of the storage that may name a model."""
    file = workspace.folder.storage / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_models_that_somebody_names_stay(workspace, keep):
    """A plan, a declared pipeline or a published one; and what is young."""
    names = [keep(letter) for letter in "abcd"]
    keep("e", hours=0.5)
    write(workspace, "runs/1/plan.json", f'{{"entry_options": "x/{names[0]}"}}')
    write(workspace, "runs/2/definition.json", f'"\\"{names[1]}\\""')
    write(workspace, "published/3/definition.json", names[2])

    assert [names[3]] == [one.name for one in unused_models(workspace.folder, NOW)]


def test_a_clean_up_removes_the_others(workspace, keep):
    """And says which, with their size; a dry run only says so."""
    keep("a")

    told = clean_up(workspace.folder, workspace.catalog, CleanUpRules(), dry_run=True)
    done = clean_up(workspace.folder, workspace.catalog, CleanUpRules())

    assert [("model", "a" * 64, 11)] == [
        (one.what, one.name, one.bytes) for one in done.removed
    ]
    assert told == done
    assert [] == list(workspace.kept_models.iterdir())


def test_without_models_there_is_nothing_to_do(workspace):
    """Most workspaces have never kept one."""
    assert [] == list(unused_models(workspace.folder, NOW))
