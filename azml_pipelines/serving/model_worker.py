"""``python -m azml_pipelines.serving.model_worker FD MODULE…``: model processes.

The fork server is that of the worker processes; what it forks answers requests.
"""

from __future__ import annotations

import os
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from azml_pipelines.masking import Masker
from azml_pipelines.printable import printable
from azml_pipelines.serving.messages import ANSWER, INVOKE, SETUP, Answer, Invocation
from azml_pipelines.serving.messages import Setup as SetupMessage
from azml_pipelines.serving.request_body import BadBodyError, UnknownMediaTypeError
from azml_pipelines.serving.response_body import OFFERED, chosen_type
from azml_pipelines.serving.script_dialog import ScriptDialog
from azml_pipelines.worker.entry import entries
from azml_pipelines.worker.forkserver import ChildOrder, ForkServer
from azml_pipelines.worker.frames import FrameReader, send_frame
from azml_pipelines.worker.messages import INIT_FAILED, READY
from azml_pipelines.worker.process import settle_in, take_streams
from azml_pipelines.worker.user_errors import describe_error

if TYPE_CHECKING:
    from azml_pipelines.worker.messages import UserError

__all__ = ["ModelWorker", "main"]


class _Dialog(Protocol):
    """How a kind of entry is spoken with."""

    def ask(self, invocation: Invocation) -> Any:  # noqa: ANN401 - whatever it returns
        """Return what the entry says of a request."""
        ...

    def write(self, result: Any, content_type: str) -> bytes:  # noqa: ANN401 - the same
        """Return that as a body."""
        ...


class ModelWorker:
    """One model process from the inside.

    Args:
        order: What it was forked for.
    """

    def __init__(self, order: ChildOrder) -> None:
        self._link = order.link
        self._node = order.node
        self._process = order.start.process
        self._pid = os.getpid()
        self._setup = SetupMessage()
        self._masker = Masker.of_environment(order.node.environment)

    def serve(self) -> int:
        """Answer until the server is gone or says stop; return the exit code."""
        reader = FrameReader(self._link)
        frame = reader.read()
        if frame is None or frame[0] != SETUP:
            return 1
        self._setup = SetupMessage.decode(frame[1])
        try:
            settle_in(self._node, self._process, Path(self._node.logs))
            if self._setup.items != "file":
                # Now, and not in the time that the first request is given.
                import_module("pandas")
            entry = entries.get(self._node.entry_kind)(self._node)
            dialog = self._dialog(entry)
            entry.init()
        except BaseException as error:  # noqa: BLE001 - user code: reported, never raised
            described = self._describe(error)
            send_frame(self._link, INIT_FAILED, described.encode())
            return 1
        send_frame(self._link, READY)
        while (frame := reader.read()) is not None and frame[0] == INVOKE:
            answer = self._answer(dialog, Invocation.decode(frame[1]))
            send_frame(self._link, ANSWER, answer.encode())
        if frame is not None:
            try:
                entry.shutdown()
            except BaseException as error:  # noqa: BLE001 - nothing depends on it any more
                self._describe(error)
        return 0

    def _answer(self, dialog: _Dialog, invocation: Invocation) -> Answer:
        content_type = chosen_type(invocation.accept)
        if content_type is None:
            accepted = ", ".join(OFFERED)
            msg = f"Accept {invocation.accept!r} asks for none of {accepted}"
            return Answer.refusal(406, msg)
        try:
            result = dialog.ask(invocation)
            if os.getpid() != self._pid:
                # A fork that user code has let return must not answer a second time.
                os._exit(0)
            body = dialog.write(result, content_type)
        except UnknownMediaTypeError as error:
            return Answer.refusal(415, str(error))
        except BadBodyError as error:
            return Answer.refusal(400, str(error))
        except BaseException as error:  # noqa: BLE001 - user code: reported, never raised
            return Answer.refusal(500, _said(self._describe(error)))
        return Answer(200, content_type, body)

    def _dialog(self, entry: Any) -> _Dialog:  # noqa: ANN401 - of the kind that is served
        if self._node.entry_kind == "mlflow":
            # A script never pays for what models need.
            module = import_module("azml_pipelines.serving.mlflow_dialog")
            dialog: _Dialog = module.MlflowDialog(entry, self._setup)
            return dialog
        return ScriptDialog(entry, self._setup)

    def _describe(self, error: BaseException) -> UserError:
        """Describe what user code raised; its traceback goes where it prints to."""
        described = describe_error(error, self._node.source_directory, self._masker)
        for line in described.traceback.rstrip().split("\n"):
            print(printable(line), file=sys.stderr, flush=True)  # noqa: T201 - see above
        return described


def _said(error: UserError) -> str:
    """Return the one line that a caller gets: no traceback, no path of this machine."""
    where = error.user_line.partition(": ")[0]
    at = f" ({where})" if where else ""
    return f"{error.exception_type}: {error.message}{at}"


def main() -> int:
    """Serve the descriptor given as the first argument; see ``worker.__main__``."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for module in sys.argv[2:]:
        import_module(module)
    order = ForkServer(control).serve()
    if not isinstance(order, ChildOrder):
        os._exit(0)
    take_streams(order.outputs)
    return ModelWorker(order).serve()


if __name__ == "__main__":
    sys.exit(main())
