"""Requests for an entry script: a body becomes a mini-batch, a result the answer.

Runs in model processes.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.serving.request_body import read_body
from azml_pipelines.serving.response_body import write_body
from azml_pipelines.worker.entry import MiniBatchContext

if TYPE_CHECKING:
    from azml_pipelines.serving.messages import Invocation, Setup
    from azml_pipelines.worker.entry import Entry

__all__ = ["ScriptDialog"]


class ScriptDialog:
    """Has an entry script run on what a request holds.

    Args:
        entry: The script.
        setup: How bodies are read.
    """

    def __init__(self, entry: Entry, setup: Setup) -> None:
        self._entry = entry
        self._setup = setup

    def ask(self, invocation: Invocation) -> Any:  # noqa: ANN401 - the user's
        """Return what ``run()`` returns for a request.

        Raises:
            BadBodyError: The body cannot be read as what it says it is.
            UnknownMediaTypeError: A table is wanted, and this type is none.
            BaseException: Whatever the script raises.
        """
        mini_batch = read_body(invocation, self._setup)
        try:
            return self._entry.run(mini_batch, MiniBatchContext(invocation.number))
        finally:
            if isinstance(mini_batch, list):
                shutil.rmtree(Path(mini_batch[0]).parent, ignore_errors=True)

    def write(self, result: Any, content_type: str) -> bytes:  # noqa: ANN401 - the user's
        """Write what ``run()`` has returned.

        Raises:
            WrongReturnError: It is of a type that is not accepted.
        """
        return write_body(result, content_type)
