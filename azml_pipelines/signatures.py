"""A call with a wrong argument name is answered with the closest right one."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from azml_pipelines.errors import UnknownArgumentError
from azml_pipelines.wording import did_you_mean, listed, shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["explained"]

_OPEN = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
P = ParamSpec("P")
R = TypeVar("R")


def explained(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a public constructor, so that it says what is wrong with its arguments.

    The decorated function raises ``UnknownArgumentError``, which is a ``TypeError``
    too, for names that it does not know and for arguments that are missing.
    """
    signature = inspect.signature(function)
    what = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            msg = _problem(what, signature, len(args), list(kwargs))
            raise UnknownArgumentError(msg or f"{what}: {error}.") from None
        return function(*args, **kwargs)

    return checked


def _problem(
    what: str, signature: inspect.Signature, given: int, names: list[str]
) -> str:
    own = list(signature.parameters.values())
    if own and own[0].name == "self":
        own, given = own[1:], given - 1
    own = [parameter for parameter in own if parameter.kind not in _OPEN]
    accepted = [parameter.name for parameter in own]
    unknown = [name for name in names if name not in accepted]
    if unknown:
        hint = did_you_mean(unknown[0], accepted)
        return (
            f"{what} has no argument {shown(unknown[0])}.{hint} "
            f"It accepts {listed(accepted)}."
        )
    missing = [
        parameter.name
        for parameter in own[given:]
        if parameter.default is parameter.empty and parameter.name not in names
    ]
    if missing:
        return f"{what} needs {listed(missing)}; not given. Pass {missing[0]}=…."
    twice = [name for name in accepted[:given] if name in names]
    if twice:
        return f"{what} got {twice[0]} twice, by place and by name. Give it once."
    return f"{what} takes {len(accepted)} arguments; got {given}. Name them."
