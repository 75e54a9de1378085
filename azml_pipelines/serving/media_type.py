"""Content types: what a body is, and which of them a caller would like back."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message

__all__ = ["CSV", "JSON", "JSON_LINES", "PARQUET", "MediaType", "preferred"]

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
PARQUET = "application/vnd.apache.parquet"

_SAME = {
    "application/csv": CSV,
    "application/jsonl": JSON_LINES,
    "application/x-jsonlines": JSON_LINES,
    "application/x-ndjson": JSON_LINES,
    "application/x-parquet": PARQUET,
}


@dataclass(frozen=True)
class MediaType:
    """A content type, by its one name here, and how its text is encoded."""

    name: str
    charset: str = "utf-8"

    @classmethod
    def parse(cls, text: str) -> MediaType:
        """Read the value of a ``Content-Type`` header; empty for none."""
        if not text.strip():
            return cls("")
        message = Message()
        message["Content-Type"] = text
        name = message.get_content_type()
        charset = message.get_content_charset() or "utf-8"
        return cls(_SAME.get(name, name), charset)


def preferred(accept: str, offered: tuple[str, ...]) -> str | None:
    """Return which of ``offered`` a caller likes best; None when it takes none.

    Args:
        accept: The value of its ``Accept`` header; empty means anything.
        offered: In our order, which decides among equals.
    """
    wishes = [_Wish.parse(part) for part in accept.split(",") if part.strip()]
    if not wishes:
        return offered[0]
    best, found = 0.0, None
    for name in offered:
        # The most exact of the wishes that fit says how much.
        fitting = [wish for wish in wishes if wish.fits(name)]
        weight = max(fitting, key=lambda wish: wish.exactness).weight if fitting else 0
        if weight > best:
            best, found = weight, name
    return found


@dataclass(frozen=True)
class _Wish:
    """One range of an ``Accept`` header and how much it is wanted, 0 to 1."""

    name: str
    weight: float

    @classmethod
    def parse(cls, text: str) -> _Wish:
        name, _, parameters = text.partition(";")
        weight = 1.0
        for parameter in parameters.split(";"):
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                weight = _number(value)
        name = name.strip().lower()
        return cls(_SAME.get(name, name), weight)

    @property
    def exactness(self) -> int:
        return 2 - self.name.count("*")

    def fits(self, name: str) -> bool:
        if self.name in {"*/*", "*"}:
            return True
        kind, _, wildcard = self.name.partition("/")
        return self.name == name or (wildcard == "*" and name.startswith(f"{kind}/"))


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
