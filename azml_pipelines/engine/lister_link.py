"""A lister from the outside: start it, hear how far it has got, end it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from azml_pipelines.engine.lister import CHANGED, decode_totals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines.data.frozen_list import MiniBatchTotals
    from azml_pipelines.engine.lister import ListOrder

__all__ = ["Lister", "ListerLostError"]

_END_SECONDS = 3.0


class ListerLostError(Exception):
    """The lister has ended before the list did.

    Args:
        untouched: Whether the list is as the lister found it.
    """

    def __init__(self, *, untouched: bool) -> None:
        super().__init__()
        self.untouched = untouched


class Lister:
    """Starts the process that writes the rest of a list.

    Args:
        order: What to list.
        path: The list.
        kept: What of it is written.
    """

    def __init__(self, order: ListOrder, path: Path, kept: MiniBatchTotals) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "azml_pipelines.engine.lister", path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        stdin = self._process.stdin
        # One that cannot hear this has ended, and that is noticed below.
        with contextlib.suppress(OSError):
            if stdin is not None:
                stdin.write(order.encode(kept))
                stdin.flush()

    def totals(self) -> Iterator[MiniBatchTotals]:
        """Yield how far the list has got, to its end.

        Raises:
            ListerLostError: Somebody else has to finish it.
        """
        try:
            for line in self._process.stdout or ():
                yield decode_totals(line)
        except ValueError:
            self.close()
        code = self._process.wait()
        if code:
            raise ListerLostError(untouched=code == CHANGED)

    def close(self) -> None:
        """End it; a second call does nothing."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
