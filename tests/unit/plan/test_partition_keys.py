"""Partition keys on their way into the plan."""

from __future__ import annotations

import pytest

from azml_pipelines import DeclarationError, PipelineParameter
from azml_pipelines.data.definition import PartitionDefinition


@pytest.mark.parametrize(
    "keys",
    [
        ["b", "a"],
        PipelineParameter("keys", default_value='["b", "a"]'),
    ],
    ids=["a list", "JSON"],
)
def test_keys(step_of, definition_of, compiled, images, keys):
    """A list, or a parameter that holds it; what the dataset lacks is named."""
    parts = PartitionDefinition(format="/{a}/{b}.png")
    partitioned = images.definition.model_copy(update={"partition": parts})
    definition = definition_of(step_of(partition_keys=keys))
    (step,) = definition.steps
    (port,) = step.inputs
    changed = port.model_copy(update={"source": partitioned})
    good = step.model_copy(update={"inputs": (changed,)})
    (planned,) = compiled(definition.model_copy(update={"steps": (good,)})).steps

    assert planned.settings.partition_keys == ("b", "a")
    with pytest.raises(DeclarationError, match="has the partition keys none"):
        compiled(definition)
