"""No two steps of a run put their rows into the same file."""

from __future__ import annotations

import pytest

from azml_pipelines import DeclarationError, OutputFileDatasetConfig
from azml_pipelines.plan.run_plan import ConditionPlan
from azml_pipelines.plan.shared_files import refuse_shared_files


@pytest.fixture
def plan_of(workspace, step_of, definition_of, compiled):
    """Compile steps, each with a destination and settings of its own."""
    store = workspace.get_default_datastore()

    def make(*steps):
        made = [
            step_of(
                f"step-{number}",
                OutputFileDatasetConfig(f"rows{number}", destination=(store, folder)),
                **settings,
            )
            for number, (folder, settings) in enumerate(steps)
        ]
        return compiled(definition_of(*made))

    return make


@pytest.mark.parametrize("settings", [{}, {"on_existing": "error"}])
def test_the_same_file_is_refused(plan_of, settings):
    """Whichever came last would have replaced the rows of the other."""
    message = (
        r"Steps 'step-0' and 'step-1' both write 'same/parallel_run_step\.txt' .*"
        "Give each of them a destination or an append_row_file_name of its own"
    )
    with pytest.raises(DeclarationError, match=message):
        plan_of(("same", settings), ("same/", settings))


@pytest.mark.parametrize(
    ("folder", "settings"),
    [
        pytest.param("other", {}, id="another folder"),
        pytest.param("same", {"append_row_file_name": "b.txt"}, id="another name"),
        pytest.param("same", {"output_action": "summary_only"}, id="no file"),
        pytest.param("same", {"on_existing": "version"}, id="a name that is free"),
    ],
)
def test_files_of_their_own_are_accepted(plan_of, folder, settings):
    """A folder may be shared."""
    assert len(plan_of(("same", {}), (folder, settings)).steps) == 2


def test_one_step_may_stand_in_for_the_other(plan_of):
    """Where a condition decides which of them runs."""
    one, other = plan_of(("same", {}), ("other", {})).steps
    condition = ConditionPlan(
        step_run_id="x", step_name="train", operator="<", metric="error", value=0.1
    )
    other = other.model_copy(update={"output": one.output, "when": (condition,)})
    refuse_shared_files([one, other])

    with pytest.raises(DeclarationError):
        refuse_shared_files([one, other.model_copy(update={"when": ()})])
