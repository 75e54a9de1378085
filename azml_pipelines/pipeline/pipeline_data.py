"""A place for what a step writes; it ties the steps that read it to that step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from azml_pipelines.data.output_registration import registration
from azml_pipelines.errors import DeclarationError
from azml_pipelines.signatures import explained
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.data.datastore import AbstractDatastore
    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.data.delimited_options import PromoteHeadersBehavior
    from azml_pipelines.data.output_registration import OutputRegistration
    from azml_pipelines.pipeline.output_tables import PipelineOutputTabularDataset
    from azml_pipelines.pipeline.step import PipelineStep

__all__ = [
    "InputPortBinding",
    "PipelineData",
    "PipelineOutputAbstractDataset",
    "PipelineOutputFileDataset",
    "check_port_name",
]

BindMode = Literal["mount", "download", "direct"]
_PORT_NAME = re.compile(r"\w{1,255}")
_OUTPUT_MODES = ("mount", "upload")
_BIND_MODES: tuple[BindMode, ...] = ("mount", "download", "direct")


def check_port_name(what: str, name: object) -> str:
    """Return ``name`` if it can name an input or output.

    Raises:
        DeclarationError: It is empty or has other characters than letters, digits, _.
    """
    if not isinstance(name, str) or not _PORT_NAME.fullmatch(name):
        msg = (
            f"{what} {shown(name)} is not allowed: use letters, digits and underscores "
            "only."
        )
        raise DeclarationError(msg)
    return name


class PipelineData:
    """What one step writes and later steps may read.

    Args:
        name: Letters, digits and underscores.
        datastore: Where it lands; the pipeline's default datastore if None.
        output_name: What the step calls it; ``name`` if None.
        output_mode: ``"mount"`` or ``"upload"``.
        output_path_on_compute: Recorded.
        output_overwrite: Recorded.
        data_type: Recorded.
        is_directory: Whether it is a folder.
        pipeline_output_name: Makes ``run.get_pipeline_output(that_name)`` find it.
        training_output: Recorded.

    Raises:
        DeclarationError: A name or the mode is not allowed.
    """

    @explained
    def __init__(  # noqa: PLR0917 - version 1's signature
        self,
        name: str,
        datastore: AbstractDatastore | None = None,
        output_name: str | None = None,
        output_mode: str = "mount",
        output_path_on_compute: str | None = None,
        output_overwrite: bool | None = None,
        data_type: str | None = None,
        is_directory: bool | None = None,
        pipeline_output_name: str | None = None,
        training_output: object = None,
    ) -> None:
        if output_name is None:
            output_name = name
        self.name = check_port_name("The PipelineData name", name)
        self.output_name = check_port_name("The PipelineData output_name", output_name)
        if output_mode not in _OUTPUT_MODES:
            msg = (
                f"output_mode={shown(output_mode)} of PipelineData {shown(name)} is "
                "unknown. Use 'mount' or 'upload'."
            )
            raise DeclarationError(msg)
        self.datastore = datastore
        self.output_mode = output_mode
        self.output_path_on_compute = output_path_on_compute
        self.output_overwrite = output_overwrite
        self.is_directory = is_directory
        self.pipeline_output_name = pipeline_output_name
        self.training_output = training_output
        self.path_template: str | None = None
        """Where on the datastore it lands; ``azml/…`` of the step run if None."""
        self.file_name: str | None = None
        """The file in that folder that others read; None for all that is in it."""
        self.registrations: list[OutputRegistration] = []
        """Datasets to register when the step that writes it has finished."""
        self.producer: PipelineStep | None = None
        """The step made last with this as its output."""
        self._data_type = data_type

    @property
    def data_type(self) -> str | None:
        """The type it was declared with."""
        return self._data_type

    def as_input(self, input_name: str) -> InputPortBinding:
        """Return it as an input with another name."""
        return InputPortBinding(input_name, self)

    def as_mount(self, input_name: str | None = None) -> InputPortBinding:
        """Return it as an input that is read in place."""
        return InputPortBinding(input_name or self.name, self, "mount")

    def as_download(
        self,
        input_name: str | None = None,
        path_on_compute: str | None = None,
        overwrite: bool | None = None,
    ) -> InputPortBinding:
        """Return it as an input that is copied to the node first."""
        return InputPortBinding(
            input_name or self.name, self, "download", path_on_compute, overwrite
        )

    def create_input_binding(
        self,
        input_name: str | None = None,
        mode: str | None = None,
        path_on_compute: str | None = None,
        overwrite: bool | None = None,
    ) -> InputPortBinding:
        """Return it as an input with the given name, mode and path."""
        return InputPortBinding(
            input_name or self.name, self, mode or "mount", path_on_compute, overwrite
        )

    def as_dataset(self) -> PipelineOutputFileDataset:
        """Return it as a file dataset, which a parallel step can split."""
        return PipelineOutputFileDataset(self)

    def get_env_variable_name(self) -> str:
        """Return the environment variable that holds its path, with the dollar sign."""
        return f"$AZUREML_DATAREFERENCE_{self.name}"

    def __str__(self) -> str:
        return self.get_env_variable_name()

    def __repr__(self) -> str:
        return f"PipelineData(name={self.name!r})"


class InputPortBinding:
    """How one step reads what another one writes.

    Args:
        name: What the reading step calls it.
        bind_object: What is read.
        bind_mode: ``"mount"``, ``"download"`` or ``"direct"``.
        path_on_compute: Where it appears on the node.
        overwrite: Recorded.

    Raises:
        DeclarationError: The name, the object or the mode is not allowed.
    """

    def __init__(
        self,
        name: str,
        bind_object: PipelineData,
        bind_mode: str = "mount",
        path_on_compute: str | None = None,
        overwrite: bool | None = None,
    ) -> None:
        self.name = check_port_name("The input name", name)
        if not isinstance(bind_object, PipelineData):
            msg = (
                f"Input {shown(name)} binds {shown(bind_object)}; only a PipelineData "
                "can be bound. Name datasets with as_named_input(…) instead."
            )
            raise DeclarationError(msg)
        self.bind_object = bind_object
        self.bind_mode = _bind_mode(bind_mode, name)
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    def __repr__(self) -> str:
        return f"InputPortBinding(name={self.name!r}, {self.bind_object!r})"


class PipelineOutputAbstractDataset:
    """A ``PipelineData`` seen as a dataset, of files or as a table.

    Args:
        pipeline_data: What a step writes.
        input_name: What the reading step calls it.
    """

    def __init__(
        self, pipeline_data: PipelineData, input_name: str | None = None
    ) -> None:
        self.pipeline_data = pipeline_data
        self._input_name = input_name

    @property
    def name(self) -> str:
        """The name of the output."""
        return self.pipeline_data.output_name

    @property
    def input_name(self) -> str:
        """What the reading step calls it; ``as_named_input`` sets it."""
        return self._input_name or self.pipeline_data.name


class PipelineOutputFileDataset(PipelineOutputAbstractDataset):
    """A ``PipelineData`` seen as a file dataset, made by ``as_dataset()``.

    Every method returns a copy that stands for the same ``PipelineData``.

    Args:
        pipeline_data: What a step writes.
        reading: Where partition values stand in its paths; its only source is a
            pattern below the output.
    """

    kind: Literal["file"] = "file"

    def __init__(
        self, pipeline_data: PipelineData, reading: DatasetDefinition | None = None
    ) -> None:
        super().__init__(pipeline_data)
        self.reading = reading
        self.mode: BindMode = "mount"
        self.path_on_compute: str | None = None

    def as_mount(self, path_on_compute: str | None = None) -> PipelineOutputFileDataset:
        """Return it read in place."""
        return self._copy("mount", path_on_compute)

    def as_download(
        self, path_on_compute: str | None = None
    ) -> PipelineOutputFileDataset:
        """Return it copied to the node first."""
        return self._copy("download", path_on_compute)

    def as_direct(self) -> PipelineOutputFileDataset:
        """Return it given to the script as a dataset."""
        return self._copy("direct", None)

    def parse_delimited_files(  # noqa: PLR0917 - version 1's signature
        self,
        include_path: bool = False,
        separator: str = ",",
        header: bool | str | PromoteHeadersBehavior = True,
        partition_format: str | None = None,
        file_extension: str = "",
        set_column_types: Mapping[str, object] | None = None,
        quoted_line_breaks: bool = False,
    ) -> PipelineOutputTabularDataset:
        """Return it as a table of delimited text; cells without a type are text.

        Args:
            include_path: Add a column ``Path``.
            separator: One character.
            header: As in ``Dataset.Tabular.from_delimited_files``.
            partition_format: Columns in the path.
            file_extension: Which files; ``.csv`` or ``.tsv`` by the separator if empty.
            set_column_types: Column to ``DataType``.
            quoted_line_breaks: Recorded: quoted cells may always hold line ends.
        """
        from azml_pipelines.pipeline import output_tables  # noqa: PLC0415 - it knows this module

        reading = output_tables.parsed_delimited(
            include_path,
            separator,
            header,
            partition_format,
            set_column_types,
            extension=file_extension,
        )
        return output_tables.PipelineOutputTabularDataset(
            self.pipeline_data, reading, self._input_name
        )

    def parse_parquet_files(
        self,
        include_path: bool = False,
        partition_format: str | None = None,
        file_extension: str = ".parquet",
        set_column_types: Mapping[str, object] | None = None,
    ) -> PipelineOutputTabularDataset:
        """Return it as a table of parquet files; see ``parse_delimited_files``."""
        from azml_pipelines.pipeline import output_tables  # noqa: PLC0415 - it knows this module

        reading = output_tables.parsed_parquet(
            include_path, partition_format, set_column_types, extension=file_extension
        )
        return output_tables.PipelineOutputTabularDataset(
            self.pipeline_data, reading, self._input_name
        )

    def register(
        self, name: str, create_new_version: bool = True
    ) -> PipelineOutputFileDataset:
        """Register it as a dataset when the step that writes it has finished.

        Args:
            name: A new version of this name is made.
            create_new_version: Recorded: each run makes one.

        Raises:
            DeclarationError: ``name`` is no text.
        """
        self.pipeline_data.registrations.append(registration(name, None, None))
        return self

    def as_named_input(self, name: str) -> PipelineOutputFileDataset:
        """Return it with the name that the reading step uses."""
        checked = check_port_name("The input name", name)
        return self._copy(self.mode, self.path_on_compute, checked)

    def _copy(
        self,
        mode: BindMode,
        path_on_compute: str | None,
        input_name: str | None = None,
    ) -> PipelineOutputFileDataset:
        copy = PipelineOutputFileDataset(self.pipeline_data, self.reading)
        copy.mode = mode
        copy.path_on_compute = path_on_compute
        copy._input_name = input_name or self._input_name
        return copy

    def __repr__(self) -> str:
        return f"{self.pipeline_data!r}.as_dataset()"


def _bind_mode(mode: object, name: str) -> BindMode:
    lowered = mode.lower() if isinstance(mode, str) else mode
    for known in _BIND_MODES:
        if lowered == known:
            return known
    msg = (
        f"Input {shown(name)} has the unknown mode {shown(mode)}. "
        f"Use {', '.join(map(repr, _BIND_MODES))}."
    )
    raise DeclarationError(msg)
