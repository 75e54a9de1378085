"""A dataset of rows, read from delimited files."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from azml_pipelines.data.abstract_dataset import AbstractDataset
from azml_pipelines.data.consumption import DatasetConsumptionConfig
from azml_pipelines.data.definition import DatasetDefinition, DelimitedFormat
from azml_pipelines.data.delimited import (
    Delimited,
    column_names,
    cut_file,
    read_piece,
)
from azml_pipelines.data.delimited_options import ENCODINGS
from azml_pipelines.data.listing import list_files
from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = ["TabularDataset", "check_readable"]

_LOOKED_AT_LINES = 200
_ON_ERROR = ("null", "fail")


class TabularDataset(AbstractDataset):
    """Rows of delimited files; made by ``Dataset.Tabular.from_delimited_files``."""

    kind: Literal["tabular"] = "tabular"

    def to_pandas_dataframe(
        self, on_error: str = "null", out_of_range_datetime: str = "null"
    ) -> pd.DataFrame:
        """Read every row, with an index from 0.

        Args:
            on_error: ``null`` or ``fail``: what becomes of cells that do not have the
                type of their column. Types are those of the cells here, so there are
                none.
            out_of_range_datetime: ``null`` or ``fail``, the same for dates.

        Raises:
            UserErrorException: There are no files, or one of them is no such table.
        """
        for value in (on_error, out_of_range_datetime):
            if value not in _ON_ERROR:
                msg = (
                    "on_error and out_of_range_datetime must be 'null' or 'fail', "
                    f"not {shown(value)}."
                )
                raise UserErrorException(msg)
        import pandas as pd  # noqa: PLC0415 - declaring a pipeline never pays for pandas

        listing = list_files(self.definition)
        paths = [str(Path(listing.root, path)) for path in listing.paths]
        if not paths:
            raise UserErrorException(_nothing_in(self.definition))
        text = _text_of(self.definition, paths[0])
        frames = list(_frames(text, paths))
        if not frames:
            return pd.DataFrame(columns=column_names(paths[0], text))
        return pd.concat(frames, ignore_index=True)

    def as_named_input(self, name: str) -> DatasetConsumptionConfig:
        """Name this dataset as the input of a step.

        Raises:
            UserErrorException: ``name`` is no identifier.
        """
        return DatasetConsumptionConfig(name, self)


def check_readable(definition: DatasetDefinition) -> None:
    """Make sure that a tabular dataset has a first record, as version 1 does.

    Raises:
        UserErrorException: There is none, or it cannot be decoded.
    """
    listing = list_files(definition)
    encoding = _format_of(definition).encoding
    for path in listing.paths:
        file = Path(listing.root, path)
        try:
            with file.open(encoding=ENCODINGS[encoding]) as text:
                # All of them are decoded, so that a wrong encoding shows now.
                lines = list(itertools.islice(text, _LOOKED_AT_LINES))
            if any(line.strip() for line in lines):
                return
        except UnicodeError as error:
            msg = (
                f"The file {shown(str(file))} cannot be read with "
                f"encoding={shown(encoding)} ({error}). Pass another one: "
                f"{', '.join(ENCODINGS)}."
            )
            raise UserErrorException(msg, inner_exception=error) from error
        except OSError as error:
            msg = f"The file {shown(str(file))} cannot be read: {error.strerror}."
            raise UserErrorException(msg, inner_exception=error) from error
    raise UserErrorException(_nothing_in(definition))


def _frames(text: Delimited, paths: list[str]) -> Iterator[pd.DataFrame]:
    """Read each file that has rows, by the rules that cut it into mini-batches."""
    same_headers = text.header == "ALL_FILES_HAVE_SAME_HEADERS"
    columns: list[object] | None = None
    for position, path in enumerate(paths):
        size = max(Path(path).stat().st_size, 1)
        for start, end in cut_file(path, text, size, first_file=position == 0):
            try:
                frame = read_piece(path, start, end, text)
            except ValueError as error:
                msg = (
                    f"The file {shown(path)} is no table of delimited text: {error}. "
                    "Correct the file or the separator, which is "
                    f"{shown(text.separator)}."
                )
                raise UserErrorException(msg, inner_exception=error) from error
            if columns is None:
                columns = list(frame.columns)
            elif same_headers and set(columns) != set(frame.columns):
                msg = (
                    f"The file {shown(path)} has the columns {list(frame.columns)}, "
                    f"and the first file has {columns}. Make them equal, or pass "
                    "header='COMBINE_ALL_FILES_HEADERS'."
                )
                raise UserErrorException(msg)
            yield frame


def _text_of(definition: DatasetDefinition, first_file: str) -> Delimited:
    form = _format_of(definition)
    text = Delimited(
        separator=form.separator,
        header=form.header,
        encoding=form.encoding,
        include_path=form.include_path,
        empty_as_string=form.empty_as_string,
        column_types=form.column_types,
        splittable=not form.support_multi_line,
    )
    if form.header == "ONLY_FIRST_FILE_HAS_HEADERS":
        return replace(text, columns=column_names(first_file, text))
    return text


def _format_of(definition: DatasetDefinition) -> DelimitedFormat:
    return definition.format or DelimitedFormat()


def _nothing_in(definition: DatasetDefinition) -> str:
    places = ", ".join(
        f"{source.datastore or source.url}:{source.path}"
        for source in definition.sources
    )
    return (
        f"No row can be read from {places}: there is no file, or all are empty. "
        "Correct the path, or put the files there."
    )
