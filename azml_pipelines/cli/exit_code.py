"""What a failed command says, in one line, and the number with which it ends."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NoReturn

import click

from azml_pipelines.errors import (
    ActivityFailedException,
    AzmlError,
    BadDocumentError,
    InitFailedError,
    ModelNotFoundException,
    RunCanceledError,
    RunNotFoundError,
)
from azml_pipelines.printable import one_line, printable

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "CANCELED",
    "INTERNAL",
    "INTERRUPTED",
    "NOT_FOUND",
    "RUN_FAILED",
    "STORAGE",
    "USAGE",
    "exit_codes",
]

_LONGEST_USAGE = 220
RUN_FAILED = 1
USAGE = 2
NOT_FOUND = 4
STORAGE = 5
CANCELED = 6
INTERNAL = 70
INTERRUPTED = 130


class exit_codes:  # noqa: N801 - read as a statement: with exit_codes(debug=False)
    """Ends the process with a message and the right number when its block raises.

    Args:
        debug: Print the traceback before the message.
    """

    def __init__(self, *, debug: bool) -> None:
        self._debug = debug

    def __enter__(self) -> None:
        """Nothing happens before something went wrong."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Translate ``error``, unless click itself knows what to do with it."""
        if error is None or _clicks_own(error):
            return
        if self._debug:
            _show_traceback(error)
        match error:
            case click.UsageError():
                _end(_usage(error), USAGE)
            case KeyboardInterrupt() | click.Abort():
                _end("Interrupted.", INTERRUPTED)
            case RunNotFoundError() | ModelNotFoundException():
                _end(f"Error: {one_line(error)}", NOT_FOUND)
            case ActivityFailedException() | InitFailedError():
                _end(f"Error: {one_line(error)}", RUN_FAILED)
            case RunCanceledError():
                _end(f"Error: {one_line(error)}", CANCELED)
            case AzmlError():
                _end(_problems(error), USAGE)
            case OSError():
                _end(f"Error: {_short(one_line(error))}", STORAGE)
            case _:
                name = type(error).__name__
                hint = "" if self._debug else " (azml --debug … shows where)"
                _end(
                    f"Internal error: {name}: {_short(one_line(error))}{hint}", INTERNAL
                )


def _problems(error: AzmlError) -> str:
    """Return one line, or one for each problem of a document."""
    if not isinstance(error, BadDocumentError):
        return f"Error: {one_line(error)}"
    return "\n".join(f"Error: {printable(problem)}" for problem in error.problems)


def _clicks_own(error: BaseException) -> bool:
    if isinstance(error, OSError):
        # Whoever read our output has seen enough: azml runs | head -1
        return error.errno == errno.EPIPE
    return isinstance(error, click.exceptions.Exit | SystemExit)


def _show_traceback(error: BaseException) -> None:
    import traceback  # noqa: PLC0415 - nearly nobody sees one

    for line in "".join(traceback.format_exception(error)).splitlines():
        click.echo(printable(line), err=True)


def _usage(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx else "azml"
    message = printable(" ".join(error.format_message().split()))
    return f"Error: {_short(message)} (Help: {command} --help)"


def _short(message: str) -> str:
    """Cut what click quotes in full, such as a path of a megabyte."""
    if len(message) <= _LONGEST_USAGE:
        return message
    return f"{message[: _LONGEST_USAGE // 2]}…{message[-_LONGEST_USAGE // 3 :]}"


def _end(message: str, code: int) -> NoReturn:
    click.echo(message, err=True)
    raise click.exceptions.Exit(code)
