"""The promises of a workspace's datasets."""

from __future__ import annotations

import pytest

from azml_pipelines import Dataset, FileDataset


def test_datasets_are_a_mapping(workspace, tmp_path):
    """The latest version by name; made when asked for; unknown names are KeyErrors."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    for name in ("a.txt", "b.txt"):
        dataset = Dataset.File.from_files(str(tmp_path / name))
        dataset.register(workspace, "letters", create_new_version=True)

    datasets = workspace.datasets

    assert (1, ["letters"]) == (len(datasets), list(datasets.keys()))
    assert isinstance(datasets["letters"], FileDataset)
    assert ("letters", 2) == (datasets["letters"].name, datasets["letters"].version)
    assert ["letters"] == [one.name for one in datasets.registrations]
    with pytest.raises(KeyError):
        datasets["digits"]
