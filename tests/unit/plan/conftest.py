"""A pipeline like the tutorial's, and ways to compile it."""

from __future__ import annotations

import pytest

from azml_pipelines import (
    Dataset,
    DatasetConsumptionConfig,
    Environment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
)
from azml_pipelines.plan.compiler import compile_plan
from azml_pipelines.plan.describe import describe
from azml_pipelines.plan.run_plan import WorkspacePlan


@pytest.fixture
def scripts(tmp_path):
    """A source directory with an entry script."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "score.py").write_text("def run(mini_batch): return mini_batch\n")
    return folder


@pytest.fixture
def images(tmp_path):
    """A file dataset of two files."""
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "0.png").touch()
    (folder / "1.png").touch()
    return Dataset.File.from_files(str(folder))


@pytest.fixture
def table(tmp_path):
    """A table of one row."""
    file = tmp_path / "table.csv"
    file.write_text("a;b\n1;2\n")
    return Dataset.Tabular.from_delimited_files(str(file), separator=";")


@pytest.fixture
def step_of(scripts, images):
    """Make a step; what is not its own goes to its configuration."""

    def make(name="score-images", output=None, **given):
        own = {"inputs": [images.as_named_input("images")]} | {
            key: given.pop(key)
            for key in ("inputs", "side_inputs", "arguments")
            if key in given
        }
        settings = {
            "environment": Environment("scoring"),
            "entry_script": "score.py",
            "error_threshold": 10,
            "output_action": "append_row",
            "compute_target": "local",
            "node_count": 2,
            "source_directory": str(scripts),
        }
        return ParallelRunStep(
            name,
            ParallelRunConfig(**settings | given),
            output=output or PipelineData("scores"),
            **own,
        )

    return make


@pytest.fixture
def definition_of(workspace):
    """Describe a pipeline of steps."""

    def make(*steps, **given):
        return describe(Pipeline(workspace, list(steps), **given))

    return make


@pytest.fixture
def compiled():
    """Compile a definition with values."""

    def make(definition, values=(), **given):
        return compile_plan(
            definition,
            dict(values),
            **{
                "run_id": "run-1",
                "experiment": "digits",
                "workspace": WorkspacePlan(name="testing", root="/workspace"),
            }
            | given,
        )

    return make


@pytest.fixture
def tutorial(step_of, images):
    """The tutorial's step, with its three parameters."""
    images_parameter = PipelineParameter("mnist_param", images)
    return step_of(
        "predict-digits-mnist",
        inputs=[DatasetConsumptionConfig("minist_param_config", images_parameter)],
        mini_batch_size=PipelineParameter("batch_size_param", "5"),
        process_count_per_node=PipelineParameter("process_count_param", 2),
        append_row_file_name="mnist_outputs.txt",
    )
