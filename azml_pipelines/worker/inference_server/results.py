"""Responses become results: one per record, joined with its input and filtered."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from azml_pipelines.worker.inference_server.client import Response
    from azml_pipelines.worker.inference_server.json_path import JsonPath
    from azml_pipelines.worker.inference_server.records import Record

__all__ = ["BadResponseError", "Joining", "results_of", "text_of"]

_UNDER = ("predictions", "instances", "outputs", "data")
_OUTPUT, _INPUT = "SageMakerOutput", "SageMakerInput"
CSV, JSON = "text/csv", "application/json"
_JSON_LINES = frozenset({
    "application/jsonlines", "application/jsonl", "application/x-jsonlines",
    "application/x-ndjson",
})  # fmt: skip


class BadResponseError(Exception):
    """The answer cannot be laid beside what was asked."""


def media_type(text: str) -> str:
    """Return a content type without parameters, JSON lines by one name."""
    name = text.partition(";")[0].strip().lower()
    return "application/jsonlines" if name in _JSON_LINES else name


def results_of(response: Response, sent: Optional[int]) -> list[Any]:  # noqa: UP045 - Python 3.9
    """Return the results in a response: JSON values, CSV rows as lists, or text.

    Args:
        response: What the server answered.
        sent: Records that were asked for; None where one request is a whole file,
            which may have any number of results.

    Raises:
        BadResponseError: It cannot be read, or has another number of results. Which one
            belongs to which record is never guessed.
    """
    kind = media_type(response.content_type)
    try:
        results = _parsed(kind, response.body)
    except (ValueError, csv.Error) as error:
        msg = f"the answer is not the {kind} that it says it is: {error}"
        raise BadResponseError(msg) from error
    if sent is not None and len(results) != sent:
        msg = f"count mismatch: {sent} records were sent, {len(results)} results came"
        raise BadResponseError(msg)
    return results


def _parsed(kind: str, body: bytes) -> list[Any]:
    if kind == CSV:
        rows = list(csv.reader(io.StringIO(body.decode())))
        return [row for row in rows if row]
    if kind == "application/jsonlines":
        return [_loaded(line) for line in body.splitlines() if line.strip()]
    if kind == JSON:
        return _from_json(_loaded(body))
    return [body.decode("utf-8", "backslashreplace")]


def _loaded(text: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON; the not-a-number that some servers write is null."""
    return json.loads(text, parse_constant=lambda _: None)


def _from_json(content: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    if isinstance(content, dict):
        under = [name for name in _UNDER if name in content]
        if len(under) != 1:
            return [content]
        content = content[under[0]]
        if isinstance(content, dict):
            return _rows_of_columns(content)
    return content if isinstance(content, list) else [content]


def _rows_of_columns(columns: dict[str, Any]) -> list[Any]:
    values = list(columns.values())
    lists = values and all(isinstance(value, list) for value in values)
    if not lists or len({len(value) for value in values}) != 1:
        return [columns]
    return [dict(zip(columns, row)) for row in zip(*values)]


def text_of(result: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a result as one line: text as it is, CSV rows as CSV, the rest as JSON."""
    if isinstance(result, str):
        return result
    if isinstance(result, list) and not any(
        isinstance(x, (list, dict)) for x in result
    ):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(result)
        return line.getvalue()
    return json.dumps(result, ensure_ascii=False)


@dataclass(frozen=True)
class Joining:
    """What becomes of a record and its result: DataProcessing of a transform job.

    Args:
        input_filter: Applied to a record before it is sent.
        output_filter: Applied to what is kept.
        with_input: Whether the record stands in front of its result.
        is_csv: Whether records are lines of CSV; else they are JSON.
    """

    input_filter: JsonPath
    output_filter: JsonPath
    with_input: bool
    is_csv: bool

    @property
    def does_nothing(self) -> bool:
        """Whether results are kept as they come."""
        return self.output_filter.is_everything and not self.with_input

    def sent(self, record: Record) -> bytes:
        """Return what of a record is sent.

        Raises:
            NothingThereError: It lacks what the filter names.
            ValueError: It is not what its content type says.
        """
        if self.input_filter.is_everything:
            return record.data
        return self._line(self.input_filter.of(self._value(record.data))).encode()

    def kept(self, record: Record, result: Any) -> str:  # noqa: ANN401 - any JSON
        """Return the line that is kept of a record and its result.

        Raises:
            NothingThereError: It lacks what the filter names.
            ValueError: The record is not what its content type says.
        """
        joined = result
        if self.with_input:
            value = self._value(record.data)
            if self.is_csv:
                own = result if isinstance(result, list) else [result]
                joined = [*value, *own]
            elif isinstance(value, dict):
                joined = {**value, _OUTPUT: result}
            else:
                joined = {_INPUT: value, _OUTPUT: result}
        return self._line(self.output_filter.of(joined))

    def _value(self, data: bytes) -> Any:  # noqa: ANN401 - any JSON
        if self.is_csv:
            return next(csv.reader(io.StringIO(data.decode())), [])
        return json.loads(data)

    def _line(self, value: Any) -> str:  # noqa: ANN401 - any JSON
        if not self.is_csv:
            return json.dumps(value, ensure_ascii=False)
        return text_of(value if isinstance(value, list) else [value])
