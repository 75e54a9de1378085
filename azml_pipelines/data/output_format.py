"""Results as rows of a table: CSV with a header, JSON lines, or parquet.

Workers write the rows of each mini-batch by themselves. Where the commit has to see
columns (parquet, partitions), rows travel in Arrow's stream format.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.column_types import ColumnType, convert
from azml_pipelines.data.frame_text import frame_text
from azml_pipelines.data.output_action import (
    ItemResults,
    ResultTooLargeError,
    Rows,
    WrongReturnError,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FormattedRows", "OutputForm"]

_ONLY_COLUMN = "result"
_ROWS_ONLY = {"index": False, "header": False, "lineterminator": "\n"}


@dataclass(frozen=True)
class OutputForm:
    """How a step writes its rows."""

    format: str
    """``csv``, ``jsonl`` or ``parquet``."""
    partition_by: tuple[str, ...] = ()
    """Columns that become folders."""
    schema: dict[str, ColumnType] = field(default_factory=dict)
    """The columns and their types; empty for whatever comes."""

    @property
    def travels_as_arrow(self) -> bool:
        """Whether part files hold Arrow streams instead of the output's own bytes."""
        return self.format == "parquet" or bool(self.partition_by)

    @classmethod
    def decode(cls, fields: dict[str, Any]) -> OutputForm:
        """Make what ``asdict`` took apart."""
        schema = {
            name: ColumnType(one["kind"], tuple(one["formats"]), one["decimal_mark"])
            for name, one in fields["schema"].items()
        }
        return cls(fields["format"], tuple(fields["partition_by"]), schema)


@dataclass(frozen=True)
class FormattedRows:
    """The output action of a step with an ``output_format``; see ``OutputAction``."""

    form: OutputForm
    max_result_bytes: int = 1 << 28

    def rows(self, result: Any) -> Rows:  # noqa: ANN401 - whatever the user returns
        """See ``OutputAction``."""
        items = None
        if isinstance(result, ItemResults):
            items, result = result.items, result.rows
        frame = self._frame(result)
        count = len(frame) if items is None else items
        if frame.empty:
            return Rows(count)
        header = b""
        if self.form.travels_as_arrow:
            text = _arrow(frame)
        elif self.form.format == "csv":
            text = frame_text(frame, _ROWS_ONLY)
            header = frame.iloc[:0].to_csv(index=False, lineterminator="\n").encode()
        else:
            text = _json_lines(frame)
        if len(text) > self.max_result_bytes:
            msg = (
                f"run() returned {len(text)} bytes of rows; "
                f"max_result_bytes={self.max_result_bytes}"
            )
            raise ResultTooLargeError(msg)
        return Rows(count, text, header)

    def _frame(self, result: Any) -> pd.DataFrame:  # noqa: ANN401 - the user's
        import pandas as pd  # noqa: PLC0415 - only steps with a format pay for it

        if isinstance(result, pd.DataFrame):
            frame = result
        elif isinstance(result, (list, tuple, pd.Series)) or hasattr(result, "ndim"):
            items = list(result)
            if items and all(isinstance(item, dict) for item in items):
                frame = pd.DataFrame.from_records(items)
            else:
                frame = pd.DataFrame({_ONLY_COLUMN: items})
        else:
            msg = (
                f"run() returned {type(result).__name__}; expected a DataFrame, or a "
                "list of dicts or values"
            )
            raise WrongReturnError(msg)
        frame = frame.rename(columns=str)
        wanted = list(self.form.schema) or list(frame.columns)
        needed = [*wanted, *self.form.partition_by]
        missing = [name for name in needed if name not in frame.columns]
        if missing and len(frame):
            msg = f"the rows have no column {missing[0]!r}, which the output needs"
            raise WrongReturnError(msg)
        if missing:
            return frame.iloc[:0]
        try:
            return convert(frame[wanted].copy(), self.form.schema)
        except ValueError as error:
            msg = f"the rows do not fit output_schema: {error}"
            raise WrongReturnError(msg) from error


def _json_lines(frame: pd.DataFrame) -> bytes:
    text = io.StringIO()
    frame.to_json(
        text, orient="records", lines=True, date_format="iso", force_ascii=False
    )
    return text.getvalue().encode()


def _arrow(frame: pd.DataFrame) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - only parquet and partitions pay for it

    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        text = " ".join(map(str, error.args))
        msg = f"the rows cannot be written as a table: {text}"
        raise WrongReturnError(msg) from error
    sink = pa.BufferOutputStream()
    # What pandas notes about its index differs between pieces that are otherwise alike.
    table = table.replace_schema_metadata(None)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
