"""What every kind of step has: a name, inputs, outputs, and steps it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import DeclarationError
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from azml_pipelines.pipeline.condition import Condition, StepMetric
    from azml_pipelines.pipeline.parameter import PipelineParameter
    from azml_pipelines.pipeline.pipeline_data import PipelineData

__all__ = ["PipelineStep"]


class PipelineStep:
    """One node of a pipeline.

    Args:
        name: What runs and logs call it.
        inputs: What it reads; the list is copied.
        outputs: What it writes; the list is copied.
        arguments: What its script is started with; the list is copied.

    Raises:
        DeclarationError: The name is empty or not text.
    """

    allow_reuse: bool
    """Whether an earlier result may stand in; each kind of step sets it."""

    def __init__(
        self,
        name: str,
        inputs: Sequence[Any] | None = None,
        outputs: Sequence[Any] | None = None,
        arguments: Sequence[Any] | None = None,
    ) -> None:
        if not isinstance(name, str) or not name:
            msg = f"A step needs a name; got {shown(name)}. Pass name='…'."
            raise DeclarationError(msg)
        self.name = name
        self.inputs: list[Any] = list(inputs or ())
        self.outputs: list[Any] = list(outputs or ())
        self.arguments: list[Any] = list(arguments or ())
        self.run_after_steps: list[PipelineStep] = []
        self.conditions: tuple[Condition, ...] = ()
        """What has to be so for it to run; an extension of version 1."""

    def run_after(self, step: PipelineStep) -> None:
        """Start this step only when ``step`` has finished.

        Raises:
            DeclarationError: ``step`` is no step.
        """
        if not isinstance(step, PipelineStep):
            msg = (
                f"Step {shown(self.name)} cannot run after {shown(step)}, which is no "
                "step. Pass a step object."
            )
            raise DeclarationError(msg)
        if step not in self.run_after_steps:
            self.run_after_steps.append(step)

    def metric(self, name: str) -> StepMetric:
        """Return a metric that it will log, for ``when=`` of another step (ours).

        Args:
            name: As the script logs it; of a parallel step also ``failed_items``,
                ``succeeded_items``, ``done_mini_batches``, ``failed_mini_batches``.
        """
        from azml_pipelines.pipeline.condition import StepMetric  # noqa: PLC0415 - a circle

        return StepMetric(self, name)

    @property
    def compute_target(self) -> object:
        """What runs it: a name, an object, or None for this machine."""
        return None

    @property
    def environment_variables(self) -> Mapping[str, object]:
        """What its processes find in their environment; an extension of version 1."""
        return {}

    def check(self, default_source_directory: str | None = None) -> None:
        """Make sure that its files are there; an extension of version 1.

        Args:
            default_source_directory: Of the pipeline.

        Raises:
            DeclarationError: Its folder or its script does not exist.
        """

    def reads(self) -> list[PipelineData]:
        """Return what it needs from other steps; an extension of version 1."""
        return []

    def writes(self) -> list[PipelineData]:
        """Return what it makes for other steps; an extension of version 1."""
        return []

    def parameters(self) -> list[PipelineParameter]:
        """Return the parameters it uses, in order; an extension of version 1."""
        return []

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"
