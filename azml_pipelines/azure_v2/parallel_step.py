"""Jobs of ``type: parallel`` become ParallelRunSteps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.azure_v2.bound import Data
from azml_pipelines.azure_v2.data_input import main_input, whole_input
from azml_pipelines.azure_v2.expression import Expression, pieces, single
from azml_pipelines.azure_v2.job_fields import (
    fields_of,
    input_names,
    job_inputs,
    own_variables,
)
from azml_pipelines.azure_v2.job_sections import (
    ParallelComponent,
    ParallelJob,
    ParallelTask,
    RetrySettings,
)
from azml_pipelines.azure_v2.outputs import place_outputs
from azml_pipelines.azure_v2.program_arguments import runtime_flags
from azml_pipelines.azure_v2.row_outputs import row_outputs
from azml_pipelines.azure_v2.section import parse
from azml_pipelines.azure_v2.surroundings import (
    code_folder,
    compute_of,
    environment_of,
    node_count,
)
from azml_pipelines.azure_v2.template import Ports, split_arguments
from azml_pipelines.data.mini_batch_size import ACCEPTED_SIZES, parse_size
from azml_pipelines.errors import BadDocumentError, DeclarationError
from azml_pipelines.pipeline.parallel_run_config import ParallelRunConfig
from azml_pipelines.pipeline.parallel_run_step import ParallelRunStep
from azml_pipelines.pipeline.step_arguments import JoinedArgument
from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.document import Place
    from azml_pipelines.azure_v2.job_fields import Home, JobFields
    from azml_pipelines.azure_v2.level import Job, Level
    from azml_pipelines.azure_v2.program_arguments import RuntimeFlags
    from azml_pipelines.azure_v2.row_outputs import RowOutputs

__all__ = ["parallel_step"]

_DEFAULT_RETRIES = 2
_DEFAULT_TIMEOUT = 60
_LEVELS = ("DEBUG", "INFO", "WARNING")


@dataclass(frozen=True)
class _Work:
    """A parallel job, taken apart."""

    fields: JobFields
    job: Job
    home: Home
    task: ParallelTask
    task_place: Place
    flags: RuntimeFlags
    rows: RowOutputs


def parallel_step(level: Level, job: Job, home: Home) -> ParallelRunStep:
    """Return the step of a parallel job.

    Raises:
        BadDocumentError: Something of the job is not accepted.
    """
    fields = fields_of(level, job, ParallelJob, ParallelComponent)
    place_outputs(level, job, home.workspace)
    given, task_place = fields.one("task")
    task = parse(ParallelTask, given, task_place)
    main = _main_name(fields, job)
    inputs, entries = job_inputs(level, job, home.workspace, leave_out=main)
    bound = inputs[main]
    if not isinstance(bound, Data):
        text = f"names {shown(main)}, which is no data that could be split."
        raise fields.one("input_data")[1].problem(text)
    if _mentions(task.program_arguments, main):
        # Rows and lists of files go to run(); an argument gets where all of it is.
        name = f"{main.replace('.', '_')}_whole"
        entries[main] = whole_input(name, bound, home.workspace)
    ports = Ports(inputs, entries, job.outputs, job.place)
    where = task_place / "program_arguments"
    flags = runtime_flags(split_arguments(task.program_arguments, ports, where), where)
    rows = row_outputs(task.append_row_to, job, task_place / "append_row_to")
    work = _Work(fields, job, home, task, task_place, flags, rows)
    return _step(work, main.replace(".", "_"), bound, list(entries.values()))


def _mentions(arguments: str, name: str) -> bool:
    return any(
        isinstance(one, Expression) and one.after("inputs.") == name
        for one in pieces(arguments)
    )


def _step(
    work: _Work, name: str, bound: Data, side_inputs: list[object]
) -> ParallelRunStep:
    try:
        config = _config(work)
        cut = main_input(
            name,
            bound,
            work.home.workspace,
            partitioned=config.partition_keys is not None,
        )
        step = ParallelRunStep(
            name="parallel-step",
            parallel_run_config=config,
            inputs=[cut],
            output=work.rows.output,
            side_inputs=side_inputs,
            arguments=_as_given(work.flags.rest),
            allow_reuse=work.fields.reusable,
            side_outputs=work.rows.sides,
        )
    except BadDocumentError:
        raise
    except DeclarationError as error:
        text = str(error).replace("Step 'parallel-step': ", "")
        raise work.job.place.problem(text) from error
    step.name = work.job.key  # version 1 would not take its underscores
    return step


def _as_given(arguments: tuple[object, ...]) -> list[object]:
    """Keep version 1's rules about names and places of arguments from being applied."""
    return [
        JoinedArgument((argument,)) if isinstance(argument, str) else argument
        for argument in arguments
    ]


