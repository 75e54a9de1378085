"""``OutputFileDatasetConfig``: where a step writes files, and how others read them."""

from __future__ import annotations

import copy
import re
import uuid
from typing import TYPE_CHECKING, Literal, Self

from azml_pipelines.data.abstract_datastore import AbstractDatastore
from azml_pipelines.data.local_url import relative_path
from azml_pipelines.data.output_registration import registration
from azml_pipelines.data.tabular_factory import partition_definition
from azml_pipelines.errors import DeclarationError, NotAvailableError
from azml_pipelines.pipeline.output_tables import (
    PipelineOutputTabularDataset,
    files_with_partitions,
    parsed_delimited,
    parsed_parquet,
)
from azml_pipelines.pipeline.pipeline_data import (
    PipelineData,
    PipelineOutputFileDataset,
)
from azml_pipelines.signatures import explained
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.data.delimited_options import PromoteHeadersBehavior

__all__ = ["OutputFileDatasetConfig", "OutputTabularDatasetConfig"]

_DEFAULT_PATH = "dataset/{run-id}/{output-name}"
_TEMPLATE = re.compile(r"\{(?!run-id\}|output-name\})[^}]*\}?")


class OutputFileDatasetConfig:
    """What a step writes, as files; copies of it stand for the same output.

    Args:
        name: Of the output; ``output_`` and eight digits if None.
        destination: ``(datastore, 'path')`` or ``(datastore,)``; in the path,
            ``{run-id}`` and ``{output-name}`` stand for those of the run.
        source: Not available: a script writes to the path that it is given.
        partition_format: Columns in the paths, for partition keys and for tables.

    Raises:
        DeclarationError: The name, the destination or the format is not allowed.
        NotAvailableError: There is a ``source``.
    """

    kind: Literal["file"] = "file"

    @explained
    def __init__(
        self,
        name: str | None = None,
        destination: tuple[AbstractDatastore, ...] | None = None,
        source: str | None = None,
        partition_format: str | None = None,
    ) -> None:
        name = f"output_{uuid.uuid4().hex[:8]}" if name is None else name
        if source is not None:
            msg = (
                f"source={shown(source)} is not available: steps are told where to "
                "write. Pass the config in arguments, and write to that path."
            )
            raise NotAvailableError(msg)
        partition_definition(partition_format)
        datastore, path = _checked_destination(destination)
        self.pipeline_data = PipelineData(name, datastore=datastore)
        self.pipeline_data.path_template = path
        self.source = source
        self.partition_format = partition_format
        self.mode = "mount"

    @property
    def name(self) -> str:
        """The name of the output."""
        return self.pipeline_data.output_name

    def as_mount(self, disable_metadata_cache: bool = False) -> Self:
        """Return it written in place."""
        return self._copy("mount")

    def as_upload(
        self, overwrite: bool = False, source_globs: str | list[str] | None = None
    ) -> Self:
        """Return it written to a folder of the node and copied at the end.

        Args:
            overwrite: Recorded: files that are there already are replaced.
            source_globs: Not available: all that is written there is copied.

        Raises:
            NotAvailableError: There are ``source_globs``.
        """
        _refuse_globs(source_globs)
        return self._copy("upload")

    def register_on_complete(
        self,
        name: str,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Self:
        """Register it as a dataset of files when the step has finished.

        Args:
            name: A new version of this name is made by each run.
            description: For people.
            tags: Text to text.

        Raises:
            DeclarationError: ``name`` is no text.
        """
        found = registration(name, description, tags, self._partitions())
        self.pipeline_data.registrations.append(found)
        return self

    def as_input(self, name: str | None = None) -> PipelineOutputFileDataset:
        """Return it as an input of a later step, read in place."""
        as_dataset = PipelineOutputFileDataset(self.pipeline_data, self._partitions())
        return as_dataset.as_named_input(name or f"input_{uuid.uuid4().hex[:8]}")

    def read_delimited_files(  # noqa: PLR0917 - version 1's signature
        self,
        include_path: bool = False,
        separator: str = ",",
        header: bool | str | PromoteHeadersBehavior = True,
        partition_format: str | None = None,
        path_glob: str | None = None,
        set_column_types: Mapping[str, object] | None = None,
    ) -> OutputTabularDatasetConfig:
        """Return it as a table; cells are text where no type is set.

        Args:
            include_path: Add a column ``Path``.
            separator: One character.
            header: As in ``Dataset.Tabular.from_delimited_files``.
            partition_format: Columns in the path.
            path_glob: Which of the files; all of them if None.
            set_column_types: Column to ``DataType``.
        """
        form = partition_format or self.partition_format
        reading = parsed_delimited(
            include_path,
            separator,
            header,
            form,
            set_column_types,
            pattern=path_glob or "**",
        )
        return OutputTabularDatasetConfig(self.pipeline_data, reading)

    def read_parquet_files(
        self,
        include_path: bool = False,
        partition_format: str | None = None,
        path_glob: str | None = None,
        set_column_types: Mapping[str, object] | None = None,
    ) -> OutputTabularDatasetConfig:
        """Return it as a table; see ``read_delimited_files``."""
        form = partition_format or self.partition_format
        reading = parsed_parquet(
            include_path, form, set_column_types, pattern=path_glob or "**"
        )
        return OutputTabularDatasetConfig(self.pipeline_data, reading)

    def _partitions(self) -> DatasetDefinition | None:
        if self.partition_format is None:
            return None
        return files_with_partitions(self.partition_format)

    def _copy(self, mode: str) -> Self:
        other = copy.copy(self)
        other.mode = mode
        return other

    def __repr__(self) -> str:
        return f"OutputFileDatasetConfig(name={self.name!r})"


class OutputTabularDatasetConfig(PipelineOutputTabularDataset):
    """The files that a step writes, as a table; always read directly."""

    def as_mount(self) -> Self:
        """Return it; the files behind it are written in place."""
        return self

    def as_upload(
        self, overwrite: bool = False, source_globs: str | list[str] | None = None
    ) -> Self:
        """Return it; the files behind it are copied at the end.

        Raises:
            NotAvailableError: There are ``source_globs``.
        """
        _refuse_globs(source_globs)
        return self


def _refuse_globs(source_globs: object) -> None:
    if source_globs:
        msg = (
            f"source_globs={shown(source_globs)} is not available: all that a step has "
            "written to an output is kept. Write other files elsewhere."
        )
        raise NotAvailableError(msg)


def _checked_destination(
    destination: object,
) -> tuple[AbstractDatastore | None, str]:
    """Return the datastore and the path on it.

    Raises:
        DeclarationError: It is no destination.
    """
    match destination:
        case None:
            return None, _DEFAULT_PATH
        case (AbstractDatastore() as datastore,):
            return datastore, _DEFAULT_PATH
        case (AbstractDatastore() as datastore, str(path)) if not _TEMPLATE.search(
            path
        ):
            return datastore, relative_path(path)
    msg = (
        f"destination={shown(destination)} is not allowed. Give (datastore, 'path'); "
        "in the path, {run-id} and {output-name} may stand for those of the run."
    )
    raise DeclarationError(msg)
