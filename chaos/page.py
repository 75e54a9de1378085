"""The generated parts of ``docs/reliability.md``: nothing there is copied by hand."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.registry import TESTS
from chaos.verdict import shown

if TYPE_CHECKING:
    from chaos.verdict import Verdict

__all__ = ["Row", "machine", "write_part", "write_results"]

_PAGE = Path("docs", "reliability.md")
_RESULTS = "full forms"
_HEADER = ("test", "result", "took", "on", "seed", "load before")
_TOOK = 2


def machine() -> str:
    """Return what the figures were measured on."""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def write_part(name: str, text: str, page: Path = _PAGE) -> None:
    """Replace what stands between the two marks of a generated part."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


@dataclass(frozen=True)
class Row:
    """The full form of one test."""

    test: str
    verdict: Verdict
    seconds: float
    seed: int
    load: float
    """Average of the minute before the suite began: what else the machine did."""

    @property
    def cells(self) -> list[str]:
        """What stands in the table."""
        found = self.verdict
        text = f"not run: {found.not_run}"
        if found.not_run is None:
            parts = [f"{name} {shown(value)}" for name, value in found.figures.items()]
            parts += [f"*not reached*: {what}" for what in found.not_reached]
            parts += [f"because: {problem}" for problem in found.problems[:3]]
            text = f"{'ok' if found.ok else '**not ok**'}: {', '.join(parts)}"
        day = time.strftime("%Y-%m-%d", time.gmtime())
        facts = [f"{self.seconds:.0f} s", day, str(self.seed), f"{self.load:.1f}"]
        clean = " ".join(text.replace("|", "/").split())
        return [self.test, clean, *facts]


def write_results(rows: list[Row], page: Path = _PAGE) -> None:
    """Put rows into the table; those of tests that were not run now stay."""
    known = {row.test: row.cells for row in rows}
    lines = page.read_text(encoding="utf-8").splitlines()
    begin = lines.index(f"<!-- {_RESULTS}: begin -->")
    end = lines.index(f"<!-- {_RESULTS}: end -->")
    for line in lines[begin:end]:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == len(_HEADER):
            known.setdefault(cells[0], cells)
    table = [list(_HEADER), ["---"] * len(_HEADER)]
    table += [known[test.name] for test in TESTS if test.name in known]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    took = sum(int(cells[_TOOK].split()[0]) for cells in table[2:])
    note = (
        f"`make chaos-full` on {machine()}; all of these took {took / 60:.0f} minutes."
    )
    write_part(_RESULTS, f"{text}\n\n{note}", page)
