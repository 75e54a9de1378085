"""Text of users, made safe to print: control characters appear as escapes."""

from __future__ import annotations

import unicodedata

from azml_pipelines.masking import mask

__all__ = ["encodable", "one_line", "printable"]

# They reorder what follows on the line, so that a name could pretend to be another.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e")
_ISOLATION = frozenset("\u2066\u2067\u2068\u2069")
# Nobody sees them: two names that look the same would not be.
_INVISIBLE = frozenset("\u00ad\u200b\u2060\ufeff")
_ESCAPED = _DIRECTION | _ISOLATION | _INVISIBLE


def printable(text: str) -> str:
    """Return ``text`` on one line, with nothing in it that a terminal would obey.

    What has the shape of a secret is masked as well.
    """
    text = mask(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def one_line(error: BaseException) -> str:
    """Return the message of ``error`` without line breaks and control characters."""
    return printable(" ".join(str(error).split()))


def encodable(text: str, encoding: str | None) -> str:
    """Return ``text`` with escapes for what ``encoding`` (UTF-8 if None) cannot say."""
    name = encoding or "utf-8"
    return text.encode(name, "backslashreplace").decode(name)


def _visible(character: str) -> str:
    if character in _ESCAPED:
        return f"\\u{ord(character):04x}"
    if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or (
        # Letters made of tags: invisible text that programs read.
        "\U000e0000" <= character <= "\U000e007f"
    ):
        return character.encode("unicode_escape").decode("ascii")
    return character
