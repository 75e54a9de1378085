"""Conditions of steps: whether a metric or an output of another step is as wanted.

Version 1 has none; ``when=`` and what is in this module are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from azml_pipelines.errors import DeclarationError
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.pipeline.pipeline_data import PipelineData
    from azml_pipelines.pipeline.step import PipelineStep

__all__ = ["Condition", "Operator", "StepMetric", "checked_conditions", "output_exists"]

Operator: TypeAlias = Literal[">", ">=", "<", "<=", "==", "!=", "exists"]
Comparable: TypeAlias = float | int | str | bool


@dataclass(frozen=True, eq=False)
class Condition:
    """What has to be so for a step to run; otherwise it is skipped."""

    step: PipelineStep
    """The step that is looked at, which runs first."""
    operator: Operator
    metric: str | None = None
    value: Comparable | None = None
    output: PipelineData | None = None
    """Set exactly when ``metric`` is not."""

    def __bool__(self) -> bool:
        """Refuse to be a truth value: nothing is known before the run.

        Raises:
            DeclarationError: Always.
        """
        msg = (
            "A condition is decided while the pipeline runs. Pass it as when=…, and "
            "several of them as a list."
        )
        raise DeclarationError(msg)


class StepMetric:
    """A metric that a step will log, to be compared with a value.

    ``step.metric("accuracy") > 0.9`` is a condition.
    """

    def __init__(self, step: PipelineStep, name: str) -> None:
        self.step = step
        self.name = name

    def __gt__(self, value: Comparable) -> Condition:
        return self._compared(">", value)

    def __ge__(self, value: Comparable) -> Condition:
        return self._compared(">=", value)

    def __lt__(self, value: Comparable) -> Condition:
        return self._compared("<", value)

    def __le__(self, value: Comparable) -> Condition:
        return self._compared("<=", value)

    def equals(self, value: Comparable) -> Condition:
        """Whether the metric has exactly this value."""
        return self._compared("==", value)

    def differs(self, value: Comparable) -> Condition:
        """Whether the metric has another value."""
        return self._compared("!=", value)

    def _compared(self, operator: Operator, value: object) -> Condition:
        if not isinstance(value, (int, float, str, bool)):
            msg = (
                f"Metric {shown(self.name)} is compared with {shown(value)} "
                f"({type(value).__name__}). Give a number or text."
            )
            raise DeclarationError(msg)
        return Condition(self.step, operator, metric=self.name, value=value)


def output_exists(output: PipelineData) -> Condition:
    """Whether a step has written something to an output: a file, or files in a folder.

    Raises:
        DeclarationError: No step writes it.
    """
    data = getattr(output, "pipeline_data", output)
    producer = getattr(data, "producer", None)
    if producer is None:
        msg = f"output_exists({shown(output)}): no step writes it. Pass its output."
        raise DeclarationError(msg)
    return Condition(producer, "exists", output=data)


def checked_conditions(step: PipelineStep, when: object) -> tuple[Condition, ...]:
    """Return the conditions of a step, which runs after what they look at.

    Raises:
        DeclarationError: ``when`` is no condition and no list of them.
    """
    given = list(when) if isinstance(when, (list, tuple)) else [when]
    conditions = tuple(one for one in given if isinstance(one, Condition))
    if when is None:
        return ()
    if len(conditions) < len(given) or not given:
        msg = (
            f"Step {shown(step.name)}: when={shown(when)} is no condition. Pass "
            "step.metric('…') > value, output_exists(data), or a list of such."
        )
        raise DeclarationError(msg)
    for condition in conditions:
        step.run_after(condition.step)
    return conditions
