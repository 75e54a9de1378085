"""What a step's result depends on, part by part. Values only.

Execution is no part of it: nodes, processes, timeouts, tries, limits and logging change
how a step runs, not what it makes.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel

from azml_pipelines.plan.run_plan import ParallelRunStepPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from azml_pipelines.data.definition import DatasetDefinition
    from azml_pipelines.plan.run_plan import (
        Argument,
        InputPlan,
        OutputPlan,
        StepPlan,
    )

__all__ = [
    "EXECUTION_SETTINGS",
    "Fingerprint",
    "Part",
    "PlainNames",
    "declared_parts",
    "digest_of_parts",
]

EXECUTION_SETTINGS = frozenset({
    "node_count", "process_count_per_node", "run_invocation_timeout", "run_max_try",
    "error_threshold", "allowed_failed_count", "allowed_failed_percent",
    "on_failed_mini_batch", "memory_limit_per_process", "max_result_bytes",
    "logging_level",
})  # fmt: skip
"""Settings that say how a step runs. Whatever is not named here counts."""
_APART = frozenset({
    "step_run_id", "source_directory", "compute", "after", "when", "allow_reuse",
    "settings", "limits", "inputs", "side_inputs", "source", "output", "outputs",
    "side_outputs", "destination", "arguments", "environment",
    "environment_variables", "parameters",
})  # fmt: skip
"""Fields of a step's plan that make no part of their own, or more than one."""
_MADE_UP = re.compile(r"(input__?|output_)[0-9a-f]{8}|[0-9a-f]{32}")
"""What inputs, outputs and references are called that were given no name."""


class Part(NamedTuple):
    """One thing that a result depends on."""

    kind: str
    """``code``, ``setting``, ``argument``, ``input``, ``output``, ``environment``."""
    name: str
    value: str


@dataclass(frozen=True)
class Fingerprint:
    """All parts; those of ``contents`` have to be read, the others are declared."""

    declared: tuple[Part, ...]
    contents: tuple[Part, ...]

    @property
    def digest(self) -> str:
        """The same for the same parts, in every process and on every machine."""
        return digest_of_parts((*self.declared, *self.contents))


def digest_of_parts(parts: Iterable[Part]) -> str:
    """Return a checksum of some parts, in their order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(_canonical(list(part)).encode("ascii") + b"\n")
    return digest.hexdigest()


def declared_parts(step: StepPlan) -> Iterator[Part]:
    """Yield what the plan of a step of any kind says about its result.

    Code, the content of inputs and the packages at hand are added by those who can see
    them. A field that nobody has thought of counts: that costs a run, not a result.
    """
    plain = PlainNames(step)
    for part in _parts(step):
        yield Part(*map(plain.text, part))


class PlainNames:
    """Stands in for names that were made up, which differ each time a step is declared.

    Args:
        step: Whose inputs and outputs may have such names.
    """

    def __init__(self, step: StepPlan) -> None:
        inputs = [port.name for port in step.all_inputs]
        outputs = [port.name for port in step.all_outputs]
        self._names = {
            name: f"{kind} {number}"
            for kind, names in (("input", inputs), ("output", outputs))
            for number, name in enumerate(names, 1)
            if _MADE_UP.fullmatch(name)
        }

    def text(self, text: str) -> str:
        """Return a text with ``input 1`` and the like in the place of such names."""
        for name, plain in self._names.items():
            text = text.replace(name, plain)
        return text


def _parts(step: StepPlan) -> Iterator[Part]:
    for field in sorted(type(step).model_fields):
        if field not in _APART:
            yield Part("setting", field, _text(getattr(step, field)))
    yield from _settings(step)
    yield from _arguments(step.arguments)
    for port in step.all_inputs:
        yield Part("input", f"{port.name} (how it is read)", _reading(port))
    for output in step.all_outputs:
        yield Part("output", output.name, _place(output, step.step_run_id))


def _arguments(arguments: Sequence[Argument]) -> Iterator[Part]:
    """Name each argument by the option that stands before it, else by its place."""
    taken: set[str] = set()
    option = ""
    for number, argument in enumerate(arguments, 1):
        text = _text(argument)
        name = option if option and option not in taken else f"{number}"
        taken.add(name)
        yield Part("argument", name, text)
        option = text if text.startswith("-") else ""


def _settings(step: StepPlan) -> Iterator[Part]:
    for name, text in sorted(step.variables.items()):
        yield Part("environment", f"variable {name}", text)
    for name, text in sorted(getattr(step, "parameters", {}).items()):
        yield Part("setting", f"parameter {name}", text)
    if isinstance(step, ParallelRunStepPlan):
        settings = step.settings
        for field in sorted(type(settings).model_fields):
            if field not in {*EXECUTION_SETTINGS, "environment_variables"}:
                yield Part("setting", field, _text(getattr(settings, field)))


def _reading(port: InputPlan) -> str:
    """Return how an input is read; where it lies does not count, what it holds does."""
    content: dict[str, Any] = {
        "mode": port.mode,
        "path_on_compute": port.path_on_compute,
    }
    for key, definition in (("dataset", port.dataset), ("reading", port.reading)):
        if definition is not None:
            content[key] = _how(definition)
    return _canonical(content)


def _how(definition: DatasetDefinition) -> dict[str, Any]:
    content = definition.model_dump(mode="json", exclude={"name", "version", "sources"})
    if definition.partition or getattr(definition.format, "include_path", False):
        # Columns are made of these paths.
        content["paths"] = [source.path for source in definition.sources]
    return content


def _place(output: OutputPlan, step_run_id: str) -> str:
    content = output.model_dump(mode="json", exclude={"options", "registrations"})
    path = output.path_on_datastore.replace(step_run_id, "{run-id}")
    return _canonical({**content, "path_on_datastore": path})


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, BaseModel):
        return _canonical(value.model_dump(mode="json"))
    if isinstance(value, tuple):
        return _canonical(
            [
                one.model_dump(mode="json") if isinstance(one, BaseModel) else one
                for one in value
            ]
        )
    return _canonical(value)


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
