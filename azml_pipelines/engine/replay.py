"""One mini-batch of a run once more, in this process, with nothing stored."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from azml_pipelines.compute.fetcher_link import start_fetcher
from azml_pipelines.data.local_url import folder_url
from azml_pipelines.data.minibatch import items_of, piece_of
from azml_pipelines.engine.node_plans import StepPlace, agent_plans
from azml_pipelines.engine.remote_input import InputSupply
from azml_pipelines.engine.step_inputs import step_inputs
from azml_pipelines.errors import UserErrorException
from azml_pipelines.plan.run_plan import ParallelRunStepPlan
from azml_pipelines.store.execution_overrides import read_effective_plan
from azml_pipelines.store.workspace_folder import StepFolder
from azml_pipelines.worker.foreground import Foreground

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.compute.agent import AgentPlan
    from azml_pipelines.data.output_action import Rows
    from azml_pipelines.plan.run_plan import RunPlan, StepPlan
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["Replay", "prepare_replay"]

_ALL_THE_REST = 1 << 40
"""Rows of a table: how many there are is known only by reading it."""


@dataclass(frozen=True)
class Replay:
    """A mini-batch, or some of its items, that can be run here."""

    folder: RunFolder
    plan: RunPlan
    step: ParallelRunStepPlan
    """The step that it belongs to."""
    mini_batch: int
    line: bytes
    """As workers read it."""

    def run(self) -> Rows:
        """Run it with the scripts, arguments, variables and inputs of the run.

        Scripts are copied to a temporary folder, and the output folder is another one.

        Returns:
            The rows that would be written.

        Raises:
            BaseException: Whatever the entry script raises, with its full traceback.
        """
        with tempfile.TemporaryDirectory(prefix="azml-replay-") as name:
            place = Path(name).resolve()
            plan = self._agent_plan(place)
            start = plan.start
            snapshot = self.folder.step(self.step.step_run_id).snapshot
            shutil.copytree(snapshot, start.source_directory, symlinks=True)
            logs = Path(start.logs)
            with (
                contextlib.closing(start_fetcher(plan.supply, logs, "")) as fetcher,
                fetcher.supplied(self.line),
                Foreground(start, self.step.source_directory) as foreground,
            ):
                return foreground.run(self.mini_batch, self.line)

    def _agent_plan(self, place: Path) -> AgentPlan:
        supply = InputSupply.of_step(self.plan.workspace, StepFolder(place))
        inputs, side_inputs = step_inputs(self.step, supply)
        output = place / "output"
        output.mkdir()
        where = StepPlace(self.plan, self.folder, epoch=0)
        step = _writing_below(self.step, place)
        plans = agent_plans(where, step, inputs, side_inputs, output)
        start = replace(
            plans[0].start,
            source_directory=str(place / "source"),
            parts=str(place / "parts"),
            logs=str(place / "logs"),
            scratch=str(place / "scratch"),
        )
        return replace(plans[0], start=start)


def _writing_below(step: ParallelRunStepPlan, place: Path) -> ParallelRunStepPlan:
    """Return the step with side outputs that nobody keeps."""
    sides = [
        one.model_copy(update={"url": folder_url(place), "options": {}})
        for one in step.side_outputs
    ]
    return step.model_copy(update={"side_outputs": tuple(sides)})


def prepare_replay(
    folder: RunFolder,
    mini_batch: int,
    *,
    step_name: str | None = None,
    first_item: int = 0,
    item_count: int | None = None,
) -> Replay:
    """Find a mini-batch in the frozen list of a step.

    Args:
        mini_batch: Its index, from 0.
        step_name: Which step; needed only when the run has several.
        first_item: Where to begin inside of the mini-batch.
        item_count: How many items to take; all of the rest when None.

    Raises:
        UserErrorException: There is no such step, mini-batch or item, or the step has
            not listed its input yet.
    """
    plan = read_effective_plan(folder)
    step = _chosen(plan.steps, step_name)
    _refuse_other_interpreter(step)
    line = _line(folder, step, mini_batch)
    if first_item or item_count is not None:
        count = _count(line, mini_batch, first_item, item_count)
        line = piece_of(line, first_item, count)
    return Replay(folder, plan, step, mini_batch, line)


def _chosen(steps: Sequence[StepPlan], name: str | None) -> ParallelRunStepPlan:
    parallel = [step for step in steps if isinstance(step, ParallelRunStepPlan)]
    names = [step.name for step in parallel]
    wanted = [step for step in parallel if name in {None, step.name, step.step_run_id}]
    if len(wanted) == 1:
        return wanted[0]
    what = f"no parallel step {name!r}"
    if name is None:
        what = "several parallel steps" if parallel else "no parallel step"
    msg = (
        f"The run has {what}: {', '.join(names)}. Name one: step_name=… or azml "
        "replay --step NAME."
    )
    raise UserErrorException(msg)


def _refuse_other_interpreter(step: ParallelRunStepPlan) -> None:
    environment = step.environment
    if environment is not None and environment.python.build is not None:
        msg = (
            f"Step {step.name!r} runs in environment {environment.name!r}, which is "
            "built for it, and a replay has only the present process. Run the script "
            "by hand with the Python of the environment: azml environment list."
        )
        raise UserErrorException(msg)


def _line(folder: RunFolder, step: ParallelRunStepPlan, mini_batch: int) -> bytes:
    path = folder.step(step.step_run_id).mini_batches
    if not path.is_file():
        msg = f"Step {step.name!r} has not listed its input yet; let the run go on."
        raise UserErrorException(msg)
    total = 0
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number == mini_batch:
                return line
            total = number + 1
    msg = (
        f"Step {step.name!r} has no mini-batch {mini_batch}; "
        f"give a number from 0 to {total - 1}."
    )
    raise UserErrorException(msg)


def _count(line: bytes, mini_batch: int, first: int, count: int | None) -> int:
    total = items_of(line)
    rest = total - first if total else _ALL_THE_REST
    wanted = rest if count is None else count
    if first < 0 or wanted < 1 or (total and wanted > rest):
        msg = (
            f"Mini-batch {mini_batch} has {total or 'not so many'} items; "
            f"first_item={first}, item_count={count} is not among them."
        )
        raise UserErrorException(msg)
    return wanted
