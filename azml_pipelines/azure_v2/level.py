"""One pipeline of a document: its inputs, its jobs, and what they write.

First every job has its outputs, then inputs are bound to them: so jobs may stand in
any order, and circles are found where all steps are put together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2.bound import Data, Made, Stored, Value
from azml_pipelines.azure_v2.component import Component, component_of
from azml_pipelines.azure_v2.expression import Expression, pieces, single
from azml_pipelines.azure_v2.ports import (
    LITERAL_TYPES,
    InputSection,
    OutputSection,
    check_mode,
    checked_literal,
)
from azml_pipelines.azure_v2.section import parse
from azml_pipelines.pipeline.pipeline_data import PipelineData
from azml_pipelines.wording import did_you_mean, listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azml_pipelines.azure_v2.bound import Bound
    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.run.workspace import Workspace

__all__ = ["Job", "Level", "bound_input", "declared_ports"]

_KEY = re.compile(r"[a-z_][a-z\d_]*")
_NAME = re.compile(r"[a-zA-Z_]\w*(\.[a-zA-Z_]\w*)*")
_APART = frozenset({
    "type", "component", "inputs", "outputs", "jobs", "command", "input_data",
    "append_row_to", "program_arguments", "trial",
})  # fmt: skip
"""Keys of jobs whose expressions stand for ports, not for values."""


@dataclass(frozen=True)
class Job:
    """One job of a pipeline, with places for what it writes."""

    key: str
    place: Place
    content: dict[str, Any]
    component: Component
    outputs: dict[str, PipelineData]
    ports: Mapping[str, InputSection]
    """What its component declares; empty for a job without one."""
    inner: Level | None = None
    """The jobs of a pipeline component."""


@dataclass
class Level:
    """The jobs of one pipeline or pipeline component.

    Args:
        place: Of the mapping that has ``jobs``.
        jobs: The jobs, as read.
        outputs: What it declares to write, as read.
        workspace: Where components are registered.
    """

    place: Place
    jobs: dict[str, Any]
    outputs: dict[str, Any]
    workspace: Workspace | None = None
    inputs: dict[str, Bound] = field(default_factory=dict)
    by_key: dict[str, Job] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give every job its outputs."""
        for key, content in self.jobs.items():
            self.by_key[key] = self._job(key, content, self.place / "jobs" / key)

    def _job(self, key: str, content: object, place: Place) -> Job:
        if not _KEY.fullmatch(key):
            text = (
                "is no key for a job: use lower-case letters, digits and underscores, "
                "no digit first."
            )
            raise place.problem(text)
        if not isinstance(content, dict):
            msg = f"is {shown(content)}; a job has keys."
            raise place.problem(msg)
        component = component_of(content, place, self.workspace)
        ports = declared_ports(component) if component.apart else {}
        inner = None
        if component.kind == "pipeline":
            inner = Level(
                component.place,
                component.mapping("jobs"),
                component.mapping("outputs"),
                self.workspace,
            )
            outputs = inner.promoted()
        else:
            names = {**component.mapping("outputs"), **_mapping(content, "outputs")}
            outputs = {name: PipelineData(_port_name(name)) for name in names}
        return Job(key, place, content, component, outputs, ports, inner)

    def promoted(self) -> dict[str, PipelineData]:
        """Return which output of a job each output of this pipeline is."""
        found: dict[str, PipelineData] = {}
        for job in self.by_key.values():
            for name, bound in _mapping(job.content, "outputs").items():
                target = _promotion(bound)
                if target is not None and name in job.outputs:
                    found[target] = job.outputs[name]
        return found

    def settings(self, content: Mapping[str, Any], place: Place) -> dict[str, Any]:
        """Return the keys of a job with the values of expressions in their place."""
        return {
            key: value if key in _APART else self._filled(value, place / key)
            for key, value in content.items()
        }

    def _filled(self, value: object, place: Place) -> Any:  # noqa: ANN401 - YAML
        if isinstance(value, dict):
            return self.settings(value, place)
        if isinstance(value, list):
            return [self._filled(one, place / n) for n, one in enumerate(value)]
        if not isinstance(value, str) or not any(
            isinstance(one, Expression) for one in pieces(value)
        ):
            return value
        bound = self.text(value, place)
        if isinstance(bound, Value):
            return bound.value
        if bound is None:
            return None
        msg = f"is {shown(value)}, which is data and no value."
        raise place.problem(msg)

    def text(self, value: object, place: Place) -> Bound:
        """Return what a text means, with its expressions looked up.

        Raises:
            BadDocumentError: One stands for nothing, or data has something before it.
        """
        if not isinstance(value, str):
            return None if value is None else Value(_scalar(value, place))
        found = pieces(value)
        whole = single(value)
        if whole is not None:
            return self.look_up(whole, place)
        looked = [
            self.look_up(one, place) if isinstance(one, Expression) else Value(one)
            for one in found
        ]
        if all(isinstance(one, Value) for one in looked):
            return Value("".join(str(one.value) for one in looked if one))  # type: ignore[union-attr]
        first, *rest = looked
        if isinstance(first, Data) and all(isinstance(one, Value) for one in rest):
            behind = "".join(str(one.value) for one in rest)  # type: ignore[union-attr]
            if behind.startswith("/"):
                return first.below(behind)
        text = (
            f"is {shown(value)}; behind data there may only be a path such as /a.csv."
        )
        raise place.problem(text)

    def look_up(self, expression: Expression, place: Place) -> Bound:
        """Return what ``parent.inputs.x`` or ``parent.jobs.a.outputs.b`` stands for.

        Raises:
            BadDocumentError: It stands for nothing.
        """
        name = expression.after("parent.inputs.") or expression.after("inputs.")
        if name is not None:
            return self._input(name, expression, place)
        behind = expression.after("parent.jobs.") or expression.after("jobs.")
        key, _, port = (behind or "").partition(".")
        end, _, name = port.partition(".")
        if behind is None or end not in {"inputs", "outputs"}:
            text = (
                f"{shown(str(expression))[1:-1]} stands for nothing; there are "
                "${{parent.inputs.NAME}} and ${{parent.jobs.JOB.outputs.NAME}}."
            )
            raise place.problem(text)
        if key not in self.by_key:
            text = (
                f"{shown(str(expression))[1:-1]}: there is no job {shown(key)}; there "
                f"are {listed(self.by_key)}.{did_you_mean(key, self.by_key)}"
            )
            raise place.problem(text)
        job = self.by_key[key]
        if end == "inputs":
            return bound_input(self, job, name, place)
        if name not in job.outputs:
            text = (
                f"{shown(str(expression))[1:-1]}: job {shown(key)} has no output "
                f"{shown(name)}; it has {listed(job.outputs)}."
                f"{did_you_mean(name, job.outputs)}"
            )
            raise place.problem(text)
        declared = _output_type(job, name)
        return Data(Made(job.outputs[name]), place, declared)

    def _input(self, name: str, expression: Expression, place: Place) -> Bound:
        if name not in self.inputs:
            text = (
                f"{shown(str(expression))[1:-1]}: the pipeline has no input "
                f"{shown(name)}; it has {listed(self.inputs)}."
                f"{did_you_mean(name, self.inputs)}"
            )
            raise place.problem(text)
        return self.inputs[name]

    def bind(
        self, given: Mapping[str, Any], ports: Mapping[str, InputSection], place: Place
    ) -> None:
        """Bind the inputs of the outermost pipeline.

        Args:
            given: Name to value, as read.
            ports: What a component declares.
            place: Of ``given``.
        """
        for name in {**ports, **given}:
            if not _NAME.fullmatch(name):
                text = "is no name for an input: use letters, digits and underscores."
                raise (place / name).problem(text)
            self.inputs[name] = _bound(
                self, given.get(name), ports.get(name), place / name
            )

    def walk(self) -> Iterator[tuple[Level, Job]]:
        """Yield each job with the pipeline that it is in, pipelines before theirs."""
        for job in self.by_key.values():
            yield self, job
            if job.inner is None:
                continue
            given = _mapping(job.content, "inputs")
            for name in {**job.ports, **given}:
                job.inner.inputs[name] = bound_input(self, job, name, job.place)
            yield from job.inner.walk()


