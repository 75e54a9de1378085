"""Who writes an output: one life of one step, which another one may follow."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml_pipelines.data.file_copy import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["OutputWriter", "remove"]


@dataclass(frozen=True)
class OutputWriter:
    """Gives what is not whole a name that nobody else uses.

    Other runs may write into the same folder at the same time. Of the same step there
    may be an earlier life that was frozen, and goes on when this one has taken over.
    """

    step_run_id: str
    epoch: int
    """Of the orchestrator; see ``Journal.claim``."""
    confirm: Callable[[], None]
    """Raises when another one has taken over; asked right before something appears."""

    def aside(self, place: Path, what: str = "") -> Path:
        """Return where to write what will be ``place``: beside it, to be renamed.

        Args:
            place: What it will be.
            what: Tells several of the same writer apart.
        """
        return place.with_name(f"{self._name}-{what}" if what else self._name)

    def forget_earlier(self, place: Path) -> None:
        """Remove what earlier lives have left beside ``place``.

        One that is only frozen cannot bring its own to its place any more.

        Raises:
            OSError: It cannot be removed.
        """
        for left in place.parent.glob(f"{UNFINISHED}{self.step_run_id}-*"):
            if left.name != self._name and not left.name.startswith(f"{self._name}-"):
                remove(left)

    @property
    def _name(self) -> str:
        return f"{UNFINISHED}{self.step_run_id}-{self.epoch}"


def remove(place: Path) -> None:
    """Remove a file, a link or a whole folder, if there is one.

    Raises:
        OSError: It cannot be removed.
    """
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
