"""A storage folder is its owner's alone."""

from __future__ import annotations

import os
import stat

import pytest

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.store.private_folder import check_private, make_private


@pytest.fixture
def storage(tmp_path):
    """A folder as it should be."""
    folder = tmp_path / ".azml"
    folder.mkdir(mode=0o700)
    return folder


def test_as_it_should_be(storage, tmp_path):
    """Nothing happens, also when there is none yet."""
    check_private(storage)
    check_private(tmp_path / "missing")

    assert 0o700 == stat.S_IMODE(storage.stat().st_mode)


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o705])
def test_open_to_readers_is_closed(storage, mode):
    """Others could only look; now they cannot."""
    storage.chmod(mode)
    check_private(storage)

    assert 0o700 == stat.S_IMODE(storage.stat().st_mode)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o720])
def test_open_to_writers_is_refused(storage, mode):
    """What lies there may be somebody else's code."""
    storage.chmod(mode)

    with pytest.raises(WorkspaceException, match="chmod 700"):
        check_private(storage)


@pytest.mark.parametrize("make", ["symlink_to", "touch"])
def test_no_folder_is_refused(storage, tmp_path, make):
    """A link leads where somebody else wants it to."""
    place = tmp_path / "place"
    place.symlink_to(storage) if make == "symlink_to" else place.touch()

    with pytest.raises(WorkspaceException, match="no folder"):
        check_private(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_is_refused(storage):
    """Its owner could change it at any time."""
    os.chown(storage, 65534, 65534)

    with pytest.raises(WorkspaceException, match="belongs to user 65534"):
        check_private(storage)


def test_folders_between_are_private_too(storage):
    """``mkdir(parents=True)`` would leave them open."""
    make_private(storage / "a" / "b" / "c", storage)

    for folder in (storage / "a", storage / "a" / "b", storage / "a" / "b" / "c"):
        assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
