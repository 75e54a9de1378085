"""What the tests of runs share: small pipelines, and runs of them that have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
    Workspace,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from azml_pipelines import PipelineRun

SCRIPT = """
import os

def run(mini_batch):
    print("mini-batch of", len(mini_batch))
    return [os.path.basename(path) for path in mini_batch]
"""
FAILING_SCRIPT = """
def run(mini_batch):
    raise ValueError("not a digit")
"""


def make_pipeline(workspace: Workspace, folder: Path, script: str) -> Pipeline:
    """Declare one step over three files, in mini-batches of one."""
    source = folder / "source"
    images = folder / "images"
    for place in (source, images):
        place.mkdir(parents=True, exist_ok=True)
    (source / "score.py").write_text(script)
    for number in range(3):
        (images / f"{number}.txt").write_text(str(number))
    dataset = PipelineParameter("images", Dataset.File.from_files(str(images)))
    config = ParallelRunConfig(
        source_directory=str(source),
        entry_script="score.py",
        mini_batch_size=PipelineParameter("batch_size", "1"),
        error_threshold=0,
        output_action="append_row",
        append_row_file_name="names.txt",
        environment=Environment("scoring"),
        compute_target="local",
        node_count=1,
        process_count_per_node=1,
        run_max_try=1,
    )
    step = ParallelRunStep(
        name="score-files",
        parallel_run_config=config,
        inputs=[dataset_input(dataset)],
        output=PipelineData("names", pipeline_output_name="all_names"),
    )
    return Pipeline(workspace, [step])


def dataset_input(parameter: PipelineParameter) -> object:
    """Return the parameter as a mounted input."""
    from azml_pipelines import DatasetConsumptionConfig

    return DatasetConsumptionConfig("images_input", parameter).as_mount()


@pytest.fixture
def pipeline(workspace: Workspace, tmp_path: Path) -> Pipeline:
    """One step over three files that returns their names."""
    return make_pipeline(workspace, tmp_path, SCRIPT)


@pytest.fixture(scope="module")
def module_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace that the tests of one file only read."""
    folder = tmp_path_factory.mktemp("runs")
    return Workspace.create("reading", path=folder, show_output=False)


@pytest.fixture(scope="module")
def ended_run(
    module_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], PipelineRun]:
    """A function that runs a script over three files and waits for the end."""

    def submit(script: str) -> PipelineRun:
        folder = tmp_path_factory.mktemp("pipeline")
        pipeline = make_pipeline(module_workspace, folder, script)
        experiment = Experiment(module_workspace, "reading")
        run = experiment.submit(pipeline, tags={"purpose": "test"})
        run.wait_for_completion(show_output=False, raise_on_error=False)
        return run

    return submit


@pytest.fixture(scope="module")
def finished(ended_run: Callable[[str], PipelineRun]) -> PipelineRun:
    """A run that has finished."""
    return ended_run(SCRIPT)


@pytest.fixture(scope="module")
def failed(ended_run: Callable[[str], PipelineRun]) -> PipelineRun:
    """A run whose script has raised an error for each file."""
    return ended_run(FAILING_SCRIPT)
