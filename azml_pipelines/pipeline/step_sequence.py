"""Steps in a row: each waits for all of those before it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from azml_pipelines.argument_checks import check_list
from azml_pipelines.errors import UnknownStepKindError
from azml_pipelines.pipeline.pipeline_data import PipelineData
from azml_pipelines.pipeline.step import PipelineStep
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["StepSequence", "flatten_steps"]


class StepSequence:
    """Steps with a barrier between each element and the next.

    Args:
        steps: Steps; a list inside stands for steps that may run at the same time.

    Raises:
        UnknownStepKindError: An element is no step, list or sequence.
    """

    def __init__(self, steps: Sequence[Any]) -> None:
        check_list("steps", steps, optional=False)
        self._groups = [flatten_steps(element) for element in steps]
        for before, after in pairwise(filter(None, self._groups)):
            for step in after:
                for earlier in before:
                    step.run_after(earlier)

    def __iter__(self) -> Iterator[PipelineStep]:
        return (step for group in self._groups for step in group)

    def __len__(self) -> int:
        return sum(map(len, self._groups))


def flatten_steps(element: object) -> list[PipelineStep]:
    """Return the steps that ``element`` stands for, in order, each once.

    Args:
        element: A step, a list of such elements, a StepSequence, or a PipelineData,
            which stands for the step that writes it.

    Raises:
        UnknownStepKindError: It is something else, or nobody writes the PipelineData.
    """
    return list(dict.fromkeys(_steps_in(element)))


def _steps_in(element: object) -> Iterator[PipelineStep]:
    if isinstance(element, PipelineStep):
        yield element
    elif isinstance(element, StepSequence):
        yield from element
    elif isinstance(element, list):
        for inner in element:
            yield from _steps_in(inner)
    elif isinstance(element, PipelineData) and element.producer is not None:
        yield element.producer
    else:
        msg = (
            f"{shown(element)} ({type(element).__name__}) cannot be a step of a "
            "pipeline. Give steps, lists of steps, a StepSequence, or the output of a "
            "step."
        )
        raise UnknownStepKindError(msg)