def bound_input(level: Level, job: Job, name: str, place: Place) -> Bound:
    """Return what an input of a job is bound to.

    Raises:
        BadDocumentError: It has no such input, no value, or one of another type.
    """
    given = _mapping(job.content, "inputs")
    if name not in given and name not in job.ports:
        text = (
            f"job {shown(job.key)} has no input {shown(name)}; it has "
            f"{listed({**job.ports, **given})}."
        )
        raise place.problem(text)
    if job.component.apart and name not in job.ports:
        text = (
            f"the component has no input {shown(name)}; it has {listed(job.ports)}."
            f"{did_you_mean(name, job.ports)}"
        )
        raise (job.place / "inputs" / name).problem(text)
    where = job.place / "inputs" / name
    return _bound(level, given.get(name), job.ports.get(name), where)


def _bound(
    level: Level, given: object, port: InputSection | None, place: Place
) -> Bound:
    """Bind one value to one port, which may be None: then the value says all."""
    own = InputSection()
    if isinstance(given, dict):
        own = parse(InputSection, given, place)
        given = own.path if own.path is not None else own.value
        given = own.default if given is None else given
    kind = own.type or (port.type if port else None)
    if given is None and port is not None:
        given = port.default
    if given is None:
        if own.optional or (port is not None and port.optional):
            return None
        msg = "has no value. Bind it, or give it a default."
        raise place.problem(msg)
    found = level.text(given, place)
    if isinstance(found, Value) and (
        own.path is not None or kind not in {None, *LITERAL_TYPES}
    ):
        found = Data(Stored(str(found.value), place.document.folder), place)
    if isinstance(found, Value):
        wanted = port if port is not None and own.type is None else own
        return Value(checked_literal(found.value, wanted, place))
    if found is None:
        return None
    if kind in LITERAL_TYPES:
        msg = f"is data; this input takes one {kind}."
        raise place.problem(msg)
    mode = own.mode or (port.mode if port else None) or found.mode
    check_mode(own.mode, own.type or kind or found.type, place)
    return Data(
        found.source,
        found.place,
        kind or found.type,
        mode,
        own.path_on_compute or found.path_on_compute,
    )


def declared_ports(component: Component) -> dict[str, InputSection]:
    """Return the inputs that a component declares."""
    place = component.place / "inputs"
    return {
        name: parse(InputSection, content, place / name)
        for name, content in component.mapping("inputs").items()
    }


def _output_type(job: Job, name: str) -> str | None:
    for content in (
        _mapping(job.content, "outputs").get(name),
        job.component.mapping("outputs").get(name),
    ):
        if isinstance(content, dict) and isinstance(content.get("type"), str):
            return str(content["type"])
    return OutputSection().type


def _promotion(bound: object) -> str | None:
    """Return the output of the pipeline that an output of a job is."""
    text = bound.get("path") if isinstance(bound, dict) else bound
    expression = single(text)
    return None if expression is None else expression.after("parent.outputs.")


def _mapping(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = content.get(key)
    return found if isinstance(found, dict) else {}


def _port_name(name: str) -> str:
    return name.replace(".", "_")


def _scalar(value: object, place: Place) -> bool | int | float | str:
    if isinstance(value, (bool, int, float, str)):
        return value
    msg = f"is {shown(value)}, which is no value for an input."
    raise place.problem(msg)
