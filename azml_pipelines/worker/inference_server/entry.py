"""The entry ``inference_server``: starts a server and has it process mini-batches."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional

from azml_pipelines.data.model_archive import unpacked_model
from azml_pipelines.data.output_action import ItemResults
from azml_pipelines.worker.containers.container import remove_orphans
from azml_pipelines.worker.containers.prepare import prepare_image
from azml_pipelines.worker.csv_line import csv_cell
from azml_pipelines.worker.inference_server.conversation import (
    Answers,
    BadRecord,
    Conversation,
    ScoringError,
)
from azml_pipelines.worker.inference_server.json_path import JsonPath, NothingThereError
from azml_pipelines.worker.inference_server.options import ServerOptions
from azml_pipelines.worker.inference_server.records import (
    BadFileError,
    Record,
    split_records,
)
from azml_pipelines.worker.inference_server.results import (
    CSV,
    Joining,
    media_type,
    results_of,
    text_of,
)

if TYPE_CHECKING:
    from azml_pipelines.worker.entry import MiniBatchContext
    from azml_pipelines.worker.inference_server.client import Response
    from azml_pipelines.worker.messages import NodeStart

__all__ = ["InferenceServerEntry"]


class InferenceServerEntry:
    """Has a server score files or tables.

    With ``append_row`` a file gives one row per result: its number in the file, the
    result, the file's name. A table gives the results alone, and so does a job that
    joins or filters. With ``summary_only`` each file gives an ``.out`` file.
    """

    def __init__(self, start: NodeStart) -> None:
        self._options = options = ServerOptions.decode(start.entry_options)
        self._variables = start.environment
        self._output = start.output_directory
        self._roots = [os.path.join(item.root, "") for item in start.inputs]
        self._writes_files = start.output_action == "summary_only"
        self._scratch = start.scratch
        self._kind = media_type(options.content_type)
        self._joining = Joining(
            JsonPath(options.input_filter),
            JsonPath(options.output_filter),
            options.join_source == "Input",
            self._kind == CSV,
        )
        self._conversation: Optional[Conversation] = None  # noqa: UP045 - Python 3.9

    def init(self) -> None:
        """Unpack the model, once per node, and start the server.

        Raises:
            ServerFailedError: It does not come up.
            BadArchiveError: The archive is not what was submitted, or not safe.
            NoEngineError: Nothing on this machine can run the image.
        """
        options = self._options
        model = options.model_data
        os.makedirs(self._scratch, mode=0o700, exist_ok=True)
        if model is not None:
            model = unpacked_model(model, options.model_sha256, self._scratch)
        base = tempfile.mkdtemp(prefix="ml-", dir=self._scratch)
        image = None
        if options.image is not None:
            image = prepare_image(
                options.image, options.image_sha256, options.engine, self._scratch
            )
            remove_orphans(image)
            options = replace(options, environment=self._variables)
        self._conversation = Conversation(options, model, base, image)
        self._conversation.start()

    def run(self, mini_batch: Any, _: MiniBatchContext) -> ItemResults:  # noqa: ANN401 - paths or a table
        """Score the files or the rows of a mini-batch.

        Raises:
            ScoringError: A file or a row cannot be scored; it says which and why.
        """
        conversation = self._conversation
        if conversation is None:
            msg = "run() was called before init()"
            raise RuntimeError(msg)
        conversation.begin_mini_batch()
        if not isinstance(mini_batch, list):
            rows = self._table(mini_batch, conversation)
            return ItemResults(rows, len(rows))
        rows = []
        whole = 0
        for path in mini_batch:
            found, is_whole = self._file(path, conversation)
            rows += found
            whole += is_whole
        return ItemResults(rows, whole)

    def shutdown(self) -> None:
        """End the server."""
        if self._conversation is not None:
            self._conversation.close()

    def _file(self, path: str, conversation: Conversation) -> tuple[list[str], bool]:
        """Return the rows of a file, and whether every record has its result."""
        name = os.path.basename(path)
        with open(path, "rb") as file:
            content = file.read()
        options, joining = self._options, self._joining
        try:
            found = split_records(content, options.split_type, is_csv=self._kind == CSV)
            header = self._header(found)
            records = [self._sent(record) for record in found]
        except (BadFileError, NothingThereError, ValueError) as error:
            msg = f"{name}: {error}"
            raise ScoringError(msg) from error
        answers = conversation.score(name, records, header)
        if self._writes_files and joining.does_nothing:
            self._write(path, _assembled(answers, options.assemble_with))
            return [], True
        whole = options.split_type == "None"
        results: list[Any] = []
        for answer, count in answers:
            results += _results(answer, None if whole else count)
        if not joining.does_nothing:
            lines = [
                joining.kept(record, result) for record, result in zip(found, results)
            ]
        elif self._writes_files:
            lines = [text_of(result) for result in results]
        else:
            lines = [
                f"{row},{csv_cell(text_of(result))},{csv_cell(name)}"
                for row, result in enumerate(results)
            ]
        if self._writes_files:
            end = "\n" if options.assemble_with == "Line" else ""
            self._write(path, "".join(f"{line}{end}" for line in lines).encode())
            return [], True
        return lines, not any(isinstance(answer, BadRecord) for answer, _ in answers)

    def _sent(self, record: Record) -> Record:
        if self._joining.input_filter.is_everything:
            return record
        data = self._joining.sent(record)
        return Record(data + b"\n", data)

    def _header(self, records: list[Record]) -> bytes:
        """Take the header off the records; return what every request begins with."""
        policy = self._options.csv_header
        if self._kind != CSV or policy == "as-is" or not records:
            return b""
        header = records.pop(0).framed
        return header if policy == "repeat" else b""

    def _table(self, frame: Any, conversation: Conversation) -> list[str]:  # noqa: ANN401 - a DataFrame
        records, header = _records_of_table(frame, self._kind, self._options.csv_header)
        answers = conversation.score("rows", records, header)
        results: list[Any] = []
        for answer, count in answers:
            results += _results(answer, count)
        if self._joining.does_nothing:
            return [text_of(result) for result in results]
        return [
            self._joining.kept(record, result)
            for record, result in zip(records, results)
        ]

    def _write(self, path: str, content: bytes) -> None:
        """Write ``<file>.out`` where the file lies below its input; whole or not."""
        relative = next(
            (path[len(root) :] for root in self._roots if path.startswith(root)),
            os.path.basename(path),
        )
        target = os.path.join(self._output, f"{relative}.out")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        unfinished = f"{target}.{os.getpid()}.new"
        try:
            with open(unfinished, "wb") as file:
                file.write(content)
            os.replace(unfinished, target)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(unfinished)


def _records_of_table(
    frame: Any,  # noqa: ANN401 - a DataFrame
    kind: str,
    csv_header: str,
) -> tuple[list[Record], bytes]:
    """Return the rows of a table as records, and what each request begins with."""
    if kind == "application/jsonlines":
        text = frame.to_json(orient="records", lines=True)
        return split_records(text.encode(), "Line", is_csv=False), b""
    if kind != CSV:
        msg = f"content_type={kind!r}: tables are sent as text/csv or JSON lines"
        raise ScoringError(msg)
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    records = split_records(text.getvalue().encode(), "Line", is_csv=True)
    header = records.pop(0).framed
    return records, header if csv_header == "repeat" else b""


def _results(answer: Response | BadRecord, sent: Optional[int]) -> list[Any]:  # noqa: UP045
    if isinstance(answer, BadRecord):
        return [f"error: {answer.reason}"]
    return results_of(answer, sent)


def _assembled(answers: Answers, assemble_with: str) -> bytes:
    """Put the bodies of responses together; a line end is never doubled."""
    bodies = []
    for answer, _ in answers:
        if isinstance(answer, BadRecord):  # not where files are written
            raise ScoringError(answer.reason)
        body = answer.body
        if assemble_with == "Line" and not body.endswith(b"\n"):
            body += b"\n"
        bodies.append(body)
    return b"".join(bodies)
