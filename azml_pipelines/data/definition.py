"""What a dataset is, as data: where its bytes are and how they are read. No I/O.

A definition is JSON: it is stored with registered datasets and inside of every plan.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.data.operations import Operation
from azml_pipelines.data.partition_format import partition_names
from azml_pipelines.data.path_pattern import Wildcards

__all__ = [
    "DataSource",
    "DatasetDefinition",
    "DatasetFormat",
    "DatasetKind",
    "DelimitedFormat",
    "JsonLinesFormat",
    "MLTableFormat",
    "OtherFormat",
    "ParquetFormat",
    "PartitionDefinition",
]

DatasetKind = Literal["file", "tabular"]


class DataSource(BaseModel):
    """One place that a dataset reads from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    """Root of the store, as fsspec writes it: ``file:///data/blobstore``."""
    path: str
    """A file, a folder (every file below it) or a glob, relative to ``url``."""
    wildcards: Wildcards = "stars"
    """What stands for other names in ``path``; see ``data.path_pattern``."""
    datastore: str | None = None
    """Name of the datastore, for people; ``None`` for a plain local path."""
    options: dict[str, JsonValue] = Field(default_factory=dict)
    """How the store is opened; secrets stand there as ``env:NAME``."""


class DelimitedFormat(BaseModel):
    """How delimited text becomes a table; the arguments of ``from_delimited_files``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["delimited"] = "delimited"
    separator: str = ","
    header: Literal[
        "ALL_FILES_HAVE_SAME_HEADERS",
        "COMBINE_ALL_FILES_HEADERS",
        "ONLY_FIRST_FILE_HAS_HEADERS",
        "NO_HEADERS",
    ] = "ALL_FILES_HAVE_SAME_HEADERS"
    encoding: str = "utf8"
    include_path: bool = False
    empty_as_string: bool = False
    support_multi_line: bool = False
    """Recorded: quoted cells may hold line ends either way."""
    text_cells: bool = False
    """Whether columns without a type are text; else pandas decides, by piece."""
    column_types: dict[str, ColumnType] | None = None
    """Those that were set, and those that the first rows show."""
    columns: tuple[str, ...] | None = None
    """The columns of the first file, when every file must have them."""


class ParquetFormat(BaseModel):
    """How parquet files become a table; the arguments of ``from_parquet_files``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["parquet"] = "parquet"
    include_path: bool = False
    column_types: dict[str, ColumnType] | None = None
    columns: dict[str, str] | None = None
    """The columns of the first file and Arrow's names of their types, when every file
    must have them."""


class JsonLinesFormat(BaseModel):
    """How JSON lines become a table; the arguments of ``from_json_lines_files``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["json_lines"] = "json_lines"
    encoding: str = "utf8"
    invalid_lines: Literal["error", "drop"] = "error"
    include_path: bool = False
    column_types: dict[str, ColumnType] | None = None
    columns: tuple[str, ...] | None = None
    """The keys of the first rows; what later rows have besides is left out."""


class OtherFormat(BaseModel):
    """A format of another package, by its name in the registry of dataset formats."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["other"] = "other"
    name: str
    options: dict[str, JsonValue] = Field(default_factory=dict)
    include_path: bool = False
    column_types: dict[str, ColumnType] | None = None


class MLTableFormat(BaseModel):
    """Read as the file ``MLTable`` says, which a step of the same run writes.

    Only in the ``reading`` of an output of a step, and of either kind; the engine puts
    the dataset that the file describes in its place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["mltable"] = "mltable"


DatasetFormat: TypeAlias = Annotated[
    DelimitedFormat | ParquetFormat | JsonLinesFormat | OtherFormat,
    Field(discriminator="kind"),
]


class PartitionDefinition(BaseModel):
    """Columns whose values are in the paths of the files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str
    """As ``partition_format`` has it."""
    encoded: bool = False
    """Whether ``partition_by`` made the folders."""
    types: dict[str, ColumnType] = Field(default_factory=dict)
    """Of the values, where they are not text."""


class DatasetDefinition(BaseModel):
    """A file dataset, or a tabular dataset together with its format."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DatasetKind
    sources: tuple[DataSource, ...]
    format: DatasetFormat | MLTableFormat | None = None
    """Set exactly when ``kind`` is ``tabular``, but for an ``MLTableFormat``."""
    partition: PartitionDefinition | None = None
    operations: tuple[Operation, ...] = ()
    """What is done to the files or rows, in order."""
    timestamp: str | None = None
    """The column with the time of each row; see ``data.time_series``."""
    partition_timestamp: str | None = None
    """The column with the time of its partition."""
    name: str | None = None
    """Registered name, when this is a registered version."""
    version: int | None = None

    @property
    def partition_keys(self) -> tuple[str, ...]:
        """Columns whose values are in the paths, the one with dates last."""
        return partition_names(self.partition.format) if self.partition else ()
