"""What is brought to a store at the end of a step, and what is taken away there."""

from __future__ import annotations

from uuid import uuid4

import pytest

from azml_pipelines.data.file_store import StoreLocation, open_store
from azml_pipelines.engine.output_place import OutputPlace
from azml_pipelines.store.journal import LostRunError


@pytest.fixture
def place(tmp_path):
    """An output at ``out`` of a store in memory, with a file and a folder there."""
    place = OutputPlace(tmp_path, StoreLocation(f"memory://{uuid4().hex}"), "out")
    store = open_store(place.location)
    (tmp_path / "old").touch()
    for path in ("out/beside", "out/rows/half=7/x", "elsewhere"):
        store.put(tmp_path / "old", path)
    (tmp_path / "old").unlink()
    return place


def _paths(place):
    return [file.path for file in open_store(place.location).files()]


def _ours():
    """Say nothing: the run still is ours to finish."""


OTHERS = ["elsewhere", "out/beside"]


def test_a_folder_takes_the_place_of_the_one_that_was_there(place):
    """Files that the new one does not have are gone; what is beside it stays."""
    (place.folder / "rows/half=0").mkdir(parents=True)
    (place.folder / "rows/half=0/x").touch()
    (place.folder / "new").touch()
    place.deliver("rows", _ours)
    place.deliver("rows", _ours)

    assert [*OTHERS, "out/new", "out/rows/half=0/x"] == _paths(place)


@pytest.mark.parametrize("last", ["", "rows.txt"])
def test_nothing_else_takes_anything_away(place, last):
    """Neither one file, nor an output without rows."""
    (place.folder / "rows.txt").touch()
    place.deliver(last, _ours)

    assert [*OTHERS, "out/rows.txt", "out/rows/half=7/x"] == sorted(_paths(place))


def test_it_is_known_what_is_there(place):
    """A file or a folder; not the beginning of a name."""
    names = ("beside", "rows", "row", "new")

    assert [True, True, False, False] == [place.holds(name) for name in names]


def test_whoever_has_lost_its_run_brings_nothing_more(place):
    """What was put is what another one puts, too; nothing is taken away."""
    (place.folder / "rows").mkdir()
    for number in range(100):
        (place.folder / "rows" / f"{number:03d}").touch()
    answers = iter([None, None])

    def lost():
        if next(answers, "lost"):
            msg = "taken over"
            raise LostRunError(msg)

    with pytest.raises(LostRunError):
        place.deliver("rows", lost)

    assert "out/rows/half=7/x" in _paths(place)
    assert 64 == sum(path.startswith("out/rows/0") for path in _paths(place))
