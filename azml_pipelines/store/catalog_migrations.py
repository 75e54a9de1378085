"""How an older catalog becomes one of today: SQL files, each done whole or not.

A file is never changed once it has been released; what is new is a new file. Its SQL
has to mean the same to SQLite and to PostgreSQL.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SCHEMA_VERSION", "statements_to"]

_FILES = {
    int(file.name.partition("_")[0]): file
    for file in (Path(__file__).parent / "migrations").glob("[0-9]*_*.sql")
}
SCHEMA_VERSION = max(_FILES)
"""The layout that this version of the package reads and writes."""


def statements_to(version: int) -> Iterator[str]:
    """Yield the statements that lead from the layout before ``version`` to it."""
    text = _FILES[version].read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    for statement in "\n".join(lines).split(";"):
        if statement.strip():
            yield statement.strip()
