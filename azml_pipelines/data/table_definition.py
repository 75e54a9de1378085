"""From the definition of a tabular dataset to the table that workers read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.definition import (
    DelimitedFormat,
    JsonLinesFormat,
    MLTableFormat,
    OtherFormat,
    ParquetFormat,
)
from azml_pipelines.data.local_url import local_folder
from azml_pipelines.data.partition_format import Partition
from azml_pipelines.data.table import Table, TableReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.data.definition import DatasetDefinition, DatasetFormat

__all__ = ["partition_of", "table_of"]


def table_of(
    definition: DatasetDefinition, root: str, first_file: Callable[[], str | None]
) -> Table | None:
    """Return how the files of a dataset are read; None for a dataset of files.

    Args:
        definition: Of the dataset.
        root: The folder that all its files lie below.
        first_file: Finds the first of them, below ``root``. Only called when the names
            of its columns are needed.

    Raises:
        OSError: That file cannot be read.
        ValueError: It is no such table.
    """
    form = definition.format
    if form is None or isinstance(form, MLTableFormat):
        return None
    name, options = _format(form)
    table = Table(
        format=name,
        options=options,
        types=form.column_types or {},
        columns=_columns(form),
        include_path=form.include_path,
        partition=partition_of(definition, root),
        operations=definition.operations,
    )
    if isinstance(form, DelimitedFormat) and form.header == _FIRST_ONLY:
        first = first_file()
        if first is not None:
            options["columns"] = TableReader(table, root).column_names(first)
    return table


def _columns(form: DatasetFormat) -> tuple[str, ...] | None:
    """Return the columns that every file must have; keys of JSON lines may lack."""
    if isinstance(form, DelimitedFormat | ParquetFormat) and form.columns is not None:
        return tuple(form.columns)
    return None


_FIRST_ONLY = "ONLY_FIRST_FILE_HAS_HEADERS"


def _format(form: DatasetFormat) -> tuple[str, dict[str, Any]]:
    match form:
        case DelimitedFormat():
            wanted = {
                "separator",
                "header",
                "encoding",
                "empty_as_string",
                "text_cells",
            }
            return "csv", form.model_dump(include=wanted)
        case ParquetFormat():
            types = form.columns or {}
            # What was set by hand is converted to, whatever the file has.
            chosen = set(form.column_types or {})
            kept = {name: types[name] for name in types if name not in chosen}
            return "parquet", {"declared": kept} if kept else {}
        case JsonLinesFormat():
            wanted = {"encoding", "invalid_lines", "columns"}
            return "jsonl", form.model_dump(include=wanted)
        case OtherFormat():
            return form.name, dict(form.options)


def partition_of(definition: DatasetDefinition, root: str) -> Partition | None:
    """Return how partition values are found in the paths below ``root``.

    The path that a format is compared with begins at the root of the datastore, or is
    the absolute one of a local file.
    """
    found = definition.partition
    if found is None:
        return None
    prefix = root.rstrip("/")
    bases = {source.url for source in definition.sources if source.datastore}
    if len(bases) == 1 and all(source.datastore for source in definition.sources):
        base = bases.pop()
        if not root.startswith(base) and base.startswith("file:"):
            base = local_folder(base)
        inside = os.path.relpath(root, base.rstrip("/"))
        prefix = "" if inside == "." else f"/{inside}"
    return Partition(found.format, prefix, found.encoded, dict(found.types))
