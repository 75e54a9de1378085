"""``python -m benchmarks``: measure, print, and write the tables.

make bench                                    all of W1 to W9, into docs/performance.md
python -m benchmarks --only W1,W4 --rounds 5  these alone; the others stay as they were
python -m benchmarks --only G                 what the guarantees cost
python -m benchmarks --quick                  small: whether it works, not how fast
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure, merge, read_figures, write_figures
from benchmarks.machine import describe_machine
from benchmarks.page import check_page, render, write_page
from benchmarks.rounds import say
from benchmarks.settings import Settings
from benchmarks.workloads import WORKLOADS, measure, titles

_PAGE = Path("docs", "performance.md")
_REPORT = Path("build", "bench.json")
_QUICK_REPORT = Path("build", "bench-quick.json")
_MACHINE = "machine"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    default = ",".join(name for name in WORKLOADS if name.startswith("W"))
    parser.add_argument("--only", default=default, help=f"of {', '.join(WORKLOADS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument(
        "--against", help="names of alternatives, with semicolons; default all"
    )
    parser.add_argument("--json", type=Path, help=f"default {_REPORT}")
    parser.add_argument("--page", type=Path, help=f"default {_PAGE}, unless --quick")
    options = parser.parse_args()
    options.only = options.only.split(",")
    unknown = [name for name in options.only if name not in WORKLOADS]
    if unknown:
        parser.error(f"{', '.join(unknown)}: choose from {', '.join(WORKLOADS)}")
    return options


def _measure(name: str, options: argparse.Namespace) -> list[Figure]:
    command = f"python -m benchmarks --only {name} --rounds {options.rounds}"
    against = options.against
    with tempfile.TemporaryDirectory(prefix="azb-") as folder:
        settings = Settings(
            Path(folder),
            options.rounds,
            options.quick,
            None if against is None else frozenset(against.split(";")),
        )
        return list(measure(name, settings, command))


def main() -> None:
    """Measure what is asked for; what is measured is written down at once."""
    options = _options()
    # Ended from outside, the processes and files of a round go too, as with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    started = time.monotonic()
    machine = describe_machine()
    report = options.json or (_QUICK_REPORT if options.quick else _REPORT)
    page = options.page or (None if options.quick else _PAGE)
    if page is not None:
        check_page(page)
    figures = read_figures(report)
    names = titles()
    for name in options.only:
        began = time.monotonic()
        found = _measure(name, options)
        say(f"{name} took {time.monotonic() - began:.0f} s")
        figures = merge(figures, [Figure(_MACHINE, machine, "", None), *found])
        write_figures(report, figures)
        if page is not None:
            write_page(page, figures, machine, names)
        print(render(found, machine, names), flush=True)
    say(f"done in {time.monotonic() - started:.0f} s; written to {report}")


if __name__ == "__main__":
    main()
