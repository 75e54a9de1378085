"""A name for each implementation of a seam, loaded when it is first asked for.

Built-in implementations are given as ``"module:attribute"`` text, so that naming one
imports nothing. Other packages add theirs as an entry point in the group of the seam.
"""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from azml_pipelines.errors import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """The implementations of one seam, by name.

    Args:
        seam: What is registered, as a reader would call it: ``"output action"``.
        builtin: Name to ``"module:attribute"``.
        group: The entry point group in which other packages add their own.
    """

    def __init__(self, seam: str, builtin: Mapping[str, str], group: str) -> None:
        self.seam = seam
        self.group = group
        self._places = dict(builtin)
        self._loaded: dict[str, T] = {}

    def get(self, name: str) -> T:
        """Load and return the implementation called ``name``.

        Raises:
            UserErrorException: Nobody registered that name; the message lists those
                that are.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def register(self, name: str, implementation: T) -> None:
        """Add or replace an implementation in this process, for tests and plug-ins."""
        self._loaded[name] = implementation

    def names(self) -> list[str]:
        """Every name that ``get`` knows, sorted; entry points are not loaded."""
        return sorted({*self._places, *self._loaded, *self._entry_points()})

    def _load(self, name: str) -> T:
        place = self._places.get(name) or self._entry_points().get(name)
        if place is None:
            close = difflib.get_close_matches(name, self.names(), n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            msg = (
                f"No {self.seam} is called {name!r}; "
                f"known: {', '.join(self.names())}.{hint}"
            )
            raise UserErrorException(msg)
        module, _, attribute = place.partition(":")
        return cast("T", getattr(import_module(module), attribute))

    def _entry_points(self) -> dict[str, str]:
        from importlib.metadata import entry_points  # noqa: PLC0415 - slow, rarely asked

        return {point.name: point.value for point in entry_points(group=self.group)}
