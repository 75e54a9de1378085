"""The promises of finding runs by id."""

from __future__ import annotations

import pytest

from azml_pipelines import StepRun
from azml_pipelines.errors import RunNotFoundError


def test_the_beginning_of_an_id_will_do(finished):
    """Eight characters, as people copy them."""
    found = finished.experiment.workspace.get_run(finished.id[:8])

    assert finished.id == found.id


def test_a_step_s_id_finds_the_step(finished):
    """The right type is returned."""
    step = finished.get_steps()[0]

    found = finished.experiment.workspace.get_run(step.id)

    assert isinstance(found, StepRun)
    assert (step.id, finished.id) == (found.id, found.parent.id)


@pytest.mark.parametrize("beginning", ["", "1", ".new", "..", "no-such-run"])
def test_what_is_no_id_is_not_found(finished, beginning):
    """Too short, hidden, or simply unknown."""
    with pytest.raises(RunNotFoundError, match="azml runs"):
        finished.experiment.workspace.get_run(beginning)


def test_an_ambiguous_beginning_lists_the_runs(workspace):
    """The message shows what to choose from."""
    for name in ("abcd-1", "abcd-2"):
        workspace.folder.run(name).root.mkdir(parents=True)

    with pytest.raises(RunNotFoundError, match="abcd-1, abcd-2"):
        workspace.get_run("abcd")
