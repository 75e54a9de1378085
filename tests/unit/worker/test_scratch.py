"""Scratch folders go with their step, and only their own."""

from __future__ import annotations

import pytest

from azml_pipelines.worker.scratch import clear_scratch


@pytest.mark.parametrize("epoch", ["2", "10"])
def test_what_earlier_epochs_have_left_goes_too(tmp_path, epoch):
    """Later ones, and the copies of nodes, have other owners."""
    for name in ("scratch-1", "scratch-2", "scratch-10", "scratch-11", "node-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    clear_scratch(str(tmp_path / f"scratch-{epoch}"))
    left = {one.name for one in tmp_path.iterdir()}

    assert left == {"node-1", "scratch-11", *(["scratch-10"] if epoch == "2" else [])}


@pytest.mark.parametrize("name", ["", "missing/scratch-1"])
def test_what_was_never_made_is_not_missed(tmp_path, name):
    """Most steps have none."""
    clear_scratch(name and str(tmp_path / name))

    assert list(tmp_path.iterdir()) == []
