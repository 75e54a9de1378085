"""Names of version 1 without an object here: they import, and explain when used."""

from __future__ import annotations

from typing import NoReturn

from azml_pipelines.errors import AzmlError, NotAvailableError

__all__ = ["exception_class", "stand_in"]


class _StandIn(type):
    """A class that cannot be made, nor asked for anything but its own description."""

    def __call__(cls, *args: object, **kwargs: object) -> NoReturn:
        """Explain instead of making an object."""
        raise NotAvailableError(cls.__doc__ or "")

    def __getattr__(cls, name: str) -> object:
        if name.startswith("_"):
            # Copying, pickling and documenting ask for names that may be missing.
            msg = f"{cls.__name__} has no attribute {name!r}"
            raise AttributeError(msg)
        raise NotAvailableError(cls.__doc__ or "")


def stand_in(dotted: str, reason: str) -> type:
    """Return a class for ``dotted`` that raises when it is called or asked.

    Scripts import more than they use, and ``isinstance`` with it is just False.

    Args:
        dotted: The name in version 1.
        reason: Follows the name: "needs Azure".
    """
    module, _, name = dotted.rpartition(".")
    text = f"{dotted} {reason}. It can be imported, but not used; remove this use."
    return _StandIn(name, (), {"__doc__": text, "__module__": module})


def exception_class(dotted: str) -> type[AzmlError]:
    """Return an exception that is never raised here, for ``except`` lines."""
    module, _, name = dotted.rpartition(".")
    text = "Version 1 raises it; here nothing does."
    return type(name, (AzmlError,), {"__doc__": text, "__module__": module})
