"""What a submission would do, as text and as a drawing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines.engine.preview import preview_steps
from azml_pipelines.plan.compiler import compile_plan
from azml_pipelines.plan.reuse_options import apply_reuse_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azml_pipelines.engine.preview import StepPreview
    from azml_pipelines.plan.definition import PipelineDefinition
    from azml_pipelines.plan.reuse_options import ReuseOptions
    from azml_pipelines.run.workspace import Workspace

__all__ = ["PipelinePreview", "preview"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class PipelinePreview:
    """What would run and what would be reused; ``print`` draws it."""

    steps: tuple[StepPreview, ...]
    """In an order in which they could run."""
    looked_at: float
    """When that was, in seconds since 1970."""

    def __str__(self) -> str:
        return self.to_text()

    @property
    def seconds(self) -> float | None:
        """That all steps may take one after the other; None when one is unknown."""
        known = [step.seconds for step in self.steps]
        return None if None in known else sum(one or 0.0 for one in known)

    def to_text(self) -> str:
        """Return the drawing for a terminal, and a line of sums below it."""
        from azml_pipelines.pipeline.graph import text_of  # noqa: PLC0415 - networkx

        labels = {step.key: self._label(step) for step in self.steps}
        return f"{text_of(labels, self._edges())}\n{self._sums()}"

    def to_svg(self) -> str:
        """Return the drawing as SVG; what runs is blue, what is reused green."""
        from azml_pipelines.pipeline.graph import svg_of  # noqa: PLC0415 - networkx
        from azml_pipelines.pipeline.graph_drawing import DrawnStep  # noqa: PLC0415 - same

        steps = {
            step.key: DrawnStep(
                step.name, self._note(step), "run" if step.runs else "reuse"
            )
            for step in self.steps
        }
        return svg_of(steps, self._edges())

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def _edges(self) -> list[tuple[str, str]]:
        return [(before, step.key) for step in self.steps for before in step.after]

    def _label(self, step: StepPreview) -> str:
        if step.runs:
            return f"{step.name}: runs{self._amount(step)}, because {step.reason}"
        return f"{step.name}: {step.reason}, made {self._age(step)} ago"

    def _note(self, step: StepPreview) -> str:
        if not step.runs:
            return f"reused, {self._age(step)} old"
        return f"runs{self._amount(step)}"

    def _amount(self, step: StepPreview) -> str:
        words = []
        if step.mini_batches is not None:
            noun = "mini-batch" if step.mini_batches == 1 else "mini-batches"
            known = f", {step.taken_over:,} taken over" if step.taken_over else ""
            words.append(f"{step.mini_batches:,} {noun}{known}")
        if step.seconds is not None:
            words.append(f"about {_span(step.seconds)}")
        return f" ({', '.join(words)})" if words else ""

    def _age(self, step: StepPreview) -> str:
        return _span(self.looked_at - (step.reused_since or self.looked_at))

    def _sums(self) -> str:
        running = [step for step in self.steps if step.runs]
        known = [step.seconds for step in running if step.seconds is not None]
        text = f"{len(running)} of {len(self.steps)} steps would run"
        if not running:
            return f"{text}."
        if not known:
            return f"{text}; how long nobody knows yet."
        rest = len(running) - len(known)
        more = f" and {rest} of unknown length" if rest else ""
        return f"{text}, about {_span(sum(known))} one after the other{more}."


def preview(
    workspace: Workspace,
    definition: PipelineDefinition,
    values: Mapping[str, object],
    options: ReuseOptions,
) -> PipelinePreview:
    """Look at what a submission would do; nothing is written.

    Raises:
        DeclarationError: The pipeline cannot run, or a value is not accepted.
    """
    from azml_pipelines.run.submission import describe_workspace  # noqa: PLC0415 - a circle

    plan = compile_plan(
        definition,
        values,
        run_id=str(uuid4()),
        experiment="preview",
        workspace=describe_workspace(workspace),
    )
    plan = apply_reuse_options(plan, options)
    return PipelinePreview(tuple(preview_steps(plan)), time.time())


def _span(seconds: float) -> str:
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{max(seconds, 0.0):.1f} s"
