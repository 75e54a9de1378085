"""What a step's folder says about reuse: what the result depends on, and what was done.

Three files per step: ``fingerprint.json`` and ``contents.jsonl`` say what its result
depends on, ``reuse.json`` says whether it ran.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from azml_pipelines.plan.fingerprint import Fingerprint, Part
from azml_pipelines.plan.run_plan import (
    DataTransferStepPlan,
    InputPlan,
    OutputPlan,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from azml_pipelines.plan.run_plan import RunPlan, StepPlan
    from azml_pipelines.store.workspace_folder import RunFolder, StepFolder

__all__ = [
    "ContentLine",
    "ReuseRecord",
    "TakenOver",
    "looking_at",
    "read_contents",
    "read_fingerprint",
    "read_reuse",
    "read_taken_over",
    "redirected",
    "redirected_step",
    "write_contents",
    "write_fingerprint",
    "write_reuse",
    "write_taken_over",
]

_Model = TypeVar("_Model", bound=BaseModel)


class ReuseRecord(BaseModel):
    """What became of a step before its first mini-batch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Literal["ran", "reused"]
    reason: str = ""
    """Why it ran, when that is not that something differs."""
    run_id: str | None = None
    """Of the result that stands in, or that an incremental run has built on."""
    step_run_id: str | None = None
    ended: float | None = None
    """When that result was made, in seconds since 1970."""
    outputs: tuple[OutputPlan, ...] = ()
    """Where a reused result lies."""
    unusable: str = ""
    """Why the result of this step will not be reused by a later one."""
    mini_batches: int | None = None
    """Of the reused result; so are the items."""
    items: int | None = None


class TakenOver(BaseModel):
    """What an incremental run has from an earlier one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    mini_batches: int


class ContentLine(NamedTuple):
    """What a file of an input held."""

    input: str
    path: str
    """Relative to the folder of the input."""
    size: int
    mark: str
    """SHA-256 of a local file, the tag of a stored one."""


def write_reuse(folder: StepFolder, record: ReuseRecord) -> None:
    """Write down what is done about a step; it replaces what was said before."""
    _write(folder.reuse, record.model_dump_json(indent=2))


def read_reuse(folder: StepFolder) -> ReuseRecord | None:
    """Return what was done about a step; None when nothing is known."""
    try:
        return ReuseRecord.model_validate_json(folder.reuse.read_bytes())
    except (OSError, ValidationError):
        return None


def write_taken_over(folder: StepFolder, taken: TakenOver) -> None:
    """Write down that everything is taken over that can be."""
    _write(folder.taken_over, taken.model_dump_json())


def read_taken_over(folder: StepFolder) -> TakenOver | None:
    """Return what was taken over; None when nothing was, or not yet."""
    try:
        return TakenOver.model_validate_json(folder.taken_over.read_bytes())
    except (OSError, ValidationError):
        return None


def write_fingerprint(folder: StepFolder, fingerprint: Fingerprint) -> None:
    """Write down what a step's result depends on."""
    content = {
        "declared": [list(part) for part in fingerprint.declared],
        "contents": [list(part) for part in fingerprint.contents],
    }
    # One that a loss of power takes along costs a run, and is not waited for.
    _write(folder.fingerprint, json.dumps(content, indent=1), to_disk=False)


def read_fingerprint(folder: StepFolder) -> Fingerprint | None:
    """Return what a step's result depends on; None when that is not known."""
    try:
        content = json.loads(folder.fingerprint.read_bytes())
        return Fingerprint(
            tuple(Part(*part) for part in content["declared"]),
            tuple(Part(*part) for part in content["contents"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write_contents(folder: StepFolder, lines: Iterable[ContentLine]) -> None:
    """Write down what the files of the inputs held."""
    temporary = folder.contents.with_suffix(".tmp")
    with temporary.open("w", encoding="ascii") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
    temporary.replace(folder.contents)


def read_contents(folder: StepFolder) -> Iterator[ContentLine]:
    """Yield what the files of the inputs held; nothing when that is not known."""
    try:
        with folder.contents.open(encoding="ascii") as file:
            for line in file:
                yield ContentLine(*json.loads(line))
    except (OSError, ValueError, TypeError):
        return


def redirected(plan: RunPlan, folder: RunFolder) -> RunPlan:
    """Return the plan with inputs that lie where a reused step has left them."""
    steps = tuple(redirected_step(step, plan, folder) for step in plan.steps)
    return plan.model_copy(update={"steps": steps})


def redirected_step(step: StepPlan, plan: RunPlan, folder: RunFolder) -> StepPlan:
    """Return a step of the plan that looks where reused steps have left things."""
    needed = frozenset(step.after)

    def place(output: OutputPlan) -> OutputPlan:
        for other in plan.steps:
            if other.step_run_id in needed and output in other.all_outputs:
                record = read_reuse(folder.step(other.step_run_id))
                if record is not None and record.decision == "reused":
                    return {one.name: one for one in record.outputs}[output.name]
        return output

    return looking_at(step, place)


def looking_at(step: StepPlan, place: Callable[[OutputPlan], OutputPlan]) -> StepPlan:
    """Return a step that looks elsewhere for what earlier steps make.

    Args:
        step: Of a plan.
        place: Gives the place of an output of the plan.
    """

    def moved(port: InputPlan) -> InputPlan:
        made = port.produced_by
        return port if made is None else _changed(port, produced_by=place(made))

    changes: dict[str, object] = {}
    for field in ("inputs", "side_inputs"):
        ports = getattr(step, field, ())
        if ports:
            changes[field] = tuple(map(moved, ports))
    if isinstance(step, DataTransferStepPlan):
        changes["source"] = moved(step.source)
    if step.when:
        changes["when"] = tuple(
            one if one.output is None else _changed(one, output=place(one.output))
            for one in step.when
        )
    return _changed(step, **changes)


def _changed(model: _Model, **changes: object) -> _Model:
    return model.model_copy(update=changes)


def _write(path: Path, text: str, *, to_disk: bool = True) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        if to_disk:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)
