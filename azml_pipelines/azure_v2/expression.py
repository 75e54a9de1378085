"""Expressions: ``${{inputs.x}}``, and ``$[[ … ]]`` around optional ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Expression", "pieces", "single", "without_optional_parts"]

_EXPRESSION = re.compile(r"\$\{\{\s*([^{}]*?)\s*\}\}")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_BARE = re.compile(r"\s*(inputs\.[\w.]+)\s*")


@dataclass(frozen=True)
class Expression:
    """What stands between ``${{`` and ``}}``."""

    text: str

    def __str__(self) -> str:
        return f"${{{{{self.text}}}}}"

    def after(self, beginning: str) -> str | None:
        """Return what follows, or None if it does not begin so."""
        if not self.text.startswith(beginning):
            return None
        return self.text.removeprefix(beginning)


def pieces(text: str) -> list[str | Expression]:
    """Return texts and expressions in their order; empty texts are left out."""
    found: list[str | Expression] = []
    end = 0
    for match in _EXPRESSION.finditer(text):
        found += [text[end : match.start()], Expression(match[1])]
        end = match.end()
    found.append(text[end:])
    return [piece for piece in found if piece]


def single(value: object) -> Expression | None:
    """Return the expression that a value is, with nothing around it; else None."""
    found = pieces(value.strip()) if isinstance(value, str) else []
    if len(found) == 1 and isinstance(found[0], Expression):
        return found[0]
    return None


def without_optional_parts(text: str, has_value: Callable[[Expression], bool]) -> str:
    """Return the text with each ``$[[ … ]]`` opened, or left out.

    Args:
        text: Of a command or of arguments.
        has_value: Whether an expression stands for something.
    """

    def opened(match: re.Match[str]) -> str:
        inside = match[1]
        bare = _BARE.fullmatch(inside)
        if bare:  # one published document leaves ${{ }} out
            inside = str(Expression(bare[1]))
        known = [one for one in pieces(inside) if isinstance(one, Expression)]
        return inside if all(map(has_value, known)) else ""

    return _OPTIONAL.sub(opened, text)
