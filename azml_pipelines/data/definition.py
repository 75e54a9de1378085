"""What a dataset is, as data: where its bytes are and how they are read. No I/O.

A definition is JSON: it is stored with registered datasets and inside of every plan.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["DataSource", "DatasetDefinition", "DatasetKind", "DelimitedFormat"]

DatasetKind = Literal["file", "tabular"]


class DataSource(BaseModel):
    """One place that a dataset reads from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    """Root of the store, as fsspec writes it: ``file:///data/blobstore``."""
    path: str
    """A file, a folder (every file below it) or a glob, relative to ``url``."""
    datastore: str | None = None
    """Name of the datastore, for people; ``None`` for a plain local path."""


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
    column_types: dict[str, str] | None = None
    """Column to pandas dtype; ``None`` lets pandas infer them piece by piece."""


class DatasetDefinition(BaseModel):
    """A file dataset, or a tabular dataset together with its format."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DatasetKind
    sources: tuple[DataSource, ...]
    format: DelimitedFormat | None = None
    """Set exactly when ``kind`` is ``tabular``."""
    name: str | None = None
    """Registered name, when this is a registered version."""
    version: int | None = None
