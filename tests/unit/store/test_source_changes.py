"""Whether a source directory is still what its snapshot is."""

from __future__ import annotations

import pytest

from azml_pipelines.store.snapshot import copy_snapshot
from azml_pipelines.store.source_changes import Changes, compare_source


@pytest.fixture
def source(tmp_path):
    """A source directory whose snapshot is beside it."""
    folder = tmp_path / "source"
    (folder / "model").mkdir(parents=True)
    (folder / "score.py").write_text("1")
    (folder / "model" / "weights.txt").write_text("abc")
    (folder / ".amlignore").write_text("*.log\n")
    copy_snapshot(folder, tmp_path / "snapshot")
    return folder


def changes(source):
    """Compare it."""
    return compare_source(source, source.parent / "snapshot")


def test_nothing_has_changed(source):
    """What a snapshot leaves out does not count."""
    (source / "__pycache__").mkdir()
    (source / "__pycache__" / "score.pyc").write_text("")
    (source / "debug.log").write_text("talk")

    assert not changes(source)


def test_every_kind_of_change(source):
    """Changed by content, added, removed; folders included."""
    (source / "score.py").write_text("2")
    (source / "model" / "weights.txt").rename(source / "model" / "new.txt")

    assert changes(source) == Changes(
        added=("model/new.txt",), changed=("score.py",), removed=("model/weights.txt",)
    )


def test_the_same_size_and_time_do_not_hide_a_change(source):
    """Content decides."""
    import os

    before = (source / "score.py").stat()
    (source / "score.py").write_text("2")
    os.utime(source / "score.py", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert ("score.py",) == changes(source).changed


def test_a_source_that_is_gone_has_not_changed(source):
    """Nobody can have edited it; the run has its own copy."""
    source.rename(source.with_name("elsewhere"))

    assert not changes(source)


def test_a_long_list_is_short_for_people():
    """Three names, and how many more."""
    many = Changes(added=tuple("abcdef"), changed=("x",))

    assert "changed x, added a b c and 3 more" == many.text
