"""The contract of step executors, for whoever adds a kind of step."""

# ruff: noqa: S101 - these are tests

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azml_pipelines.pipeline.step import PipelineStep
    from azml_pipelines.testing.script_steps import ScriptSteps

__all__ = ["StepExecutorTests"]


class StepExecutorTests(ABC):
    """What a step of any kind does, whatever it is made for.

    The fixture ``steps`` gives a ``ScriptSteps``.
    """

    @abstractmethod
    def good(self, steps: ScriptSteps) -> PipelineStep:
        """Return a step called ``kind`` that succeeds and writes an output ``made``."""

    @abstractmethod
    def bad(self, steps: ScriptSteps) -> PipelineStep:
        """Return a step called ``kind`` that fails; its output is called ``made``."""

    def test_it_finishes_with_its_output(self, steps: ScriptSteps) -> None:
        """There is a file, and the state says that it has finished."""
        run = steps.run(self.good(steps))
        place = steps.place(run, "made")

        assert steps.statuses(run)["kind"] == "Finished", run.state().error
        assert place.is_file() or any(file.is_file() for file in place.rglob("*"))

    def test_its_failure_names_it(self, steps: ScriptSteps) -> None:
        """The run's error does too, in one line, and the output is not there."""
        run = steps.run(self.bad(steps))
        error = run.state().error or ""
        place = steps.place(run, "made")

        assert steps.statuses(run)["kind"] == "Failed"
        assert error.startswith("Step 'kind' failed: ")
        assert "\n" not in error
        assert not place.is_file()
        assert not any(file.is_file() for file in place.rglob("*"))

    def test_what_needs_it_waits_and_fails_with_it(self, steps: ScriptSteps) -> None:
        """A later step starts after a success, and not after a failure."""
        for step, status in ((self.good(steps), "Finished"), (self.bad(steps), None)):
            later = steps.script("pass", "later")
            later.run_after(step)
            run = steps.run(later)

            assert steps.statuses(run)["later"] == (status or "NotStarted")

    def test_a_condition_skips_it(self, steps: ScriptSteps) -> None:
        """Nothing of it is done then."""
        text = "from azml_pipelines import Run; Run.get_context().log('go', 0)"
        asked = steps.script(text, "asked")
        step = self.good(steps)
        step.run_after(asked)
        step.conditions = (asked.metric("go") > 0,)
        run = steps.run(step)

        assert steps.statuses(run)["kind"] == "Skipped"
        assert not steps.place(run, "made").exists()

    def test_it_runs_where_a_debugger_works(self, steps: ScriptSteps) -> None:
        """With ``debug=True``, when it needs no process of its own; else in one."""
        run = steps.run(self.good(steps), debug=True)

        assert steps.statuses(run)["kind"] == "Finished", run.state().error
