"""Overrides stand beside the plan, and the newest value of each knob wins."""

from __future__ import annotations

import pytest

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.plan.execution_override import ExecutionOverride
from azml_pipelines.store.execution_overrides import (
    read_effective_plan,
    read_overrides,
    write_override,
)


def test_the_newest_value_of_each_knob_wins(stored):
    """Also when there are more than nine of them; the plan file stays as it is."""
    before = stored.folder.plan.read_bytes()
    for count in range(1, 12):
        write_override(stored.folder, ExecutionOverride(node_count=count))
    last = write_override(stored.folder, ExecutionOverride(run_invocation_timeout=7))
    (step,) = read_effective_plan(stored.folder).steps

    assert "resume.12.json" == last.name
    assert 12 == len(read_overrides(stored.folder))
    assert (11, 7) == (step.settings.node_count, step.settings.run_invocation_timeout)
    assert before == stored.folder.plan.read_bytes()


def test_a_run_without_overrides(stored):
    """Is executed as it was planned."""
    (step,) = read_effective_plan(stored.folder).steps

    assert step == stored.step


def test_an_override_that_is_damaged_is_named(stored):
    """It is not skipped: the run would not be what somebody asked for."""
    (stored.folder.root / "resume.1.json").write_text('{"nodes": 3}')

    with pytest.raises(WorkspaceException, match=r"resume\.1\.json"):
        read_effective_plan(stored.folder)
