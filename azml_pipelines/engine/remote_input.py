"""A step's inputs on remote stores: fetched ahead of use, or all before the start."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.compute.fetcher_link import SuppliedInputPlan, SupplyPlan
from azml_pipelines.data.file_mount import link_files
from azml_pipelines.data.frozen_list import NOT_YET
from azml_pipelines.data.minibatch import split_files, split_files_by_sizes
from azml_pipelines.data.node_cache import DEFAULT_CACHE_BYTES, NodeCache
from azml_pipelines.data.partition_groups import grouped
from azml_pipelines.data.remote_files import bring_all
from azml_pipelines.data.remote_listing import list_remote
from azml_pipelines.data.supply import forget_failures
from azml_pipelines.store.workspace_folder import WorkspaceFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.data.file_store import StoredFile, StoreLocation
    from azml_pipelines.data.mini_batch_size import MiniBatchSize
    from azml_pipelines.data.minibatch import Sizes
    from azml_pipelines.data.partition_format import Partition
    from azml_pipelines.plan.run_plan import InputPlan, WorkspacePlan
    from azml_pipelines.store.workspace_folder import StepFolder

__all__ = ["InputSupply", "RemoteInput", "supply_plan"]

_MOST_FILES = 10_000


@dataclass(frozen=True)
class InputSupply:
    """Where remote inputs of one step become local."""

    folder: Path
    """Of the step's inputs; one folder per input in it."""
    cache: Path
    most_bytes: int = DEFAULT_CACHE_BYTES

    @classmethod
    def of_step(cls, workspace: WorkspacePlan, step: StepFolder) -> InputSupply:
        """Return that of a step, as the workspace is configured."""
        folder = WorkspaceFolder(Path(workspace.root)).cache
        cache = Path(workspace.cache_folder) if workspace.cache_folder else folder
        most = workspace.cache_bytes or DEFAULT_CACHE_BYTES
        return cls(step.inputs, cache, most)

    def bring(
        self, plan: InputPlan, definition: DatasetDefinition
    ) -> DatasetDefinition:
        """Fetch a whole input and return it as a local one."""
        folder = self.folder / plan.name
        return bring_all(definition, folder, NodeCache(self.cache, self.most_bytes))

    def show(self, plan: InputPlan, definition: DatasetDefinition) -> Path:
        """Make a folder of links to the files of a local input, and return it."""
        folder = self.folder / plan.name
        # An earlier life of this run may have made half of it.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        link_files(definition, folder)
        return folder

    def close(self) -> None:
        """Forget what the step's inputs were; the cache keeps what it has room for."""
        if not self.folder.is_dir():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.cache.is_dir():
            # What was in use until now may be more than there is room for.
            NodeCache(self.cache, self.most_bytes).trim()


@dataclass(frozen=True)
class RemoteInput:
    """A file input whose mini-batches are fetched while the step runs."""

    definition: DatasetDefinition
    location: StoreLocation
    folder: Path
    """Where the files appear."""
    single: str | None

    @classmethod
    def find(
        cls, plan: InputPlan, definition: DatasetDefinition, supply: InputSupply
    ) -> RemoteInput:
        """Look where an input is; only its place, not yet its files."""
        found = list_remote(definition)
        folder = supply.folder / plan.name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # What did not come in an earlier life of this run is tried again.
        forget_failures(str(folder))
        return cls(definition, found.location, folder, found.single)

    def groups(
        self, number: int, partition: Partition | None, keys: Sequence[str]
    ) -> Iterator[tuple[int, str]]:
        """Cut the input by partition values; lines as ``mini_batches`` has them."""
        marks: dict[str, list[object]] = {}
        files = (f for f in list_remote(self.definition).files if f.size)
        for group in grouped(_paths(files, marks), partition, keys):
            line = [number, len(group), group, [marks[path] for path in group]]
            yield len(group), json.dumps(line, separators=(",", ":")) + "\n"

    def mini_batches(
        self, number: int, size: MiniBatchSize, sizes: Sizes | None
    ) -> Iterator[tuple[int, str]]:
        """Cut the input; each line also names size, tag and MD5 of its files."""
        marks: dict[str, list[object]] = {}
        files = list_remote(self.definition).files
        if size.unit == "bytes":
            lines = _by_bytes(number, files, size.amount, marks)
        elif size.unit == "auto" and sizes is not None:
            lines = split_files_by_sizes(number, _paths(files, marks), sizes)
        else:
            lines = split_files(number, _paths(files, marks), size.amount or 1)
        for items, line in lines:
            if (items, line) == NOT_YET:
                yield items, line
                continue
            fields = json.loads(line)
            fields.append([marks[path] for path in fields[2]])
            marks.clear()
            yield items, json.dumps(fields, separators=(",", ":")) + "\n"


def _paths(
    files: Iterable[StoredFile], marks: dict[str, list[object]]
) -> Iterator[str]:
    for file in files:
        marks[file.path] = [file.size, file.tag, file.md5]
        yield file.path


def _by_bytes(
    number: int, files: Iterable[StoredFile], most: int, marks: dict[str, list[object]]
) -> Iterator[tuple[int, str]]:
    """Put files together as ``split_files_by_bytes`` does; the sizes are known."""
    group: list[StoredFile] = []
    held = 0

    def lines() -> Iterator[tuple[int, str]]:
        marks.clear()
        yield from split_files(number, list(_paths(group, marks)), len(group))

    for file in files:
        if group and (held + file.size > most or len(group) == _MOST_FILES):
            yield from lines()
            group, held = [], 0
        group.append(file)
        held += file.size
    if group:
        yield from lines()


def supply_plan(
    supply: InputSupply, inputs: Iterable[RemoteInput | None], abreast: int
) -> SupplyPlan | None:
    """Say what the fetcher of a node is for; None when nothing is fetched.

    Args:
        supply: Of the step.
        inputs: Of the step, in order; None for those that are local.
        abreast: Bundles that the node processes at the same time.
    """
    plans = tuple(
        SuppliedInputPlan(
            number,
            remote.location.url,
            dict(remote.location.options),
            remote.location.name,
            str(remote.folder),
        )
        for number, remote in enumerate(inputs)
        if remote is not None
    )
    if not plans:
        return None
    return SupplyPlan(plans, str(supply.cache), supply.most_bytes, abreast)
