"""The benchmarks work: every side writes its rows, and the figures find their page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figure import (
    Figure,
    beside,
    merge,
    not_reached,
    read_figures,
    single,
    write_figures,
)
from benchmarks.page import render, write_page
from benchmarks.rounds import Results, Side
from benchmarks.work import Measured, Work

PROJECT = Path(__file__).parents[2]
POOL = "Pool.imap_unordered, chunk 1"


def benchmarks(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmarks, small, and leave their files in ``folder``."""
    page = folder / "page.md"
    page.write_text("before\n<!-- figures: begin -->\n<!-- figures: end -->\nafter\n")
    return subprocess.run(
        [
            sys.executable, "-m", "benchmarks", "--quick", "--rounds", "1",
            "--json", folder / "bench.json", "--page", page, *options,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )  # fmt: skip


def test_ours_and_an_alternative_do_the_same_work(tmp_path):
    """Figures are records with value, target and verdict, and tables on the page."""
    done = benchmarks(tmp_path, "--only", "W4", "--against", POOL)

    assert done.returncode == 0, done.stderr
    records = json.loads((tmp_path / "bench.json").read_text())
    figure = next(one for one in records if one["id"] == "W4.times_lower_bound")
    assert figure["value"] >= 1, done.stdout
    assert figure["target"] == 1.05
    assert figure["met"] in {True, False}
    (alternative,) = figure["alternatives"]
    assert alternative["name"] == POOL
    assert alternative["value"] >= 1
    page = (tmp_path / "page.md").read_text()
    assert page.startswith("before\n<!-- figures: begin -->\nMeasured on ")
    assert page.endswith("<!-- figures: end -->\nafter\n")


def test_an_unknown_workload_is_named(tmp_path):
    """A mistyped name is answered with those that there are."""
    done = benchmarks(tmp_path, "--only", "W99")

    assert done.returncode == 2
    assert "W99: choose from W1, W2" in done.stderr


@pytest.mark.parametrize(
    ("values", "limits", "met", "missed_by"),
    [
        pytest.param([3.0, 1.0, 2.0], {"at_most": 2}, True, None, id="at the limit"),
        pytest.param([3.0], {"at_most": 2}, False, 0.5, id="half as much again"),
        pytest.param([1.5], {"at_least": 2}, False, 0.25, id="a quarter too little"),
        pytest.param([5.0], {}, None, None, id="no target, no verdict"),
        pytest.param([], {"at_most": 2}, False, None, id="not measured is not met"),
    ],
)
def test_a_verdict_is_about_the_median(values, limits, met, missed_by):
    """A target holds for the median, and a miss says by what share of it."""
    figure = single("W1.x", "x", "s", values, **limits)

    assert figure.met is met
    assert figure.missed_by == missed_by


def test_figures_survive_their_file(tmp_path):
    """Another run replaces the workloads it measured, and keeps the others."""
    pool = Results(Side("pool", "x:y"), [Measured(0.0, 4.0)])
    old = beside(single("W1.x", "x", "s", [2.0]), [pool], lambda one: one.work)
    kept = not_reached("W2.y", "y", "s", "no reason", at_most=1)
    write_figures(tmp_path / "b.json", [old, kept])

    new = single("W1.z", "z", "s", [1.0])
    merged = merge(read_figures(tmp_path / "b.json"), [new])

    assert old.alternatives[0].ratio == 2
    assert merged == [new, kept]


def test_a_page_says_what_is_missed():
    """A miss is printed with its share, what could not be measured with its reason."""
    figures = [
        single("W1.a", "too slow", "µs", [30.0, 40.0, 50.0], at_most=20),
        not_reached("W1.b", "not there", "s", "no such function", at_most=1),
    ]

    text = render(figures, "a machine", {"W1": "no-op"})

    assert "40 µs (30 to 50) | ≤ 20 µs | **missed by 100 %** |" in text
    assert "| ≤ 1 s | not reached: no such function |" in text


def test_a_page_without_markers_is_left_alone(tmp_path):
    """Prose is never overwritten."""
    page = tmp_path / "page.md"
    page.write_text("only prose\n")

    with pytest.raises(ValueError, match="figures: begin"):
        write_page(page, [Figure("W1.a", "a", "s", 1.0)], "a machine", {})

    assert page.read_text() == "only prose\n"


def test_every_item_is_in_one_mini_batch():
    """Names repeat where there are fewer files than items; none is left out."""
    work = Work("no_op", "/d", items=5, distinct=3, suffix=".x", mini_batch_size=2)

    assert [
        ["/d/00000000.x", "/d/00000001.x"],
        ["/d/00000002.x", "/d/00000000.x"],
        ["/d/00000001.x"],
    ] == list(work.mini_batches())
    assert work.count == 3
