"""Where the rows of a parallel job go, and what its script writes by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from azml_pipelines.azure_v2.expression import single
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.azure_v2.level import Job
    from azml_pipelines.pipeline.pipeline_data import PipelineData

__all__ = ["RowOutputs", "row_outputs"]

_DEFAULT_FILE = "parallel_run_step.txt"


@dataclass(frozen=True)
class RowOutputs:
    """The outputs of a parallel job."""

    output: PipelineData | None
    """Where rows go; else the first one that the script writes, if there is one."""
    sides: list[PipelineData]
    file_name: str | None
    """Of the rows; None when they are only counted."""


def row_outputs(append_row_to: str | None, job: Job, place: Place) -> RowOutputs:
    """Find the output that rows are appended to.

    Args:
        append_row_to: As the task says it.
        job: The job.
        place: Where the task says it.

    Raises:
        BadDocumentError: It is no output of the job.
    """
    outputs = dict(job.outputs)
    files = {
        name: _split_file(data, _DEFAULT_FILE if append_row_to else name)
        for name, data in outputs.items()
        if data.is_directory is False
    }
    if append_row_to is None:
        every = list(outputs.values())
        return RowOutputs(next(iter(every), None), every[1:], None)
    expression = single(append_row_to)
    name = None if expression is None else expression.after("outputs.")
    if name is None or name not in outputs:
        text = (
            f"is {shown(append_row_to)}; write ${{{{outputs.NAME}}}}, of "
            f"{listed(outputs)}."
        )
        raise place.problem(text)
    data = outputs.pop(name)
    return RowOutputs(data, list(outputs.values()), files.get(name, _DEFAULT_FILE))


def _split_file(data: PipelineData, default: str) -> str:
    """Have a step that writes into a folder write one file; return its name."""
    data.is_directory = True
    data.file_name = default
    if data.path_template is not None:
        path = PurePosixPath(data.path_template)
        data.path_template, data.file_name = str(path.parent), path.name
    return data.file_name
