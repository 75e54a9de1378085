"""Shows our own warnings as a command shows errors: one line, without our code."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from azml_pipelines.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["one_line_warnings"]

_OURS = f"{Path(__file__).parents[1]}{os.sep}"


@contextmanager
def one_line_warnings() -> Iterator[None]:
    """Print warnings that this package gives; those of a user's script stay as is."""
    with warnings.catch_warnings():
        others = warnings.showwarning

        def show(  # noqa: PLR0917 - the signature is Python's
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if category is UserWarning and filename.startswith(_OURS):
                text = printable(" ".join(str(message).split()))
                click.echo(f"Warning: {text}", err=True)
            else:
                others(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield
