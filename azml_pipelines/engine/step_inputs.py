"""A step's inputs on this machine: files, paths, their place in arguments."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.delimited import Delimited, column_names
from azml_pipelines.data.listing import list_files, single_file
from azml_pipelines.data.local_url import local_folder
from azml_pipelines.data.minibatch import split_files, split_tables
from azml_pipelines.errors import OutputError, UserErrorException
from azml_pipelines.worker.messages import WorkerInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.plan.run_plan import InputPlan, OutputPlan, ParallelRunStepPlan

__all__ = ["StepInput", "argument_values", "output_directory", "step_inputs"]


@dataclass(frozen=True)
class StepInput:
    """One input, found on this machine."""

    plan: InputPlan
    definition: DatasetDefinition
    root: str
    """Local folder that its files lie below, as workers see it."""
    path: str
    """What scripts get as its path: the folder, or the file when it is a single one."""

    def worker_input(self) -> WorkerInput:
        """Return the input as a worker reads it."""
        return WorkerInput(
            name=self.plan.name,
            kind=self.definition.kind,
            root=self.root,
            mode=self.plan.mode,
            path=None if self.plan.mode == "direct" else self.path,
            text=self._text(),
        )

    def mini_batches(self, number: int, size: int) -> Iterator[tuple[int, str]]:
        """Cut the input; see ``data.minibatch``."""
        paths = list_files(self.definition).paths
        text = self._text()
        if text is None:
            return split_files(number, paths, size)
        return split_tables(number, self.root, paths, size, text)

    def _text(self) -> Delimited | None:
        written = self.definition.format
        if written is None:
            return None
        text = Delimited(
            separator=written.separator,
            header=written.header,
            encoding=written.encoding,
            include_path=written.include_path,
            empty_as_string=written.empty_as_string,
            column_types=written.column_types,
            splittable=not written.support_multi_line,
        )
        if written.header != "ONLY_FIRST_FILE_HAS_HEADERS":
            return text
        first = next(list_files(self.definition).paths, None)
        if first is None:
            return text
        header_file = os.path.join(self.root, first)  # noqa: PTH118 - as workers do
        try:
            names = column_names(header_file, text)
        except (OSError, ValueError) as error:
            msg = f"input {self.plan.name!r}: no header in {header_file}: {error}"
            raise UserErrorException(msg) from error
        return replace(text, columns=names, header_file=header_file)


def step_inputs(step: ParallelRunStepPlan) -> tuple[list[StepInput], list[StepInput]]:
    """Find the inputs and the side inputs of a step.

    Raises:
        UserErrorException: One is not on this machine, or its ``path_on_compute`` is
            taken by something else.
    """
    inputs = [_find(plan) for plan in step.inputs]
    return inputs, [_find(plan) for plan in step.side_inputs]


def _definition(plan: InputPlan) -> DatasetDefinition:
    if plan.dataset is not None:
        return plan.dataset
    if plan.produced_by is None:
        msg = f"input {plan.name!r} has neither a dataset nor a step that makes it"
        raise UserErrorException(msg)
    made = plan.produced_by
    source = DataSource(
        url=made.url, path=made.path_on_datastore, datastore=made.datastore
    )
    return DatasetDefinition(kind="file", sources=(source,))


def _find(plan: InputPlan) -> StepInput:
    definition = _definition(plan)
    root = list_files(definition).root
    file = single_file(definition)
    path = file or root
    if plan.path_on_compute is not None and plan.mode != "direct":
        path = _link(plan, path)
        root = os.path.dirname(path) if file else path  # noqa: PTH120 - text stays text
        if file and os.path.basename(path) != os.path.basename(file):  # noqa: PTH119
            root = os.path.dirname(file)  # noqa: PTH120
    return StepInput(plan, definition, root, path)


def _link(plan: InputPlan, target: str) -> str:
    """Make an absolute ``path_on_compute`` lead to the input."""
    place = Path(plan.path_on_compute or "")
    if not place.is_absolute():
        return target
    if place.is_symlink() and os.path.realpath(place) == os.path.realpath(target):
        return str(place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
    except OSError as error:
        msg = (
            f"input {plan.name!r}: path_on_compute={str(place)!r} cannot be made "
            f"({error.strerror}); give a path that does not exist yet"
        )
        raise UserErrorException(msg) from error
    return str(place)


def output_directory(output: OutputPlan | None, fallback: Path) -> Path:
    """Return the folder of a step's output, made if it is missing.

    Raises:
        OutputError: It cannot be made.
    """
    folder = fallback
    if output is not None:
        folder = Path(local_folder(output.url)) / output.path_on_datastore
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        msg = f"the output folder {folder} cannot be made: {error.strerror}"
        raise OutputError(msg) from error
    return folder


def argument_values(
    step: ParallelRunStepPlan, inputs: list[StepInput], output: Path
) -> list[str]:
    """Return the step's own arguments as text, references replaced by local paths."""
    paths = {found.plan.name: found.path for found in inputs}
    values: list[str] = []
    for argument in step.arguments:
        if isinstance(argument, str):
            values.append(argument)
        elif argument.port == "output":
            values.append(str(output))
        else:
            values.append(paths[argument.name])
    return values
