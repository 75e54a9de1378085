"""What each node of a parallel step has to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from azml_pipelines.compute.agent import AgentPlan
from azml_pipelines.compute.fork_server_link import ForkServerPlan
from azml_pipelines.compute.machine import usable_cores
from azml_pipelines.compute.runner import ProcessLimits
from azml_pipelines.engine.output_place import open_output
from azml_pipelines.engine.remote_input import InputSupply, supply_plan
from azml_pipelines.engine.step_environment import step_interpreter
from azml_pipelines.engine.step_inputs import argument_values
from azml_pipelines.engine.step_output import output_form
from azml_pipelines.engine.worker_environment import (
    driver_arguments,
    step_environment,
)
from azml_pipelines.pipeline.process_count import AUTO
from azml_pipelines.worker.messages import NodeStart

if TYPE_CHECKING:
    from pathlib import Path

    from azml_pipelines.engine.step_inputs import StepInput
    from azml_pipelines.plan.run_plan import ParallelRunStepPlan, RunPlan, StepPlan
    from azml_pipelines.store.workspace_folder import RunFolder, StepFolder

__all__ = [
    "STARTUP",
    "StepPlace",
    "agent_plans",
    "fork_server_plans",
    "input_supply",
    "script_server_plan",
]

_INIT_ALLOWANCE = 30.0
STARTUP = ["azml_pipelines.compat.importer:install_inside_run"]
"""What every process of a script calls first."""
_PRELOAD = tuple(function.partition(":")[0] for function in STARTUP)


@dataclass(frozen=True)
class StepPlace:
    """Where a step runs: the run, its folder, and which orchestrator this is."""

    run: RunPlan
    folder: RunFolder
    epoch: int


def agent_plans(
    place: StepPlace,
    step: ParallelRunStepPlan,
    inputs: list[StepInput],
    side_inputs: list[StepInput],
    output: Path,
) -> list[AgentPlan]:
    """Say what each node of a step has to do.

    Args:
        place: Where the step runs.
        step: The step.
        inputs: Its inputs, found on this machine.
        side_inputs: The same, of those that are not cut.
        output: Its output folder.
    """
    settings = step.settings
    folder = place.folder.step(step.step_run_id)
    limits = ProcessLimits(
        run=settings.run_invocation_timeout,
        init=3 * settings.run_invocation_timeout + _INIT_ALLOWANCE,
        memory=settings.memory_limit_per_process,
    )
    count = settings.process_count_per_node
    first = _node_start(place, step, inputs, side_inputs, output)
    return [
        AgentPlan(
            replace(first, node=node, source_directory=str(folder.nodes / node)),
            str(folder.snapshot),
            server,
            None if count == AUTO else count,
            limits,
            place.epoch,
            nodes_beside=settings.node_count,
            supply=supply_plan(
                input_supply(place, step),
                [found.remote for found in inputs],
                abreast=usable_cores() if count == AUTO else count,
            ),
        )
        for node, server in zip(
            _node_names(step), fork_server_plans(place, step), strict=True
        )
    ]


def input_supply(place: StepPlace, step: StepPlan) -> InputSupply:
    """Return where the remote inputs of a step become local."""
    folder = place.folder.step(step.step_run_id)
    return InputSupply.of_step(place.run.workspace, folder)


def fork_server_plans(
    place: StepPlace, step: ParallelRunStepPlan
) -> list[ForkServerPlan]:
    """Say how to start the fork server of each node of a step."""
    logs = place.folder.step(step.step_run_id).logs / "sys" / "node"
    python = step_interpreter(step, place.run.workspace)
    return [
        ForkServerPlan(python, logs / node / "fork_server.txt", _PRELOAD)
        for node in _node_names(step)
    ]


def script_server_plan(place: StepPlace, step: StepPlan) -> ForkServerPlan:
    """Say how to start the fork server of all scripts with a step's interpreter."""
    log = place.folder.root / "scripts.log"
    python = step_interpreter(step, place.run.workspace)
    return ForkServerPlan(python, log, _PRELOAD)


def _node_names(step: ParallelRunStepPlan) -> list[str]:
    return [f"node{number:03d}" for number in range(step.settings.node_count)]


def _output_paths(
    step: ParallelRunStepPlan, folder: StepFolder, output: Path
) -> dict[str, str]:
    """Return what stands for each output in arguments: a folder, or a file in it."""
    places = {} if step.output is None else {step.output.name: output}
    for side in step.side_outputs:
        places[side.name] = open_output(side, folder.side_output(side.name)).folder
    return {
        one.name: str(places[one.name] / (one.file_name or ""))
        for one in step.all_outputs
    }


def _node_start(
    place: StepPlace,
    step: ParallelRunStepPlan,
    inputs: list[StepInput],
    side_inputs: list[StepInput],
    output: Path,
) -> NodeStart:
    """Say what all worker processes of the step have in common."""
    settings = step.settings
    folder = place.folder.step(step.step_run_id)
    everything = [*inputs, *side_inputs]
    outputs = _output_paths(step, folder, output)
    own = argument_values(step.arguments, everything, outputs)
    return NodeStart(
        node="",
        entry_kind=settings.entry_kind,
        entry_options=settings.entry_options,
        source_directory="",
        entry_script=settings.entry_script,
        inputs=[found.worker_input() for found in inputs],
        output_action=settings.output_action,
        output_form=output_form(settings),
        output_directory=str(output),
        parts=str(folder.parts),
        logs=str(folder.logs),
        arguments=driver_arguments(step, inputs, own, output),
        environment={
            "AZUREML_BI_OUTPUT_PATH": str(output),
            **step_environment(place.run, place.folder, step, everything, outputs),
        },
        memory_limit=settings.memory_limit_per_process,
        max_result_bytes=settings.max_result_bytes,
        logging_level=settings.logging_level,
        dataframe_header=settings.append_row_dataframe_header,
        startup=STARTUP,
        # One for each epoch: who has lost the run removes its own when it ends.
        scratch=str(folder.nodes / f"scratch-{place.epoch}"),
    )
