"""How far the list of a step's mini-batches has got, as the journal knows it.

The digest beside the number makes a damaged record one that fits no list, which is then
listed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

    from azml_pipelines.store.journal import Journal

__all__ = ["Listed", "forget_list", "note_listed", "read_listed"]


class Listed(NamedTuple):
    """The first mini-batches of a list, written down for good."""

    mini_batches: int = 0
    sha256: str = ""
    """Of their lines."""


def note_listed(journal: Journal, position: int, listed: Listed) -> None:
    """Note that more of a list is frozen, before any of it is handed out."""
    with journal._transaction() as connection:  # noqa: SLF001 - a part of the journal
        connection.execute(
            "INSERT OR REPLACE INTO listed (step, mini_batches, sha256)"
            " VALUES (?, ?, ?)",
            (position, *listed),
        )


def forget_list(journal: Journal, position: int) -> None:
    """Forget an unfinished list, and with it all that became of its mini-batches."""
    with journal._transaction() as connection:  # noqa: SLF001 - a part of the journal
        for table in ("listed", "done", "failure"):
            connection.execute(f"DELETE FROM {table} WHERE step = ?", (position,))  # noqa: S608 - names of ours


def read_listed(connection: sqlite3.Connection, position: int) -> Listed:
    """Return how far a list has got."""
    row = connection.execute(
        "SELECT mini_batches, sha256 FROM listed WHERE step = ?", (position,)
    ).fetchone()
    # What cannot be is taken for nothing: the list is then written anew.
    return Listed(*row) if row and isinstance(row[0], int) else Listed()
