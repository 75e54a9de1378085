"""The index of results: found by what is declared, forgotten by run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.store.result_index import ResultIndex, StepResult

if TYPE_CHECKING:
    from pathlib import Path


def result(run: str, step: str = "s", declared: str = "d", ended: float = 1.0):
    """Return a result of a run."""
    return StepResult(
        run_id=run,
        step_run_id=f"{run}-{step}",
        step_name="score",
        ended=ended,
        seconds=1.0,
        declared=declared,
        digest="x",
    )


def test_the_newest_comes_first(tmp_path: Path) -> None:
    """Of those with the same declared parts, and no others."""
    index = ResultIndex(tmp_path / "results")
    for one in (result("a", ended=1), result("b", ended=3), result("c", ended=2)):
        index.add(one)
    index.add(result("d", declared="other"))

    assert [one.run_id for one in index.find("d")] == ["b", "c", "a"]
    assert index.knows("d")
    assert not index.knows("e")


def test_a_run_is_forgotten_with_all_its_results(tmp_path: Path) -> None:
    """Those of other runs stay, and an empty place is no knowledge."""
    index = ResultIndex(tmp_path / "results")
    for one in (result("a"), result("a", "t"), result("b"), result("a", "u", "only")):
        index.add(one)

    assert len(index.of_run("a")) == 3
    index.forget_run("a")
    assert index.of_run("a") == []
    assert [one.run_id for one in index.find("d")] == ["b"]
    assert not index.knows("only")


def test_what_is_no_result_is_passed_over(tmp_path: Path) -> None:
    """A file that was cut short harms nobody."""
    index = ResultIndex(tmp_path / "results")
    index.add(result("a"))
    (tmp_path / "results" / "d" / "b.c.json").write_text('{"run_id": ')

    assert [one.run_id for one in index.find("d")] == ["a"]
