"""``python -m chaos``: run the tests, print a line each, write ``build/chaos.json``."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import secrets
import signal
import sys
import time
import traceback
from pathlib import Path

from chaos.lab import Lab
from chaos.page import Row, write_results
from chaos.registry import TESTS, ChaosTest
from chaos.verdict import NotRunError, Size, Verdict

__all__ = ["main"]

_REPORT = Path("build", "chaos.json")


def main() -> int:
    """Run what was asked for; 1 when something is not ok."""
    options = _options()
    # So that a stopped suite, too, leaves nothing behind.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if options.baselines:
        from chaos.baselines import write_table  # noqa: PLC0415 - loads dask

        return write_table(options.seed)
    size = Size.FULL if options.full else Size.SLICE if options.slice else Size.SHORT
    wanted = set(options.only.upper().split(",")) if options.only else None
    tests = [test for test in TESTS if _is_wanted(test, size, wanted)]
    if not tests:
        known = ", ".join(test.name for test in TESTS)
        print(
            f"--only {options.only}: no such test; there are {known}", file=sys.stderr
        )
        return 2
    load = os.getloadavg()[0]
    print(
        f"chaos: {size.value} form, tests {len(tests)}, seed {options.seed}, "
        f"{os.cpu_count()} cores, load {load:.1f}"
    )
    started = time.monotonic()
    _REPORT.parent.mkdir(exist_ok=True)
    records = []
    for test in tests:
        verdict, seconds = _run(test, size, options)
        records.append(verdict.record(test.name, seconds, options.seed))
        if options.write:
            write_results([Row(test.name, verdict, seconds, options.seed, load)])
        # Each time, so that a suite that is stopped has said what it found.
        _REPORT.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    good = sum(record["ok"] is True for record in records)
    absent = sum(record["ok"] is None for record in records)
    print(
        f"{good} ok, {len(records) - good - absent} not ok, {absent} not run"
        f" | {time.monotonic() - started:.0f} s | seed {options.seed} | {_REPORT}"
    )
    return 1 if any(record["ok"] is False for record in records) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--full", action="store_true", help="the catalogue's full figures"
    )
    form.add_argument("--slice", action="store_true", help="a few, within 3 minutes")
    form.add_argument(
        "--baselines", action="store_true", help="the same faults against other tools"
    )
    parser.add_argument("--only", help="names, for example T1,T2")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument(
        "--minutes", type=float, help="most for each test, where it can stop earlier"
    )
    parser.add_argument(
        "--write",
        action="store_true",
        help="with --full: put the results into docs/reliability.md",
    )
    parser.add_argument("--traceback", action="store_true", help="of a test that broke")
    options = parser.parse_args()
    if options.write and not options.full:
        parser.error("--write is for the full form: add --full")
    return options


def _is_wanted(test: ChaosTest, size: Size, wanted: set[str] | None) -> bool:
    if wanted is not None:
        return test.name.upper() in wanted
    return size is not Size.SLICE or test.in_slice


def _run(
    test: ChaosTest, size: Size, options: argparse.Namespace
) -> tuple[Verdict, float]:
    started = time.monotonic()
    limit = None if options.minutes is None else 60 * options.minutes
    try:
        function = test.load()
        # One line per test: what runs print about themselves is not shown.
        quiet = contextlib.redirect_stdout(io.StringIO())
        with quiet, Lab(test.name, options.seed, seconds=limit) as lab:
            verdict = function(lab, size)
    except NotRunError as error:
        verdict = Verdict(not_run=str(error))
    except Exception as error:
        if options.traceback:
            traceback.print_exc()
        text = f"the test itself broke: {type(error).__name__}: {error}"
        verdict = Verdict(problems=[text])
    seconds = time.monotonic() - started
    print(verdict.line(test.name, seconds, options.seed), flush=True)
    return verdict, seconds


if __name__ == "__main__":
    sys.exit(main())
