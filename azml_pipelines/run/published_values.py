"""What a submission of a published pipeline gives: values, and execution settings.

Whoever posts to an endpoint may not know what was declared. As in version 1, a name
that means nothing is no reason to refuse a run; a warning names it.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from azml_pipelines.argument_checks import check_mapping
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.plan.definition import (
        ParallelRunStepDefinition,
        PipelineDefinition,
    )

__all__ = ["accepted_values"]

_SETTINGS = {
    "NodeCount": "node_count",
    "mini_batch_size": "mini_batch_size",
    "node_count": "node_count",
    "process_count_per_node": "process_count_per_node",
}
"""What is honoured although no parameter has the name, as version 1's notebooks do."""


def accepted_values(
    definition: PipelineDefinition, values: Mapping[str, object]
) -> tuple[PipelineDefinition, dict[str, object]]:
    """Return the definition with the settings, and the values that it declares.

    Settings need a pipeline with exactly one parallel step. What is neither declared
    nor such a setting is left out with a warning.
    """
    check_mapping("pipeline_parameters", values)
    declared = {name for name in values if definition.parameter(str(name)) is not None}
    parallel = [step for step in definition.steps if step.kind == "parallel_run"]
    settings = {
        _SETTINGS[name]: values[name]
        for name in values
        if name not in declared and name in _SETTINGS and len(parallel) == 1
    }
    unknown = [
        str(name)
        for name in values
        if name not in declared and _SETTINGS.get(name) not in settings
    ]
    if unknown:
        known = listed(parameter.name for parameter in definition.parameters)
        warnings.warn(
            f"No parameter is called {', '.join(map(shown, unknown))}; declared: "
            f"{known}. What was given for it has no effect.",
            UserWarning,
            stacklevel=2,
        )
    if settings:
        definition = _with_settings(definition, parallel[0], settings)
    return definition, {name: values[name] for name in values if name in declared}


def _with_settings(
    definition: PipelineDefinition,
    step: ParallelRunStepDefinition,
    settings: Mapping[str, object],
) -> PipelineDefinition:
    changed = step.model_copy(
        update={"settings": step.settings.model_copy(update=settings)}
    )
    steps = tuple(changed if one is step else one for one in definition.steps)
    return definition.model_copy(update={"steps": steps})
