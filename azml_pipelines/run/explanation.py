"""Why a step ran, or why it did not have to: in words, from what the store knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from azml_pipelines.errors import AzmlError, UserErrorException
from azml_pipelines.store.reuse_record import read_fingerprint, read_reuse
from azml_pipelines.store.run_reader import read_run_state
from azml_pipelines.store.step_differences import (
    Difference,
    compare_steps,
    count_differences,
)
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.plan.fingerprint import Fingerprint
    from azml_pipelines.run.stored_run import StoredRun
    from azml_pipelines.store.reuse_record import ReuseRecord
    from azml_pipelines.store.run_state import StepState
    from azml_pipelines.store.workspace_folder import RunFolder, StepFolder

__all__ = ["Explanation", "explain_step"]

_LOOKED_AT = 50
"""Earlier runs of the same step, the newest first."""
_TOLD = 10


@dataclass(frozen=True)
class Explanation:
    """What became of a step and why; ``print(run.explain("score"))`` says it."""

    step: str
    decision: str
    """``reused``, ``ran`` or ``not started``."""
    text: str
    """For people: one line, and one more for each further difference."""
    compared_with: str | None = None
    """Id of the run that is nearest, or whose result was reused."""
    differences: tuple[Difference, ...] = ()
    """What differs from it; the first one is the one that the text begins with."""

    def __str__(self) -> str:
        return self.text


def explain_step(run: StoredRun, name: str) -> Explanation:
    """Say why a step of a run ran or was reused.

    A step that ran is compared with the nearest of its earlier results in the same
    workspace: the one that differs in the fewest parts, the newest of several.

    Args:
        run: Any run.
        name: The name or the id of one of its steps.

    Raises:
        UserErrorException: The run has no such step; the message lists them.
    """
    states = run.state().steps
    state = next((one for one in states if name in {one.name, one.step_run_id}), None)
    if state is None:
        names = listed([one.name for one in states])
        msg = f"Run {run.id} has no step {shown(name)}; its steps: {names}."
        raise UserErrorException(msg)
    folder = run.folder.step(state.step_run_id)
    record = read_reuse(folder)
    if record is None:
        text = f"Step {state.name} has not started."
        return Explanation(state.name, "not started", text)
    if record.decision == "reused":
        return _reused(state, record)
    return _ran(run, state, folder, record)


def _reused(state: StepState, record: ReuseRecord) -> Explanation:
    moment = datetime.fromtimestamp(record.ended or 0).astimezone()
    text = (
        f"Step {state.name} was reused from run {record.run_id}, which made the result "
        f"at {moment:%Y-%m-%d %H:%M:%S}: code, settings, arguments, inputs and "
        "environment are the same."
    )
    return Explanation(state.name, "reused", text, record.run_id)


def _ran(
    run: StoredRun, state: StepState, folder: StepFolder, record: ReuseRecord
) -> Explanation:
    start = f"Step {state.name} ran"
    nearest = _nearest(run, state, read_fingerprint(folder))
    if nearest is None:
        why = record.reason or _no_result(run, state)
        return Explanation(state.name, "ran", f"{start}: {why}.")
    run_id, other = nearest
    differences = compare_steps(folder, other)
    if record.reason or not differences:
        why = record.reason or f"nothing differs from run {run_id}"
        lines = [f"{start}: {why}."]
        told = differences
    else:
        lines = [f"{start}: {differences[0].text}, compared with run {run_id}."]
        told = differences[1:]
    lines += [f"  also: {one.text}" for one in told[:_TOLD]]
    if state.taken_from is not None:
        lines.append(
            f"  {state.taken_over} of {state.total_mini_batches} mini-batches were "
            f"taken over from run {state.taken_from}"
        )
    if len(told) > _TOLD:
        lines.append(f"  and {len(told) - _TOLD} more differences")
    return Explanation(state.name, "ran", "\n".join(lines), run_id, differences)


def _nearest(
    run: StoredRun, state: StepState, fingerprint: Fingerprint | None
) -> tuple[str, StepFolder] | None:
    if fingerprint is None:
        return None
    best: tuple[int, str, StepFolder] | None = None
    for number, (folder, step_run_id) in enumerate(_earlier(run, state)):
        if number == _LOOKED_AT:
            break
        place = folder.step(step_run_id)
        other = read_fingerprint(place)
        if other is None or not other.contents:
            continue
        count = count_differences(fingerprint, other)
        if best is None or count < best[0]:
            best = (count, folder.root.name, place)
        if not count:
            break
    return None if best is None else best[1:]


def _no_result(run: StoredRun, state: StepState) -> str:
    for folder, step_run_id in _earlier(run, state):
        record = read_reuse(folder.step(step_run_id))
        if record is not None and record.unusable:
            return f"run {folder.root.name} cannot be reused: {record.unusable}"
    return "this workspace has no earlier result of it"


def _earlier(run: StoredRun, state: StepState) -> Iterator[tuple[RunFolder, str]]:
    """Yield finished steps of the same name that were there when this one began."""
    workspace = run.experiment.workspace
    began = state.started or run.state().created
    for record in workspace.catalog.runs.newest_first():
        if record.created > began or record.run_id == run.id:
            continue
        folder = workspace.folder.run(record.run_id)
        try:
            steps = read_run_state(folder).steps
        except AzmlError:
            continue  # a run whose folder is damaged or gone explains nothing
        for step in steps:
            ended = step.ended is not None and step.ended <= began
            if step.name == state.name and step.status == "Finished" and ended:
                yield folder, step.step_run_id
