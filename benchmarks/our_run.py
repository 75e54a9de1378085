"""Declares, submits and watches our own runs."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    Workspace,
)

if TYPE_CHECKING:
    from azml_pipelines import DatasetConsumptionConfig, PipelineRun
    from azml_pipelines.pipeline.input_port import InputPortBinding
    from benchmarks.work import Work

__all__ = ["declare", "orchestrator", "output_of", "submit", "workspace_of"]

STEP = "bench"
ROWS = "rows"
_FILE = "parallel_run_step.txt"


def workspace_of(work: Work) -> Workspace:
    """Make a workspace in the folder of this round."""
    place = Path(work.scratch, "workspace")
    return Workspace.create("bench", path=place, show_output=False)


def declare(
    workspace: Workspace,
    work: Work,
    *,
    name: str = STEP,
    after: InputPortBinding | None = None,
) -> tuple[ParallelRunStep, PipelineData]:
    """Declare one step.

    Args:
        after: The output of another step, to be read instead of the files.
    """
    settings: dict[str, Any] = {
        "environment": Environment("current"),
        "source_directory": str(work.source),
        "entry_script": "score.py",
        "error_threshold": -1,
        "output_action": "append_row",
        "compute_target": "local",
        "node_count": 1,
        "process_count_per_node": work.processes,
        "mini_batch_size": work.mini_batch_size,
        "append_row_file_name": _FILE,
        "environment_variables": work.environment,
    }
    output = PipelineData(
        f"{ROWS}_{name.replace('-', '_')}",
        datastore=workspace.get_default_datastore(),
    )
    step = ParallelRunStep(
        name=name,
        parallel_run_config=ParallelRunConfig(**settings),
        inputs=[after if after is not None else _input(work)],
        output=output,
        allow_reuse=False,
    )
    return step, output


def _input(work: Work) -> DatasetConsumptionConfig:
    kind = work.options.get("input", "files")
    if kind == "csv":
        return Dataset.Tabular.from_delimited_files(work.folder).as_named_input("table")
    if kind == "parquet":
        return Dataset.Tabular.from_parquet_files(work.folder).as_named_input("table")
    # A folder that is named several times is listed as often: many items, few files.
    times = max(1, work.items // work.distinct)
    files = Dataset.File.from_files([work.folder] * times)
    return files.as_named_input("files").as_mount()


def submit(workspace: Workspace, pipeline: Pipeline) -> PipelineRun:
    """Submit, and print nothing."""
    with contextlib.redirect_stdout(io.StringIO()):
        return Experiment(workspace, "bench").submit(pipeline)


def output_of(run: PipelineRun, name: str = STEP) -> Path:
    """Return the path of the rows."""
    step = run.find_step_run(name)[0]
    place = step.get_output_data(f"{ROWS}_{name.replace('-', '_')}")
    root = Path(place.datastore.settings.url.removeprefix("file://"))
    return root / place.path_on_datastore / _FILE


def orchestrator(run: PipelineRun) -> int | None:
    """Return the process id of a run's orchestrator, if it has one."""
    from azml_pipelines.store.run_facts import read_run_facts  # noqa: PLC0415

    driver = read_run_facts(run.folder).driver
    return None if driver is None else driver.pid
