"""What users are told of a journal that cannot be read, or is not what was written."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["DamagedJournalError", "naming_damage"]

_LONGEST = 160
_PRIMARY = 0xFF
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
    }
)
"""Troubles of the machine: they say nothing about what stands in the file."""
_CLOSED = frozenset(
    {
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


class DamagedJournalError(WorkspaceException):
    """The journal is not what was written, so the run cannot go on.

    Args:
        path: The journal.
        problem: What is wrong with it.
    """

    def __init__(self, path: Path | str, problem: str) -> None:
        problem = _one_line(problem)
        super().__init__(
            f"the run's journal {path} is damaged: {problem}; put back a copy of the "
            "run's folder from before, or submit the pipeline again"
        )
        self.problem = problem


def _one_line(problem: object) -> str:
    """Return a text that may quote what stands in the file, which can be anything."""
    text = printable(" ".join(str(problem).split()))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a damaged journal into our own error.

    A full disk or a lock is no damage; that passes as it is.

    Raises:
        DamagedJournalError: The journal is damaged.
        WorkspaceException: It is missing, or may not be read or written.
    """
    try:
        yield
    except sqlite3.Error as error:
        # What Python itself finds, such as text that is not UTF-8, has no number.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        if code & _PRIMARY in _CLOSED:
            msg = (
                f"the run's journal {path} cannot be opened: {_one_line(error)}; make "
                "it and its folder readable and writable, or put back an earlier copy"
            )
            raise WorkspaceException(msg, inner_exception=error) from error
        cut = code == sqlite3.SQLITE_IOERR_SHORT_READ
        if code & _PRIMARY in _PASSING and not cut:
            raise
        raise DamagedJournalError(path, str(error)) from error
    except UnicodeDecodeError as error:
        raise DamagedJournalError(path, "it has text that is not UTF-8") from error
