"""Files of rows, read with the types of a signature, whole or some rows at a time."""

from __future__ import annotations

import json
import warnings
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, Optional

from azml_pipelines.worker.mlflow_model.cast import (
    BadInputError,
    cast_table,
    reading_dtypes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from azml_pipelines.worker.mlflow_model.signature import Signature

__all__ = ["TABLE_READERS", "frame_of_lines", "read_csv", "read_table"]

_EMPTY_CELLS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]
_Source = Any
"""A path, or a stream of bytes."""


def read_table(
    path: str,
    suffix: str,
    signature: Signature,
    rows: Optional[int],  # noqa: UP045 - Python 3.9
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield the rows of a file, each time with the number of the first.

    Args:
        path: Of the file.
        suffix: A key of ``TABLE_READERS``.
        signature: Gives columns their types; with tensors they are read as such.
        rows: At most so many at a time; None for all.

    Raises:
        BadInputError: The file does not hold what the model takes.
    """
    row = 0
    for frame in TABLE_READERS[suffix](path, signature, rows):
        if len(frame):
            made = frame
            if signature.columns:
                made = cast_table(frame, signature, row)
            yield row, made.reset_index(drop=True)
        row += len(frame)


def read_csv(
    source: _Source,
    signature: Signature,
    rows: Optional[int] = None,  # noqa: UP045
    encoding: str = "utf-8-sig",
) -> Iterator[pd.DataFrame]:
    """Read comma-separated values with a header line.

    Raises:
        BadInputError: It is no such file, or a cell is not of its column's type.
    """
    pandas = import_module("pandas")
    options: dict[str, Any] = {"encoding": encoding, "chunksize": rows}
    try:
        header = list(_read(pandas, source, {**options, "nrows": 0, "chunksize": None}))
        dtypes = reading_dtypes(signature, header)
        texts = {name for name, dtype in dtypes.items() if dtype == "str"}
        if signature.columns or signature.tensors:
            # A text "NA" is a text; a number that is not available is none.
            cells = {name: [""] if name in texts else _EMPTY_CELLS for name in header}
            options.update(dtype=dtypes, na_values=cells, keep_default_na=False)
        read = _read(pandas, source, options)
        yield from [read] if rows is None else _chunks(read)
    except pandas.errors.EmptyDataError as error:
        msg = "the file is empty; a header line is needed"
        raise BadInputError(msg) from error
    except (UnicodeDecodeError, pandas.errors.ParserError) as error:
        msg = f"the file is no CSV: {_said(error)}"
        raise BadInputError(msg) from error
    except pandas.errors.ParserWarning as error:
        msg = "the file is no CSV: its first row has more cells than the header"
        raise BadInputError(msg) from error
    except BadInputError:
        raise
    except (ValueError, OverflowError) as error:
        _find_bad_cell(pandas, source, signature, encoding)
        msg = f"the file does not fit the signature: {_said(error)}"
        raise BadInputError(msg) from error


def _read(pandas: Any, source: _Source, options: dict[str, Any]) -> Any:  # noqa: ANN401 - a module, a DataFrame
    if hasattr(source, "seek"):
        source.seek(0)
    with warnings.catch_warnings():
        # Rows that are longer than the header would lose cells.
        warnings.simplefilter("error", pandas.errors.ParserWarning)
        return pandas.read_csv(source, index_col=False, **options)


def _chunks(reader: Any) -> Iterator[pd.DataFrame]:  # noqa: ANN401 - a TextFileReader
    with reader:
        while True:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "error", import_module("pandas").errors.ParserWarning
                )
                frame = next(reader, None)
            if frame is None:
                return
            yield frame


def _find_bad_cell(
    pandas: Any,  # noqa: ANN401 - a module
    source: _Source,
    signature: Signature,
    encoding: str,
) -> None:
    """Read again as text, to say which cell it was that pandas stumbled over."""
    if signature.columns:
        text = _read(pandas, source, {"encoding": encoding, "dtype": "str"})
        cast_table(text, signature)


def _read_parquet(
    path: _Source,
    _: Signature,
    rows: Optional[int],  # noqa: UP045
) -> Iterator[pd.DataFrame]:
    arrow = import_module("pyarrow")
    parquet = import_module("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            if rows is None:
                yield file.read().to_pandas()
                return
            for batch in file.iter_batches(batch_size=rows):
                yield batch.to_pandas()
    except (arrow.ArrowException, ValueError) as error:
        if isinstance(error, BadInputError):
            raise
        msg = f"the file is no parquet: {_said(error)}"
        raise BadInputError(msg) from error


def _read_json_lines(
    path: str,
    _: Signature,
    rows: Optional[int],  # noqa: UP045
) -> Iterator[pd.DataFrame]:
    with open(path, encoding="utf-8-sig") as lines:
        first = 0
        while True:
            some = list(islice(lines, rows))
            if not some:
                return
            yield frame_of_lines(some, first)
            first += len(some)


def frame_of_lines(lines: list[str], first: int = 0) -> pd.DataFrame:
    """Return a table of JSON lines: objects, or lists of cells.

    Raises:
        BadInputError: A line is neither.
    """
    pandas = import_module("pandas")
    records = []
    for number, line in enumerate(lines, first + 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            msg = f"line {number} is no JSON: {_said(error)}"
            raise BadInputError(msg) from error
        if not isinstance(record, (dict, list)):
            msg = f"line {number} is neither an object nor a list"
            raise BadInputError(msg)
        records.append(record)
    if len({type(record) for record in records}) > 1:
        msg = "some lines are objects, others are lists"
        raise BadInputError(msg)
    return pandas.DataFrame(records)  # type: ignore[no-any-return]


def _said(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]


TABLE_READERS: dict[str, Callable[..., Iterator[pd.DataFrame]]] = {
    ".csv": read_csv,
    ".parquet": _read_parquet,
    ".pqt": _read_parquet,
    ".jsonl": _read_json_lines,
}
"""By the extension of files, in small letters."""
