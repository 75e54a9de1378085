"""What the scripts of a run have logged, by who has logged it, and as lines of text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from azml_pipelines.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azml_pipelines.run.pipeline_run import PipelineRun

__all__ = ["logged_metrics", "metric_lines"]

_LONGEST = 200


def logged_metrics(run: PipelineRun) -> dict[str, dict[str, Any]]:
    """Return the metrics by step name; those of the run itself under its id."""
    found = {run.id: run.get_metrics(recursive=False)}
    for step in run.get_steps():
        found.setdefault(step.name, {}).update(step.get_metrics())
    return {name: values for name, values in found.items() if values}


def metric_lines(logged: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each metric; long ones are cut."""
    for owner, values in logged.items():
        for name, value in values.items():
            text = json.dumps(value, ensure_ascii=False)
            if len(text) > _LONGEST:
                text = f"{text[:_LONGEST]}…"
            yield printable(f"{owner}: {name} = {text}")
