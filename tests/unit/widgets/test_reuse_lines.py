"""What is said about reused steps."""

from __future__ import annotations

from azml_pipelines.store.run_state import RunState, StepState
from azml_pipelines.widgets.closing import closing_lines
from azml_pipelines.widgets.reuse_lines import reuse_lines, reused_summary
from azml_pipelines.widgets.step_facts import step_facts

NOW = 10_000.0


def reused(name: str, since: float = NOW - 7200) -> StepState:
    """Return a step whose result another run has made."""
    return StepState(
        name, name, "Finished", started=NOW, ended=NOW,
        reused_from="run-1", reused_since=since,
    )  # fmt: skip


def state(*steps: StepState) -> RunState:
    """Return a run of these steps that has finished."""
    return RunState("run-2", "x", "Finished", NOW, NOW, NOW, steps=steps)


def test_a_run_that_did_nothing_says_so_first() -> None:
    """With the age of the oldest result: nobody takes it for new work."""
    first = closing_lines(state(reused("a"), reused("b", NOW - 90)), NOW)[0]

    assert first == (
        "Finished in 0.0 s: nothing ran, every step was reused "
        "(made up to 2:00:00 ago)."
    )


def test_each_reused_step_names_its_run() -> None:
    """And the age of its result."""
    ran = StepState("b", "b", "Finished", 1, 1, started=NOW, ended=NOW)
    run = state(reused("a"), ran)

    assert reuse_lines(run, NOW) == ["a: reused from run run-1, made 2:00:00 ago"]
    assert reused_summary(run, NOW) == "1 step reused (made up to 2:00:00 ago)"
    assert reused_summary(state(ran), NOW) == ""


def test_a_reused_step_counts_nothing_as_its_own() -> None:
    """Its row says reused, and has no numbers."""
    facts = step_facts(reused("a"), NOW)

    assert facts.word == "reused"
    assert (facts.mini_batches, facts.items, facts.failed) == ("-", "-", "-")


def test_a_thousand_reused_steps_are_not_a_thousand_lines() -> None:
    """Twenty, and how many more."""
    lines = reuse_lines(state(*(reused(f"s{n}") for n in range(1000))), NOW)

    assert len(lines) == 21
    assert lines[-1] == "and 980 other reused steps"
