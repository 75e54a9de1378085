"""What user code raised, as bounded text that names the user's own line."""

from __future__ import annotations

import contextlib
import linecache
import os
import traceback
from typing import TYPE_CHECKING

from azml_pipelines.masking import Masker
from azml_pipelines.worker.messages import UserError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["UserErrors", "describe_error"]

_MESSAGE_LIMIT = 2_000
_TRACEBACK_LIMIT = 16_000
_LINE_LIMIT = 200
_FILE_LIMIT = 4_000_000
"""Bytes of the errors of one process; no more begin behind that."""
_OWN_PACKAGE = __name__.partition(".")[0]
_OWN_FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")
_IMPORT_MACHINERY = ("<frozen importlib", "<frozen runpy>")


def _shorten(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} … {len(text) - limit} characters left out … {text[-half:]}"


def _message(error: BaseException, masker: Masker) -> str:
    try:
        text = str(error)
    except BaseException as second:  # noqa: BLE001 - __str__ is user code too
        text = f"(its message cannot be shown: {type(second).__name__})"
    # Masked before it is cut: half a secret is not recognised any more.
    return _shorten(masker.text(text), _MESSAGE_LIMIT)


def _without_our_frames(trace: TracebackType | None) -> TracebackType | None:
    first = trace
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if not path.startswith((_OWN_FOLDER, *_IMPORT_MACHINERY)):
            return trace
        trace = trace.tb_next
    return first


def _user_line(error: BaseException, folder: str) -> str:
    line = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        path = os.path.abspath(frame.f_code.co_filename)
        if path.startswith(os.path.join(folder, "")):
            code = linecache.getline(path, number).strip()
            where = os.path.relpath(path, folder)
            line = f"{where}:{number} in {frame.f_code.co_name}: {code}"
    if not line and isinstance(error, SyntaxError) and error.filename:
        where = os.path.relpath(error.filename, folder)
        line = f"{where}:{error.lineno}: {(error.text or '').strip()}"
    return line


def describe_error(
    error: BaseException, source_directory: str, masker: Masker | None = None
) -> UserError:
    """Describe an exception that came out of user code.

    Args:
        error: The exception, with its traceback.
        source_directory: Lines below this folder are the user's own.
        masker: Knows the secrets of this process; by default those of a known shape.
    """
    masker = masker or Masker(())
    kind = type(error)
    name = kind.__qualname__
    module = str(kind.__module__)
    if module.partition(".")[0] not in {"builtins", "__main__", _OWN_PACKAGE}:
        name = f"{module}.{name}"
    try:
        shown = _without_our_frames(error.__traceback__)
        text = "".join(traceback.format_exception(kind, error, shown))
    except BaseException as second:  # noqa: BLE001 - formatting calls user code too
        text = f"{name}: (no traceback: {type(second).__name__} while formatting it)"
    try:
        user_line = _user_line(error, source_directory)
    except BaseException:  # noqa: BLE001 - a SyntaxError may hold anything as its place
        user_line = ""
    return UserError(
        exception_type=name,
        message=_message(error, masker),
        user_line=masker.text(user_line)[:_LINE_LIMIT],
        traceback=_shorten(masker.text(text), _TRACEBACK_LIMIT),
    )


class UserErrors:
    """Describes the errors of one process, and keeps their text in a file.

    Args:
        source_directory: Lines below this folder are the user's own.
        path: Made at the first error; its folder exists.
        masker: Knows the secrets of this process.
    """

    def __init__(
        self, source_directory: str, path: str, masker: Masker | None = None
    ) -> None:
        self._source_directory = source_directory
        self._path = path
        self._masker = masker

    def describe(self, error: BaseException, where: str = "") -> UserError:
        """Describe an exception and note it; ``where`` says in front of it what ran."""
        described = describe_error(error, self._source_directory, self._masker)
        # A full disk must not turn a mini-batch's error into the end of its process.
        with (
            contextlib.suppress(OSError),
            open(self._path, "a", encoding="utf-8", errors="backslashreplace") as file,
        ):
            if file.tell() < _FILE_LIMIT:
                file.write(f"{where}{described.traceback}\n")
                if file.tell() >= _FILE_LIMIT:
                    file.write(
                        "… what comes now is only where failed items are listed\n"
                    )
        return described
