"""What is odd about a graph and can run all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.pipeline.script_step import ScriptStep
from azml_pipelines.pipeline.step_arguments import JoinedArgument, PortReference
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from azml_pipelines.pipeline.graph import StepGraph
    from azml_pipelines.pipeline.pipeline_data import PipelineData
    from azml_pipelines.pipeline.step import PipelineStep

__all__ = ["graph_warnings"]


def graph_warnings(graph: StepGraph) -> Iterator[str]:
    """Yield one line for each pair of steps of one name, and each unused output."""
    places: dict[str, int] = {}
    for number, step in enumerate(graph.steps, 1):
        first = places.setdefault(step.name, number)
        if first != number:
            yield (
                f"Steps {first} and {number} of the pipeline are both called "
                f"{shown(step.name)}. Give each a name of its own, by which runs and "
                "logs tell them apart."
            )
    used = {data for step in graph.steps for data in _used(step)}
    for step in graph.steps:
        for data in _unknown_outputs(step):
            if data not in used:
                yield (
                    f"Step {shown(step.name)} has the output "
                    f"{shown(data.output_name)}, which is not in its arguments, and no "
                    "other step reads it. Put it into arguments, or leave it out."
                )


def _used(step: PipelineStep) -> Iterator[PipelineData]:
    yield from step.reads()
    for condition in step.conditions:
        if condition.output is not None:
            yield condition.output


def _unknown_outputs(step: PipelineStep) -> Iterator[PipelineData]:
    """Yield the outputs whose place a script is not told, and that nobody asks for."""
    if not isinstance(step, ScriptStep):
        return
    told = set(_told(step.script_arguments))
    for data in step.writes():
        asked_for = data.pipeline_output_name or data.registrations
        if data.output_name not in told and not asked_for:
            yield data


def _told(arguments: Iterable[object]) -> Iterator[str]:
    """Yield the outputs whose place stands in arguments."""
    for argument in arguments:
        if isinstance(argument, JoinedArgument):
            yield from _told(argument.parts)
        elif isinstance(argument, PortReference) and argument.port == "output":
            yield argument.name
