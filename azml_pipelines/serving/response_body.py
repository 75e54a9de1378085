"""What ``run()`` returned becomes a response's body, as its caller asked for.

Runs in model processes, and imports neither pandas nor numpy: results of those types
are known by the modules that the user's script has loaded.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.output_action import WrongReturnError
from azml_pipelines.serving.media_type import CSV, JSON, JSON_LINES, preferred
from azml_pipelines.worker.json_values import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["OFFERED", "chosen_type", "write_body", "write_rows"]

OFFERED = (JSON, CSV, JSON_LINES)


def chosen_type(accept: str) -> str | None:
    """Return the content type of the response; None when the caller takes no such."""
    return preferred(accept, OFFERED)


def write_body(result: Any, content_type: str) -> bytes:  # noqa: ANN401 - the user's
    """Format a result.

    Args:
        result: A list, a tuple, an array, a Series or a DataFrame: one element or row
            per prediction.
        content_type: One of ``OFFERED``. Neither CSV nor JSON lines get a header; JSON
            is an object with ``predictions``.

    Raises:
        WrongReturnError: The result is none of these.
    """
    return write_rows(_rows(result), content_type)


def write_rows(rows: Any, content_type: str) -> bytes:  # noqa: ANN401 - any JSON
    """Format plain values: rows, or for JSON anything else that predictions may be."""
    if content_type == CSV:
        return _csv(rows)
    if content_type == JSON_LINES:
        return "".join(f"{_json(row)}\n" for row in rows).encode()
    return _json({"predictions": rows}).encode()


def _rows(result: Any) -> list[Any]:  # noqa: ANN401 - the user's
    if _is_frame(result):
        records: list[Any] = result.to_dict("records")
        return [plain(record) for record in records]
    if hasattr(result, "tolist") and getattr(result, "ndim", 0) > 0:
        result = result.tolist()
    if not isinstance(result, (list, tuple)):
        msg = (
            f"run() returned {type(result).__name__}; expected a list, a tuple, a "
            "numpy array, a pandas Series or a pandas DataFrame"
        )
        raise WrongReturnError(msg)
    return [plain(element) for element in result]


def _is_frame(result: object) -> bool:
    kind = getattr(sys.modules.get("pandas"), "DataFrame", None)
    return isinstance(kind, type) and isinstance(result, kind)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _csv(rows: Sequence[Any]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        cells = row
        if isinstance(row, dict):
            cells = row.values()
        elif not isinstance(row, list):
            cells = [row]
        writer.writerow([_cell(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "surrogateescape")


def _cell(value: object) -> object:
    return _json(value) if isinstance(value, (list, dict)) else value
