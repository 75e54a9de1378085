"""User code in this process: its prints must not mix with our results."""

from __future__ import annotations

import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["talk_to_user"]


@contextmanager
def talk_to_user() -> Iterator[None]:
    """Send prints to standard error, unless somebody sits at the terminal.

    A debugger that does not speak to the terminal itself has no line editing.
    """
    if sys.stdout.isatty():
        yield
        return
    with redirect_stdout(sys.stderr):
        yield
