"""What the tests of this room declare again and again."""

from __future__ import annotations

import pytest

from azml_pipelines import Dataset, Environment, ParallelRunConfig, ParallelRunStep


@pytest.fixture
def scripts(tmp_path):
    """A source directory with an entry script."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "score.py").write_text("def run(mini_batch): return mini_batch\n")
    return folder


@pytest.fixture
def config_of(scripts):
    """Make a valid ParallelRunConfig, but for what is given."""

    def make(**given):
        return ParallelRunConfig(
            **{
                "environment": Environment("scoring"),
                "entry_script": "score.py",
                "error_threshold": -1,
                "output_action": "append_row",
                "compute_target": "local",
                "node_count": 1,
                "source_directory": str(scripts),
            }
            | given
        )

    return make


@pytest.fixture
def images(tmp_path):
    """A file dataset; its files need not exist."""
    return Dataset.File.from_files(str(tmp_path / "images"), validate=False)


@pytest.fixture
def table(tmp_path):
    """A table of one row."""
    file = tmp_path / "table.csv"
    file.write_text("a,b\n1,2\n")
    return Dataset.Tabular.from_delimited_files(str(file))


@pytest.fixture
def step_of(config_of, images):
    """Make a valid ParallelRunStep, but for what is given."""

    def make(name="score-images", **given):
        return ParallelRunStep(
            **{
                "name": name,
                "parallel_run_config": config_of(output_action="summary_only"),
                "inputs": [images.as_named_input("images")],
            }
            | given
        )

    return make
