"""Several cases of a test at the same time, each process in folders of its own.

For tests that count what is lost or wrong; what measures time runs alone.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chaos.lab import Lab

__all__ = ["side_by_side"]

_Case = TypeVar("_Case")
_Result = TypeVar("_Result")


def side_by_side(
    lab: Lab,
    play: Callable[[_Case], _Result],
    cases: Sequence[_Case],
    *,
    at_once: int = 2,
) -> Iterator[tuple[_Case, _Result]]:
    """Play cases in forked processes until none, or no time, is left.

    Args:
        lab: Of the test; processes are found by its folder.
        play: A function of a module, since it is found by its name.
        cases: In the order in which they begin, and in which results are yielded.
        at_once: Processes.
    """
    pool = ProcessPoolExecutor(
        at_once,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_prepare,
        initargs=(str(lab.root),),
    )
    try:
        results = [pool.submit(play, case) for case in cases]
        for case, result in zip(cases, results, strict=True):
            if lab.time_is_up:
                # All at once, or some would always have begun before their turn. What
                # has begun is waited for: it has found something by then.
                for later in results:
                    later.cancel()
            if result.cancelled():
                return
            yield case, result.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare(folder: str) -> None:
    """Let a process be found by its folder, and load what all cases need once."""
    os.chdir(folder)
    for module in ("networkx", "sqlalchemy.dialects.sqlite", "pandas"):
        importlib.import_module(module)
