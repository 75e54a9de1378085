"""A file is read again exactly when it may hold something else."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azml_pipelines.store.content_cache import ContentCache

if TYPE_CHECKING:
    from collections.abc import Callable


def later() -> int:
    """Return the time in a minute: nothing is young then."""
    return time.time_ns() + 60_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of three bytes."""
    path = tmp_path / "file"
    path.write_bytes(b"one")
    return path


def _look(cache: Path, file: Path, clock: Callable[[], int] = later) -> str:
    with ContentCache(cache, clock=clock) as contents:
        return contents.look(str(file)).sha256


def _poison(cache: Path) -> None:
    """Let every kept checksum be a wrong one, so that its use shows."""
    import sqlite3

    with sqlite3.connect(cache) as connection:
        connection.execute("UPDATE content SET sha256 = 'kept'")
    connection.close()


def test_what_has_not_changed_is_not_read(tmp_path: Path, file: Path) -> None:
    """The second look takes the checksum of the first."""
    cache = tmp_path / "contents.db"
    first = _look(cache, file)
    _poison(cache)

    assert first == hashlib.sha256(b"one").hexdigest()
    assert _look(cache, file) == "kept"


@pytest.mark.parametrize("change", ["rewritten", "touched", "replaced", "renamed"])
def test_what_may_have_changed_is_read(tmp_path: Path, file: Path, change: str) -> None:
    """Also when size and modification time are made to look the same."""
    cache = tmp_path / "contents.db"
    _look(cache, file)
    _poison(cache)
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    if change == "rewritten":
        file.write_bytes(b"two")
        os.utime(file, ns=times)
    elif change == "touched":
        os.utime(file, (1, 1))
    elif change == "replaced":
        other = tmp_path / "other"
        other.write_bytes(b"two")
        os.utime(other, ns=times)
        other.replace(file)
    else:
        file = file.rename(tmp_path / "new")

    assert _look(cache, file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_what_was_just_written_is_not_kept(tmp_path: Path, file: Path) -> None:
    """Another write in the same tick could leave the same times."""
    cache = tmp_path / "contents.db"
    changed = file.stat().st_ctime_ns
    _look(cache, file, lambda: changed + 1000)
    _poison(cache)

    assert _look(cache, file) == hashlib.sha256(b"one").hexdigest()


def test_a_broken_cache_costs_time_only(tmp_path: Path, file: Path) -> None:
    """It is as if nothing were kept."""
    cache = tmp_path / "contents.db"
    cache.write_bytes(b"no database" * 100)

    assert _look(cache, file) == hashlib.sha256(b"one").hexdigest()


def test_a_reader_writes_nothing(tmp_path: Path, file: Path) -> None:
    """Plans may not leave a trace."""
    cache = tmp_path / "contents.db"
    with ContentCache(cache, read_only=True, clock=later) as contents:
        contents.look(str(file))

    assert not cache.exists()


def test_files_that_are_gone_are_swept(tmp_path: Path, file: Path) -> None:
    """The others stay."""
    cache = tmp_path / "contents.db"
    other = tmp_path / "other"
    other.write_bytes(b"two")
    _look(cache, file)
    _look(cache, other)
    other.unlink()
    with ContentCache(cache) as contents:
        tried, swept, again = (
            contents.sweep(dry_run=True),
            contents.sweep(),
            contents.sweep(),
        )
    _poison(cache)

    assert (tried, swept, again) == (1, 1, 0)
    assert _look(cache, file) == "kept"


def test_names_may_be_any_bytes(tmp_path: Path) -> None:
    """A name that is no UTF-8 is kept like any other."""
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    Path(name).write_bytes(b"one")
    cache = tmp_path / "contents.db"
    _look(cache, Path(name))
    _poison(cache)

    assert _look(cache, Path(name)) == "kept"
