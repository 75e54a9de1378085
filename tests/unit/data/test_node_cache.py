"""Fetched once, shared, bounded, and never taken away while in use."""

from __future__ import annotations

import multiprocessing
import os
import stat
import threading

import pytest

from azml_pipelines.data.file_store import StoredFile, StoreLocation
from azml_pipelines.data.node_cache import NodeCache, cache_key


@pytest.fixture
def fetch():
    """Writes a text of some length, and counts how often."""

    class Fetch:
        count = 0

        def __call__(self, text="x"):
            def write(path):
                self.count += 1
                path.write_text(text)

            return write

    return Fetch()


def test_a_file_is_fetched_once(tmp_path, fetch):
    """Also for two that use it, one after the other."""
    cache = NodeCache(tmp_path / "cache")
    first, second = cache.lease(), cache.lease()

    places = [lease.hold("k", fetch("hello")) for lease in (first, second)]

    assert places[0] == places[1]
    assert "hello" == places[0].read_text()
    assert 1 == fetch.count


def test_many_at_the_same_time_fetch_once(tmp_path):
    """Threads that want the same file wait for the one that fetches it."""
    cache = NodeCache(tmp_path / "cache")
    count = []

    def slow(path):
        count.append(1)
        path.write_text("a" * 100_000)

    def take():
        for key in "abcdefgh":
            lease = cache.lease()
            assert 100_000 == lease.hold(key, slow).stat().st_size

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 8 == len(count)


def test_what_is_in_use_stays(tmp_path, fetch):
    """The rest goes, the longest unused first, until the files fit."""
    cache = NodeCache(tmp_path / "cache", most_bytes=1000)
    used, free = cache.lease(), cache.lease()
    held = used.hold("held", fetch("h" * 400))
    places = {}
    for number in range(5):
        places[number] = free.hold(f"k{number}", fetch("x" * 200))
        os.utime(places[number], (number, number))
    free.close()

    would_go = cache.trim(dry_run=True)
    before = [number for number in range(5) if places[number].exists()]
    gone = cache.trim()

    assert [0, 1, 2, 3, 4] == before
    assert (3, 600) == would_go == gone
    assert held.exists()
    assert [4, 3] == [number for number in (4, 3, 2, 1, 0) if places[number].exists()]


def test_the_limit_holds_without_being_asked(tmp_path, fetch):
    """Whoever fetches also makes room."""
    cache = NodeCache(tmp_path / "cache", most_bytes=10_000)
    lease = cache.lease()
    for number in range(100):
        lease.hold(f"k{number}", fetch("x" * 1000))
        lease.let_go(f"k{number}")

    total = sum(
        file.stat().st_size for file in (tmp_path / "cache/objects").glob("*/*")
    )

    assert total <= 11_000


def test_a_failed_fetch_leaves_nothing(tmp_path, fetch):
    """The next one begins from nothing."""
    cache = NodeCache(tmp_path / "cache")
    lease = cache.lease()

    def broken(path):
        path.write_text("half")
        msg = "cut"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError):
        lease.hold("k", broken)

    assert [] == list((tmp_path / "cache/incoming").iterdir())
    assert "whole" == lease.hold("k", fetch("whole")).read_text()


def test_leases_of_the_dead_are_swept(tmp_path, fetch):
    """Who was killed uses nothing any more."""
    cache = NodeCache(tmp_path / "cache", most_bytes=1)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_hold_and_die, args=(tmp_path / "cache",))
    process.start()
    process.join()

    cache.trim()

    assert [] == list((tmp_path / "cache/leases").iterdir())
    assert [] == list((tmp_path / "cache/objects").glob("*/*"))


def _hold_and_die(folder):
    lease = NodeCache(folder).lease()
    lease.hold("k", lambda path: path.write_text("x" * 100))
    os._exit(9)


def test_others_cannot_look(tmp_path, fetch):
    """Folders are 0700, files are read-only and their owner's."""
    cache = NodeCache(tmp_path / "cache")
    lease = cache.lease()
    place = lease.hold("k", fetch())
    folders = [path for path in (tmp_path / "cache").rglob("*") if path.is_dir()]

    assert 0o400 == stat.S_IMODE(place.stat().st_mode)
    assert {0o700} == {stat.S_IMODE(folder.stat().st_mode) for folder in folders}


def test_a_key_names_store_path_and_version():
    """The same file seen from two folders of a store is the same bytes."""
    whole = StoreLocation("s3://b", {"endpoint_url": "http://x", "key": "env:A"})
    inner = StoreLocation("s3://b/in", {"endpoint_url": "http://x", "key": "env:B"})
    other = StoreLocation("s3://b", {"endpoint_url": "http://y"})
    key = cache_key(whole, StoredFile("in/a", 1, "t"))

    assert key == cache_key(inner, StoredFile("a", 1, "t"))
    assert key != cache_key(other, StoredFile("in/a", 1, "t"))
    assert key != cache_key(whole, StoredFile("in/a", 2, "t"))
    assert key != cache_key(whole, StoredFile("in/a", 1, "u"))