def _main_name(fields: JobFields, job: Job) -> str:
    given, place = fields.one("input_data")
    names = input_names(job)
    expression = single(given)
    name = None if expression is None else expression.after("inputs.")
    if given is None and len(names) == 1:
        return names[0]
    if name is None or name not in names:
        text = f"is {shown(given)}; write ${{{{inputs.NAME}}}}, of {listed(names)}."
        raise place.problem(text)
    return name


def _config(work: _Work) -> ParallelRunConfig:
    fields, task, place = work.fields, work.task, work.task_place
    retry = _retry(fields)
    failed = fields.one("mini_batch_error_threshold")[0]
    retries = _DEFAULT_RETRIES if retry.max_retries is None else retry.max_retries
    folder = code_folder(task.code, work.home.workspace, place / "code")
    rows = work.rows.file_name
    return ParallelRunConfig(
        environment=environment_of(
            task.environment,
            work.job.key,
            work.home.workspace,
            place / "environment",
            work.home.build,
        ),
        entry_script=_script(task, folder, place),
        source_directory=folder,
        error_threshold=_threshold(fields, work.flags),
        output_action="summary_only" if rows is None else "append_row",
        append_row_file_name=rows,
        compute_target=_compute(work),
        node_count=node_count(*fields.one("resources")),
        process_count_per_node=fields.one("max_concurrency_per_instance")[0],
        **_size(fields),
        logging_level=_level(fields, work.flags),
        run_invocation_timeout=retry.timeout or _DEFAULT_TIMEOUT,
        run_max_try=1 + retries,
        allowed_failed_count=None if failed in {None, -1} else failed,
        allowed_failed_percent=work.flags.number("allowed_failed_percent"),
        environment_variables=own_variables(fields),
    )


def _compute(work: _Work) -> str:
    given, place = work.fields.one("compute")
    return compute_of(given or work.home.compute, work.home.workspace, place)


def _retry(fields: JobFields) -> RetrySettings:
    """Return the retry settings, each of them from the job if it has it."""
    merged: dict[str, Any] = {}
    place = fields.job_place
    for section, where in (
        (fields.component, fields.component_place),
        (fields.job, fields.job_place),
    ):
        given = getattr(section, "retry_settings", None)
        if given is not None:
            place = where / "retry_settings"
            merged |= parse(RetrySettings, given, place).model_dump(exclude_none=True)
    return parse(RetrySettings, merged, place)


def _script(task: ParallelTask, folder: str, task_place: Place) -> str:
    """Return the script's path; it may be given as a dotted module."""
    script = task.entry_script
    if Path(folder, script).is_file():
        return script
    module = script.replace(".", "/") + ".py"
    if Path(folder, module).is_file():
        return module
    text = f"is {shown(script)}, which is not in {folder}."
    raise (task_place / "entry_script").problem(text)


def _threshold(fields: JobFields, flags: RuntimeFlags) -> int:
    found = flags.number("error_threshold")
    if found is None:
        found = fields.one("error_threshold")[0]
    return -1 if found is None else int(found)


def _level(fields: JobFields, flags: RuntimeFlags) -> str:
    given, place = fields.one("logging_level")
    level = flags.values.get("logging_level", str(given or "INFO")).upper()
    if level not in {*_LEVELS, "ERROR", "CRITICAL"}:
        text = f"is {shown(given)}; give one of {listed(_LEVELS)}."
        raise place.problem(text)
    return level


def _size(fields: JobFields) -> dict[str, Any]:
    """Return how the input is cut; partition keys win over a size."""
    keys, _ = fields.one("partition_keys")
    size, place = fields.one("mini_batch_size")
    if keys:
        if size is not None:
            place.warn("has no effect: partition_keys say how the input is cut")
        return {"partition_keys": keys if isinstance(keys, list) else [keys]}
    if size is None:
        return {}
    text = str(size) if "row" in str(size) else str(size).replace(" ", "")
    written = parse_size(text)
    if written is None or (written.unit != "auto" and not written.amount):
        text = f"is {shown(size)}; give {ACCEPTED_SIZES}."
        raise place.problem(text)
    return {"mini_batch_size": text}
