"""What is checked and written down when a tabular dataset is declared."""

from __future__ import annotations

import csv
import os
import warnings
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.definition import (
    DelimitedFormat,
    JsonLinesFormat,
    ParquetFormat,
)
from azml_pipelines.data.delimited_options import ENCODINGS
from azml_pipelines.data.file_store import StoreError
from azml_pipelines.data.first_cells import (
    FirstCells,
    delimited_cells,
    json_cells,
    shown_types,
)
from azml_pipelines.data.listing import list_files
from azml_pipelines.data.parquet import ParquetTable
from azml_pipelines.data.remote_listing import is_remote
from azml_pipelines.data.table import TableReader
from azml_pipelines.data.table_definition import table_of
from azml_pipelines.data.table_reading import nothing_in, open_table
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from azml_pipelines.data.definition import DatasetDefinition

__all__ = ["checked_first_rows"]

_SAME_HEADERS = "ALL_FILES_HAVE_SAME_HEADERS"


def checked_first_rows(
    definition: DatasetDefinition, *, infer: bool
) -> DatasetDefinition:
    """Make sure that there is something to read, and write down the types of columns.

    Args:
        definition: Of a tabular dataset.
        infer: Whether cells say what they are; else what was not set is text.

    Raises:
        UserErrorException: There is no row, or it cannot be read.
    """
    if is_remote(definition):
        # One file is enough, but which one is the first is known only to the listing.
        try:
            with open_table(definition) as table:
                cells = _first_of(definition, table.reader.root, iter(table.paths))
        except StoreError as error:
            msg = f"The path cannot be read. {error.message}"
            raise UserErrorException(msg, inner_exception=error) from error
    else:
        listing = list_files(definition)
        cells = _first_of(definition, listing.root, listing.paths)
    form = definition.format
    set_types = getattr(form, "column_types", None) or {}
    _check_names(set_types, (*cells.names, *definition.partition_keys))
    if isinstance(form, ParquetFormat):
        known = form.model_copy(update={"columns": cells.types or None})
        return definition.model_copy(update={"format": known})
    if not isinstance(form, (DelimitedFormat, JsonLinesFormat)):
        return definition
    return definition.model_copy(update={"format": _typed(form, cells, infer=infer)})


def _first_of(
    definition: DatasetDefinition, root: str, paths: Iterator[str]
) -> FirstCells:
    """Return the first rows; of files without any, at least the names."""
    form = definition.format
    names = FirstCells((), [])
    for path in paths:
        whole = os.path.join(root, path)  # noqa: PTH118 - as workers do
        try:
            if os.path.getsize(whole) == 0:  # noqa: PTH202
                continue
            cells = _cells(definition, form, root, path)
        except UnicodeError as error:
            encoding = shown(getattr(form, "encoding", "utf8"))
            msg = (
                f"The file {shown(whole)} cannot be read with encoding={encoding} "
                f"({error}). Pass another one: {', '.join(ENCODINGS)}."
            )
            raise UserErrorException(msg, inner_exception=error) from error
        except (OSError, ValueError) as error:
            msg = f"The file {shown(whole)} cannot be read: {error}."
            raise UserErrorException(msg, inner_exception=error) from error
        if cells.rows:
            return cells
        names = names if names.names else cells
    if names.names:
        return names
    raise UserErrorException(nothing_in(definition))


def _cells(
    definition: DatasetDefinition, form: object, root: str, path: str
) -> FirstCells:
    whole = os.path.join(root, path)  # noqa: PTH118 - as workers do
    if isinstance(form, JsonLinesFormat):
        return json_cells(whole, form.encoding)
    if isinstance(form, DelimitedFormat):
        try:
            cells = delimited_cells(
                whole,
                form.separator,
                form.encoding,
                header=form.header != "NO_HEADERS",
            )
        except csv.Error:
            return _by_reader(definition, root, path)
        if len(set(cells.names)) < len(cells.names) or "" in cells.names:
            # Names that are missing or there twice are made up by pandas.
            names = _by_reader(definition, root, path).names
            return FirstCells(names, cells.rows)
        return cells
    if isinstance(form, ParquetFormat):
        types = ParquetTable().types(whole)
        return FirstCells(tuple(types), [[]] if types else [], types)
    return _by_reader(definition, root, path)


def _by_reader(definition: DatasetDefinition, root: str, path: str) -> FirstCells:
    """Return the names of a file, and something in the place of its rows."""
    table = table_of(definition, root, lambda: path)
    names = TableReader(table, root).column_names(path) if table else None
    return FirstCells(tuple(names or ()), [[]] if names else [])


def _check_names(set_types: Iterable[str], columns: Sequence[str]) -> None:
    unknown = [name for name in set_types if name not in columns]
    if unknown:
        msg = (
            f"set_column_types names {shown(unknown[0])}, which is no column. There "
            f"are {', '.join(map(shown, columns))}."
        )
        raise UserErrorException(msg)


def _typed(
    form: DelimitedFormat | JsonLinesFormat, cells: FirstCells, *, infer: bool
) -> DelimitedFormat | JsonLinesFormat:
    set_types = form.column_types or {}
    found = shown_types(cells) if infer and any(cells.rows) else {}
    for name, one in found.items():
        if one.ambiguous and name not in set_types:
            warnings.warn(
                f"The dates in column {shown(name)} are read with the month first. "
                "Say what they are with set_column_types if that is wrong.",
                stacklevel=5,
            )
    types = {name: one.type for name, one in found.items()}
    changed: dict[str, Any] = {"column_types": {**types, **set_types} or None}
    if isinstance(form, JsonLinesFormat) or form.header == _SAME_HEADERS:
        changed["columns"] = cells.names
    return form.model_copy(update=changed)
