"""One round of one side, in a process of its own: nothing is left for the next one."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.work import Work

__all__: list[str] = []


def main() -> None:
    """Call the function named first with the work, and write down what it took."""
    place, text, result = sys.argv[1:]
    work = Work.from_json(text)
    os.environ.update(work.environment)
    module, _, name = place.partition(":")
    measured = getattr(import_module(module), name)(work)
    Path(result).write_text(measured.to_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
