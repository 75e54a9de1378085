"""The entry script as an alternative runs it: loaded once in each process."""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["FRAME_OPTIONS", "entry", "rows_of", "table_rows"]

FRAME_OPTIONS = {"sep": " ", "index": False, "header": False, "lineterminator": "\n"}
"""How rows of tables are written, by everybody."""


@cache
def entry(source: str) -> Callable[[Any], Any]:
    """Return ``run()`` of a script whose ``init()`` has been called, once a process."""
    spec = importlib.util.spec_from_file_location("score", f"{source}/score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if hasattr(module, "init"):
        module.init()
    return module.run


def rows_of(task: tuple[str, list[str]]) -> str:
    """Run one mini-batch; return its lines as one text, the cheapest thing to send."""
    source, mini_batch = task
    return "\n".join(map(str, entry(source)(mini_batch))) + "\n"


def table_rows(source: str, frame: pd.DataFrame) -> str:
    """Run one mini-batch of a table; return its rows as text."""
    return entry(source)(frame).to_csv(**FRAME_OPTIONS)
