"""The chaos suite says what it found: a line for people, a record for programs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def chaos(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the suite in a folder of its own, where it puts its report."""
    return subprocess.run(
        [sys.executable, "-m", "chaos", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_each_test_prints_one_line_and_adds_one_record(tmp_path):
    """Both begin with the test and its end, and hold every figure and the seed."""
    done = chaos(tmp_path, "--slice", "--only", "T14", "--seed", "5")

    line = done.stdout.splitlines()[1]
    (record,) = json.loads((tmp_path / "build" / "chaos.json").read_text())

    assert done.returncode == 0
    assert re.fullmatch(r"T14 ok \| cases 2000 \| differences 0 \| .* \| seed 5", line)
    assert list(record)[:4] == ["test", "ok", "cases", "differences"]
    assert ["T14", True, 2000, 0, 5] == [
        record[name] for name in ("test", "ok", "cases", "differences", "seed")
    ]


def test_a_test_that_does_not_exist_is_refused(tmp_path):
    """One line names those there are; nothing is written."""
    done = chaos(tmp_path, "--only", "T99")

    assert done.returncode == 2
    assert done.stderr.startswith("--only T99: no such test; there are T1, T2")
    assert not list(tmp_path.iterdir())


PAGE = """# Reliability

<!-- full forms: begin -->
| test | result | took | on | seed | load before |
| --- | --- | --- | --- | --- | --- |
| T1 | ok: kills 3 | 9 s | 2024-01-01 | 7 | 0.1 |
| T2 | ok: kills 4 | 9 s | 2024-01-01 | 7 | 0.1 |

`make chaos-full` on an old machine.
<!-- full forms: end -->

The rest.
"""


def test_results_are_written_into_their_part_of_the_page(monkeypatch, tmp_path):
    """Rows of tests that were not run stay, with their day; nothing else changes."""
    monkeypatch.syspath_prepend(PROJECT)
    from chaos.page import Row, write_results
    from chaos.verdict import Verdict

    page = tmp_path / "page.md"
    page.write_text(PAGE)
    bad = Verdict({"kills": 5, "p99": 0.1234}, ["2 | 3 lost"], ["kills 5 of 9 (time)"])
    write_results([Row("T2", bad, 12.3, 11, 2.0)], page)
    write_results([Row("T3", Verdict(not_run="no disk"), 0.1, 12, 2.0)], page)
    lines = page.read_text().splitlines()

    assert "| T1 | ok: kills 3 | 9 s | 2024-01-01 | 7 | 0.1 |" == lines[5]
    assert lines[6].startswith(
        "| T2 | **not ok**: kills 5, p99 0.123, *not reached*: kills 5 of 9 (time),"
        " because: 2 / 3 lost | 12 s | 20"
    )
    assert lines[7].startswith("| T3 | not run: no disk | 0 s | ")
    assert lines[9].endswith("all of these took 0 minutes.")
    assert ["# Reliability", "", "The rest."] == [lines[0], *lines[-2:]]


def test_two_owners_at_work_are_seen(monkeypatch, tmp_path):
    """However short the time is in which both of them worked."""
    monkeypatch.syspath_prepend(PROJECT)
    from chaos.owners import overlaps, tenures

    notes = tmp_path / "notes"
    notes.write_text("7 1.0\n7 2.0\n8 2.5\n8 3.0\n7 2.1\n9 3.5\n")

    assert [7, 8, 9] == [found.owner for found in tenures(notes)]
    assert 0 == overlaps(tenures(notes))

    with notes.open("a") as file:
        file.write("8 3.5001\n")

    assert 1 == overlaps(tenures(notes))


def test_a_child_is_no_second_orchestrator(monkeypatch, tmp_path):
    """It has the command line of who starts it until it becomes something else."""
    monkeypatch.syspath_prepend(PROJECT)
    from chaos.process_tree import orchestrators

    name = "azml_pipelines.engine.orchestrator"
    program = "import os, sys; os.fork(); os.write(1, b'1'); sys.stdin.read()"
    command = [sys.executable, "-c", program, name, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        subprocess.Popen(command, **pipes) as one,
        subprocess.Popen(command, **pipes) as other,
    ):
        for process in (one, other):
            assert b"11" == process.stdout.read(2)
        found = orchestrators(tmp_path)
        for process in (one, other):
            process.stdin.close()

    assert {one.pid, other.pid} == set(found)
