"""Files appear in the order of need, stay while needed, or it is said why not."""

from __future__ import annotations

import json
import threading
import time
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from azml_pipelines.data.file_store import StoredFile, StoreLocation, open_store
from azml_pipelines.data.node_cache import NodeCache
from azml_pipelines.data.prefetch import Prefetch, SuppliedFolder, files_of
from azml_pipelines.data.supply import (
    InputFileError,
    InputStoreError,
    SuppliedInput,
    everything_failed,
    forget_failures,
    wait_for,
)


class _Store:
    """A store in memory that notes what is asked for, and waits if it is told to."""

    def __init__(self, folder):
        self._store = open_store(StoreLocation(f"memory://{uuid4().hex}"))
        self._folder = folder
        self.location = self._store.location
        self.fetched = []
        self.gate = threading.Event()
        self.gate.set()

    def add(self, path, text):
        (self._folder / "source").write_text(text)
        return self._store.put(self._folder / "source", path)

    def fetch(self, file, destination):
        self.gate.wait(10)
        self.fetched.append(file.path)
        self._store.fetch(file, destination)

    def __getattr__(self, name):
        return getattr(self._store, name)


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    return _Store(tmp_path)


@pytest.fixture
def lease(tmp_path):
    """Of a cache for a few files of a hundred bytes."""
    with closing(NodeCache(tmp_path / "cache", most_bytes=1000).lease()) as lease:
        yield lease


@pytest.fixture
def prefetch(store, lease, tmp_path):
    """Fetches into ``in``, one file at a time, for two workers."""
    supplied = SuppliedFolder(store, tmp_path / "in")
    with closing(Prefetch({0: supplied}, lease, abreast=2, threads=1)) as prefetch:
        yield prefetch


def _line(*files):
    marks = [[file.size, file.tag, file.md5] for file in files]
    names = [file.path for file in files]
    return json.dumps([0, len(files), names, marks]).encode()


def test_a_line_names_its_files():
    """And lines of inputs that are read where they are name none."""
    file = StoredFile("a/b.txt", 3, "tag", None)

    assert (0, [file]) == files_of(_line(file))
    assert (1, []) == files_of(b'[1,1,["x"]]')
    assert (2, []) == files_of(b'[2,0,["x",0,10]]')


def test_what_is_taken_appears(prefetch, store, tmp_path):
    """At its path below the folder, with its bytes."""
    files = [store.add(f"d/{number}.txt", str(number)) for number in range(5)]
    prefetch.take(1, [_line(*files[:2]), _line(*files[2:])])
    reader = SuppliedInput(str(tmp_path / "in"), str(tmp_path / "in"))

    paths = reader.load([file.path for file in files])

    assert [f"{tmp_path}/in/d/{number}.txt" for number in range(5)] == paths
    assert ["0", "1", "2", "3", "4"] == [Path(path).read_text() for path in paths]


def test_the_next_mini_batch_of_every_bundle_comes_first(prefetch, store, tmp_path):
    """A long bundle does not keep another worker waiting."""
    store.gate.clear()
    long = [store.add(f"long{number}", "x") for number in range(4)]
    short = store.add("short", "x")
    prefetch.take(1, [_line(file) for file in long])
    prefetch.take(2, [_line(short)])
    store.gate.set()
    wait_for(str(tmp_path / "in"), "long3")

    assert store.fetched.index("short") <= 2


def test_what_waits_for_a_worker_does_not_delay_what_has_one(prefetch, store, tmp_path):
    """Two workers have a bundle each; the third bundle comes after both."""
    store.gate.clear()
    bundles = [
        [store.add(f"{name}{number}", "x") for number in range(3)] for name in "abc"
    ]
    for number, files in enumerate(bundles):
        prefetch.take(number, [_line(file) for file in files])
    store.gate.set()
    wait_for(str(tmp_path / "in"), "c2")

    assert ["c0", "c1", "c2"] == store.fetched[-3:]
    assert {"a1", "b1"} == set(store.fetched[2:4])


def test_a_file_that_has_gone_says_so(prefetch, store, tmp_path):
    """To whoever waits for it; the others come."""
    good, bad = store.add("good", "x"), store.add("bad", "x")
    store.delete("bad")
    prefetch.take(1, [_line(bad), _line(good)])
    folder = str(tmp_path / "in")

    with pytest.raises(InputFileError, match="bad") as caught:
        wait_for(folder, "bad")

    assert caught.value.reason == "missing"
    assert wait_for(folder, "good")


def test_a_failed_file_is_tried_again_with_the_next_try(prefetch, store, tmp_path):
    """The reason of the last one does not stand in its way."""
    folder = str(tmp_path / "in")
    file = store.add("late", "x")
    store.delete("late")
    prefetch.take(1, [_line(file)])
    with pytest.raises(InputFileError):
        wait_for(folder, "late")
    prefetch.drop(1)
    back = store.add("late", "x")
    forget_failures(folder, [_line(back)])
    prefetch.take(2, [_line(back)])

    assert wait_for(folder, "late")


def test_what_is_needed_stays_and_the_rest_may_go(prefetch, store, lease, tmp_path):
    """A file of two bundles stays until both are done with it."""
    file = store.add("shared", "x" * 100)
    folder = str(tmp_path / "in")
    prefetch.take(1, [_line(file)])
    prefetch.take(2, [_line(file)])
    wait_for(folder, "shared")
    prefetch.drop(1)
    links = (tmp_path / "in/shared").stat().st_nlink
    prefetch.drop(2)

    assert links == 2
    assert (tmp_path / "in/shared").stat().st_nlink == 1
    assert ["shared"] == store.fetched


def test_everything_can_fail(tmp_path):
    """Nobody waits for files that cannot come."""
    folder = str(tmp_path / "in")
    everything_failed(folder, "the store is closed")

    with pytest.raises(InputStoreError, match="closed"):
        wait_for(folder, "any")

    forget_failures(folder)
    started = time.monotonic()
    with pytest.raises(InputStoreError, match="has not arrived"):
        wait_for(folder, "any", patience=0.05)
    assert time.monotonic() - started < 5
