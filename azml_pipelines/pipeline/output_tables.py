"""What a step writes, read by the next one as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from azml_pipelines.data.data_type import checked_types
from azml_pipelines.data.definition import (
    DatasetDefinition,
    DataSource,
    DelimitedFormat,
    MLTableFormat,
    ParquetFormat,
)
from azml_pipelines.data.delimited_options import checked_separator, header_mode
from azml_pipelines.data.output_registration import registration
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.data.tabular_factory import partition_definition
from azml_pipelines.pipeline.pipeline_data import (
    PipelineData,
    PipelineOutputAbstractDataset,
    check_port_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.data.definition import DatasetFormat, DatasetKind
    from azml_pipelines.data.delimited_options import PromoteHeadersBehavior

__all__ = [
    "PipelineOutputTabularDataset",
    "files_with_partitions",
    "parsed_delimited",
    "parsed_mltable",
    "parsed_parquet",
]

_EXTENSIONS = {",": ".csv", "\t": ".tsv"}


class PipelineOutputTabularDataset(PipelineOutputAbstractDataset):
    """A ``PipelineData`` seen as a table; made by ``parse_delimited_files`` etc.

    Every method returns a copy that stands for the same ``PipelineData``.

    Args:
        pipeline_data: What a step writes.
        reading: How it is read; its only source is a pattern below the output.
        input_name: What the reading step calls it.
    """

    kind: Literal["tabular"] = "tabular"

    def __init__(
        self,
        pipeline_data: PipelineData,
        reading: DatasetDefinition,
        input_name: str | None = None,
    ) -> None:
        super().__init__(pipeline_data, input_name)
        self.reading = reading

    def keep_columns(self, columns: str | Sequence[str]) -> Self:
        """Return only these columns."""
        return self._with(self._dataset().keep_columns(columns))

    def drop_columns(self, columns: str | Sequence[str]) -> Self:
        """Return all columns but these."""
        return self._with(self._dataset().drop_columns(columns))

    def random_split(
        self, percentage: float, seed: int | None = None
    ) -> tuple[Self, Self]:
        """Return two tables: each row is in one of them, by chance."""
        first, second = self._dataset().random_split(percentage, seed)
        return self._with(first), self._with(second)

    def as_named_input(self, name: str) -> Self:
        """Return it with the name that the reading step uses."""
        checked = check_port_name("The input name", name)
        return type(self)(self.pipeline_data, self.reading, checked)

    def as_input(self, name: str | None = None) -> Self:
        """Return it as an input, under its own name when none is given."""
        return self.as_named_input(name or self.input_name)

    def register(self, name: str, create_new_version: bool = True) -> Self:
        """Register it as a dataset when the step that writes it has finished."""
        return self.register_on_complete(name)

    def register_on_complete(
        self,
        name: str,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Self:
        """Register this table as a dataset when the step has finished.

        Raises:
            DeclarationError: ``name`` is no text.
        """
        found = registration(name, description, tags, self.reading)
        self.pipeline_data.registrations.append(found)
        return self

    def _dataset(self) -> TabularDataset:
        return TabularDataset(self.reading)

    def _with(self, dataset: TabularDataset) -> Self:
        return type(self)(self.pipeline_data, dataset.definition, self._input_name)

    def __repr__(self) -> str:
        form = self.reading.format
        return f"{self.pipeline_data!r} as a table ({form.kind if form else ''})"


def parsed_delimited(
    include_path: bool,
    separator: str,
    header: bool | str | PromoteHeadersBehavior,
    partition_format: str | None,
    set_column_types: Mapping[str, object] | None,
    *,
    pattern: str | None = None,
    extension: str = "",
) -> DatasetDefinition:
    """Return how delimited text below an output is read; cells without a type are text.

    Args:
        include_path: Add a column ``Path``.
        separator: One character.
        header: As in ``from_delimited_files``.
        partition_format: Columns in the path.
        set_column_types: Column to ``DataType``.
        pattern: Which files; by their extension if None.
        extension: Such as ``.csv``; that of the separator if empty.
    """
    ending = extension or _EXTENSIONS.get(separator, "")
    form = DelimitedFormat(
        separator=checked_separator(separator),
        header=header_mode(header),
        include_path=include_path,
        text_cells=True,
        column_types=checked_types(set_column_types),
    )
    return _reading(form, partition_format, pattern or f"**/*{ending}")


def parsed_parquet(
    include_path: bool,
    partition_format: str | None,
    set_column_types: Mapping[str, object] | None,
    *,
    pattern: str | None = None,
    extension: str = ".parquet",
) -> DatasetDefinition:
    """Return how parquet files below an output are read; see ``parsed_delimited``."""
    form = ParquetFormat(
        include_path=include_path, column_types=checked_types(set_column_types)
    )
    return _reading(form, partition_format, pattern or f"**/*{extension}")


def parsed_mltable(kind: DatasetKind) -> DatasetDefinition:
    """Return a reading by the file ``MLTable`` that the step writes.

    Args:
        kind: What it has to describe: a table, or files.
    """
    return DatasetDefinition(
        kind=kind,
        sources=(DataSource(url="", path="MLTable"),),
        format=MLTableFormat(),
    )


def files_with_partitions(partition_format: str) -> DatasetDefinition:
    """Return how files below an output are read whose paths hold values."""
    return _reading(None, partition_format, "**")


def _reading(
    form: DatasetFormat | None, partition_format: str | None, pattern: str
) -> DatasetDefinition:
    content: dict[str, Any] = {
        "kind": "tabular" if form else "file",
        "sources": (DataSource(url="", path=pattern),),
        "format": form,
        "partition": partition_definition(partition_format),
    }
    return DatasetDefinition(**content)
