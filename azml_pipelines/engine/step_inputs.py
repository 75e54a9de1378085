"""A step's inputs on this machine: files, paths, their place in arguments."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.data.definition import MLTableFormat
from azml_pipelines.data.file_store import is_local
from azml_pipelines.data.listing import list_files, shows_a_choice, single_file
from azml_pipelines.data.local_url import local_folder
from azml_pipelines.data.minibatch import (
    split_files,
    split_files_by_bytes,
    split_files_by_sizes,
    split_groups,
    split_tables,
)
from azml_pipelines.data.partition_groups import file_groups
from azml_pipelines.data.remote_listing import is_remote
from azml_pipelines.data.table import TableReader
from azml_pipelines.data.table_definition import partition_of, table_of
from azml_pipelines.engine.remote_input import RemoteInput
from azml_pipelines.errors import OutputError, UserErrorException
from azml_pipelines.plan.run_plan import Joined
from azml_pipelines.store.execution_overrides import read_overrides
from azml_pipelines.store.run_reader import read_step_state
from azml_pipelines.worker.messages import WorkerInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from azml_pipelines.data.definition import DatasetDefinition, DataSource
    from azml_pipelines.data.mini_batch_size import MiniBatchSize
    from azml_pipelines.data.minibatch import Sizes
    from azml_pipelines.data.table import Table
    from azml_pipelines.engine.remote_input import InputSupply
    from azml_pipelines.plan.run_plan import (
        Argument,
        InputPlan,
        OutputPlan,
        ParallelRunStepPlan,
    )
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = [
    "StepInput",
    "argument_values",
    "input_definition",
    "listed_at",
    "output_directory",
    "step_inputs",
    "whole_inputs",
]


@dataclass(frozen=True)
class StepInput:
    """One input, found on this machine."""

    plan: InputPlan
    definition: DatasetDefinition
    root: str
    """Local folder that its files lie below, as workers see it."""
    path: str
    """What scripts get as its path: the folder, or the file when it is a single one."""
    remote: RemoteInput | None = None
    """Set when its files are fetched while the step runs."""
    keys: tuple[str, ...] = ()
    """Partition keys to cut by."""
    found_at: int = field(default_factory=time.time_ns)
    """A file that was changed later is not the one that is listed."""
    written_by: int = 0
    """See ``listed_at``; 0 asks for nothing."""

    def worker_input(self) -> WorkerInput:
        """Return the input as a worker reads it."""
        return WorkerInput(
            name=self.plan.name,
            kind=self.definition.kind,
            root=self.root,
            mode=self.plan.mode,
            path=None if self.plan.mode == "direct" else self.path,
            table=self._table(),
            definition=self.definition.model_dump_json(),
            partition=partition_of(self.definition, self._listed_root),
            keys=self.keys,
            supply=None if self.remote is None else str(self.remote.folder),
            found_at=self.found_at if self._stays else 0,
            written_by=self.written_by,
        )

    def mini_batches(
        self, number: int, size: MiniBatchSize, sizes: Sizes | None = None
    ) -> Iterator[tuple[int, str]]:
        """Cut the input; see ``data.minibatch``.

        Args:
            number: Which input of the step it is, from 0.
            size: Of the mini-batches.
            sizes: Says how many files come next where ``size`` is ``auto``.
        """
        if self.remote is not None and self.keys:
            partition = partition_of(self.definition, list_files(self.definition).root)
            return self.remote.groups(number, partition, self.keys)
        if self.remote is not None:
            return self.remote.mini_batches(number, size, sizes)
        paths = list_files(self.definition).paths
        table = self._table()
        if self.keys:
            return self._cut_groups(number, paths, tables=table is not None)
        if table is None:
            return self._cut_files(number, paths, size, sizes)
        return split_tables(number, self._reader(table), paths, size)

    def _reader(self, table: Table) -> TableReader:
        return TableReader(table, self.root, stamped=self._stays)

    @property
    def _stays(self) -> bool:
        """Whether files are what they were for as long as nobody changes them."""
        return self.plan.dataset is not None and not is_remote(self.plan.dataset)

    def _cut_groups(
        self, number: int, paths: Iterator[str], *, tables: bool
    ) -> Iterator[tuple[int, str]]:
        partition = partition_of(self.definition, self._listed_root)
        try:
            groups = file_groups(
                self.root, paths, partition, self.keys, stamped=self._stays
            )
        except ValueError as error:
            msg = f"input {self.plan.name!r} cannot be partitioned: {error}"
            raise UserErrorException(msg) from error
        return split_groups(number, groups, tables=tables)

    def _cut_files(
        self,
        number: int,
        paths: Iterator[str],
        size: MiniBatchSize,
        sizes: Sizes | None,
    ) -> Iterator[tuple[int, str]]:
        if size.unit == "bytes":
            root = list_files(self.definition).root
            return split_files_by_bytes(number, root, paths, size.amount)
        if size.unit == "auto" and sizes is not None:
            return split_files_by_sizes(number, paths, sizes)
        return split_files(number, paths, size.amount or 1)

    def _table(self) -> Table | None:
        found = self.definition

        def first_file() -> str | None:
            return next(list_files(found).paths, None)

        try:
            return table_of(found, self._listed_root, first_file)
        except (OSError, ValueError) as error:
            msg = f"input {self.plan.name!r} cannot be read as a table: {error}"
            raise UserErrorException(msg) from error

    @property
    def _listed_root(self) -> str:
        """The folder that paths are relative to, which ``root`` may only lead to."""
        if not self.definition.partition:
            return self.root
        return list_files(self.definition).root


def listed_at(folder: RunFolder, position: int) -> int:
    """Return by when the files of a list that is finished have to have been written.

    That is when the step first started, or the newest resume that was allowed to go on
    although things had changed.

    Args:
        folder: Of the run.
        position: Of the step in the plan.

    Returns:
        Nanoseconds since 1970; 0 when this process makes the list.
    """
    step = read_step_state(folder, position)
    if step.total_mini_batches is None or step.started is None:
        return 0
    allowed = [found.inputs_as_of or 0.0 for found in read_overrides(folder)]
    return int(max([step.started, *allowed]) * 1e9)


def step_inputs(
    step: ParallelRunStepPlan,
    supply: InputSupply | None = None,
    written_by: int = 0,
) -> tuple[list[StepInput], list[StepInput]]:
    """Find the inputs and the side inputs of a step.

    Args:
        step: The step.
        supply: Where those on remote stores become local; side inputs, tables and what
            is to be downloaded are fetched here and now.
        written_by: See ``listed_at``.

    Raises:
        UserErrorException: One cannot be found, or its ``path_on_compute`` is taken by
            something else.
    """
    keys = tuple(step.settings.partition_keys or ())
    inputs = [
        replace(_find(plan, supply), keys=keys, written_by=written_by)
        for plan in step.inputs
    ]
    return inputs, whole_inputs(step.side_inputs, supply)


def input_definition(plan: InputPlan) -> DatasetDefinition:
    """Return what an input reads: its dataset, or what an earlier step has made.

    Raises:
        UserErrorException: It has neither.
    """
    definition = plan.definition
    if definition is None:
        msg = f"input {plan.name!r} has neither a dataset nor a step that makes it"
        raise UserErrorException(msg)
    if isinstance(definition.format, MLTableFormat):
        return _described(plan, definition)
    return definition


def _described(plan: InputPlan, definition: DatasetDefinition) -> DatasetDefinition:
    """Return the dataset that an MLTable describes which a step has written."""
    from azml_pipelines.data.mltable import read_mltable  # noqa: PLC0415 - few runs need it

    source = definition.sources[0]
    place: Path | DataSource = source
    if is_local(source.url):
        place = Path(local_folder(source.url)) / source.path
    found = read_mltable(place).definition
    if found.kind != definition.kind:
        what, mode = ("files", "ro_mount or eval_mount")
        if found.kind == "tabular":
            what, mode = ("a table", "direct")
        msg = f"input {plan.name!r}: its MLTable describes {what}; set mode: {mode}"
        raise UserErrorException(msg)
    return found


def whole_inputs(
    plans: Iterable[InputPlan], supply: InputSupply | None = None
) -> list[StepInput]:
    """Find inputs that are not cut; see ``step_inputs``."""
    return [_find(plan, supply, side=True) for plan in plans]


def _find(
    plan: InputPlan, supply: InputSupply | None, *, side: bool = False
) -> StepInput:
    definition = input_definition(plan)
    if is_remote(definition):
        if side and plan.mode == "direct":
            url = list_files(definition).root
            return StepInput(plan, definition, url, url)
        if supply is None:
            msg = f"input {plan.name!r} is not on this machine"
            raise UserErrorException(msg)
        if not side and definition.kind == "file" and plan.mode != "download":
            return _supplied(plan, RemoteInput.find(plan, definition, supply))
        definition = supply.bring(plan, definition)
    elif side and supply is not None and shows_a_choice(definition):
        return _chosen(plan, definition, supply)
    root = list_files(definition).root
    file = single_file(definition)
    path = file or root
    if plan.path_on_compute is not None and plan.mode != "direct":
        path = _link(plan, path)
        root = os.path.dirname(path) if file else path  # noqa: PTH120 - text stays text
        if file and os.path.basename(path) != os.path.basename(file):  # noqa: PTH119
            root = os.path.dirname(file)  # noqa: PTH120
    return StepInput(plan, definition, root, path)


def _chosen(
    plan: InputPlan, definition: DatasetDefinition, supply: InputSupply
) -> StepInput:
    """Return an input whose folder shows the files of a dataset and no others."""
    root = path = str(supply.show(plan, definition))
    if plan.path_on_compute is not None and plan.mode != "direct":
        path = _link(plan, path)
    return StepInput(plan, definition, root, path)


def _supplied(plan: InputPlan, remote: RemoteInput) -> StepInput:
    """Return an input whose files appear while the step runs."""
    root = path = str(remote.folder)
    if remote.single is not None:
        path = str(remote.folder / remote.single)
    elif plan.path_on_compute is not None and plan.mode != "direct":
        root = path = _link(plan, path)
    return StepInput(plan, remote.definition, root, path, remote)


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
    """Return the folder that a step writes to, made if it is missing.

    Args:
        output: Of the step, if it has one.
        fallback: Where to write when that is not on this machine, or there is none.

    Raises:
        OutputError: It cannot be made.
    """
    folder = fallback
    if output is not None and is_local(output.url):
        folder = Path(local_folder(output.url)) / output.path_on_datastore
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        msg = f"the output folder {folder} cannot be made: {error.strerror}"
        raise OutputError(msg) from error
    return folder


def argument_values(
    arguments: Iterable[Argument],
    inputs: Iterable[StepInput],
    outputs: Mapping[str, str],
) -> list[str]:
    """Return a step's own arguments as text, references replaced by local paths.

    Args:
        arguments: Of the step.
        inputs: All of its inputs.
        outputs: Where it writes each output, by name.
    """
    paths = {found.plan.name: found.path for found in inputs}

    def text_of(argument: Argument) -> str:
        if isinstance(argument, str):
            return argument
        if isinstance(argument, Joined):
            return "".join(map(text_of, argument.parts))
        return (outputs if argument.port == "output" else paths)[argument.name]

    return [text_of(argument) for argument in arguments]
