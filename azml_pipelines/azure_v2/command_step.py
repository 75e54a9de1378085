"""Jobs of ``type: command`` become CommandSteps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azml_pipelines.azure_v2.job_fields import fields_of, job_inputs, own_variables
from azml_pipelines.azure_v2.job_sections import (
    CommandComponent,
    CommandJob,
    CommandLimits,
)
from azml_pipelines.azure_v2.outputs import place_outputs
from azml_pipelines.azure_v2.section import parse
from azml_pipelines.azure_v2.surroundings import (
    code_folder,
    compute_of,
    environment_of,
    node_count,
)
from azml_pipelines.azure_v2.template import Ports, filled
from azml_pipelines.pipeline.command_step import CommandStep
from azml_pipelines.pipeline.run_configuration import RunConfiguration

if TYPE_CHECKING:
    from azml_pipelines.azure_v2.job_fields import Home
    from azml_pipelines.azure_v2.level import Job, Level

__all__ = ["command_step"]


def command_step(level: Level, job: Job, home: Home) -> CommandStep:
    """Return the step of a command job.

    Raises:
        BadDocumentError: Something of the job is not accepted.
    """
    fields = fields_of(level, job, CommandJob, CommandComponent)
    place_outputs(level, job, home.workspace)
    inputs, entries = job_inputs(level, job, home.workspace)
    ports = Ports(inputs, entries, job.outputs, job.place)
    command, place = fields.one("command")
    if not isinstance(command, str) or not command.strip():
        text = "there is no command. Add one."
        raise place.problem(text)
    resources, where = fields.one("resources")
    if node_count(resources, where) != 1:
        (where / "instance_count").warn("has no effect: a command runs on one machine")
    environment, where = fields.one("environment")
    runconfig = RunConfiguration()
    runconfig.environment = environment_of(
        environment, job.key, home.workspace, where, home.build
    )
    compute, where = fields.one("compute")
    code, code_place = fields.one("code")
    limits, limits_place = fields.one("limits")
    return CommandStep(
        command=[filled(command, ports, place)],
        name=job.key,
        compute_target=compute_of(compute or home.compute, home.workspace, where),
        runconfig=runconfig,
        inputs=list(entries.values()),
        outputs=list(job.outputs.values()),
        source_directory=code_folder(code, home.workspace, code_place),
        allow_reuse=fields.reusable,
        environment_variables=own_variables(fields),
        timeout_seconds=parse(CommandLimits, limits, limits_place).timeout,
    )
