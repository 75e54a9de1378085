"""``azml schedule``: list, make, change schedules, and see what they have done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from azml_pipelines.cli.assignments import Assignment

if TYPE_CHECKING:
    from azml_pipelines.run.workspace import Workspace
    from azml_pipelines.schedule.schedule import Schedule

__all__ = ["schedule"]


@click.group(short_help="List, make or change schedules.")
def schedule() -> None:
    """Look after the schedules of this workspace; azml scheduler runs them."""


@schedule.command("list")
@click.option("--all", "every", is_flag=True, help="Disabled ones, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def list_schedules(*, every: bool, as_json: bool) -> None:
    """List the schedules that are active, the oldest first."""
    from azml_pipelines.printable import printable  # noqa: PLC0415 - slow to load
    from azml_pipelines.schedule.facts import facts_of, trigger_text  # noqa: PLC0415 - same
    from azml_pipelines.schedule.schedule import Schedule  # noqa: PLC0415 - the same

    found = Schedule.list(_workspace(), active_only=not every)
    if as_json:
        import json  # noqa: PLC0415 - one way only

        click.echo(json.dumps([facts_of(one) for one in found], indent=2))
        return
    for one in found:
        text = trigger_text(one.definition.trigger)
        click.echo(
            f"{one.id}  {one.status:<8}  {printable(one.name)}  {printable(text)}"
        )
    if not found:
        click.echo("No schedules. To make one: azml schedule create --help", err=True)


@schedule.command("show")
@click.argument("schedule_id", metavar="ID")
def show_schedule(schedule_id: str) -> None:
    """Print all that is known about a schedule, as JSON, with its next times."""
    import json  # noqa: PLC0415 - slow to load

    from azml_pipelines.schedule.facts import facts_of  # noqa: PLC0415 - the same

    click.echo(json.dumps(facts_of(_found(schedule_id)), indent=2))


@schedule.command("create")
@click.argument("name", required=False)
@click.argument("pipeline_id", required=False)
@click.option(
    "-f",
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A schedule of version 2, in place of everything else.",
)
@click.option("-e", "--experiment", help="The experiment of the runs.")
@click.option("--cron", metavar="'M H D M W'", help="Five fields, as '30 2 * * 1-5'.")
@click.option("--time-zone", metavar="ZONE", help="That of --cron; UTC by default.")
@click.option("--datastore", metavar="NAME", help="Fire on its new and changed files.")
@click.option("--path", metavar="PATH", help="Where on the datastore; everywhere.")
@click.option("--data-parameter", metavar="NAME", help="The parameter that gets them.")
@click.option(
    "--polling-interval", type=float, default=5, show_default=True, help="Minutes."
)
@click.option(
    "-p",
    "--parameter",
    "assignments",
    metavar="NAME=VALUE",
    type=Assignment(),
    multiple=True,
    help="For every run; NAME=data@latest is looked up each time. Can be repeated.",
)
@click.option("--catchup", is_flag=True, help="Make up for all missed times.")
@click.option("--max-concurrent-runs", type=int, help="Any number by default.")
@click.option("--on-overlap", type=click.Choice(["skip", "queue"]), default="skip")
def create_schedule(
    name: str | None,
    pipeline_id: str | None,
    file: Path | None,
    **options: Any,  # noqa: ANN401 - click's
) -> None:
    """Make the schedule NAME of the published pipeline PIPELINE_ID.

    It fires by --cron or by --datastore. Recurrences are made in Python, or in a
    document of version 2: azml schedule create -f FILE.
    """
    from azml_pipelines.schedule.schedule import Schedule  # noqa: PLC0415 - slow to load

    workspace = _workspace()
    if file is not None:
        _check_alone(click.get_current_context())
        from azml_pipelines.cli.document_schedule import schedule_of_document  # noqa: PLC0415 - slow to load

        _made(schedule_of_document(workspace, file))
        return
    if name is None or pipeline_id is None or options["experiment"] is None:
        msg = "Give NAME, PIPELINE_ID and --experiment, or a document with --file."
        raise click.UsageError(msg)
    store, more = options["datastore"], {}
    if options["time_zone"] and not options["cron"]:
        msg = "--time-zone is that of --cron. Give both, or leave it out."
        raise click.UsageError(msg)
    if options["cron"]:
        more = {"cron": options["cron"], "time_zone": options["time_zone"]}
    made = Schedule.create(
        workspace,
        name,
        pipeline_id,
        options["experiment"],
        datastore=workspace.get_datastore(store) if store else None,
        path_on_datastore=options["path"],
        data_path_parameter_name=options["data_parameter"],
        polling_interval=options["polling_interval"],
        pipeline_parameters=_values(workspace, pipeline_id, options["assignments"]),
        catchup=options["catchup"],
        max_concurrent_runs=options["max_concurrent_runs"],
        on_overlap=options["on_overlap"],
        **more,
    )
    _made(made)


@schedule.command("enable")
@click.argument("schedule_id", metavar="ID")
def enable_schedule(schedule_id: str) -> None:
    """Let a schedule fire again, from now on."""
    _found(schedule_id).enable()


@schedule.command("disable")
@click.argument("schedule_id", metavar="ID")
def disable_schedule(schedule_id: str) -> None:
    """Let a schedule fire no more; runs that have started go on."""
    _found(schedule_id).disable()


@schedule.command("history")
@click.argument("schedule_id", metavar="ID")
@click.option(
    "-n",
    "most",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="How many.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def history_of_schedule(schedule_id: str, most: int, *, as_json: bool) -> None:
    """Print what became of a schedule's nominal times, the latest first."""
    from azml_pipelines.printable import printable  # noqa: PLC0415 - slow to load
    from azml_pipelines.schedule.facts import firing_facts  # noqa: PLC0415 - the same

    facts = [firing_facts(one) for one in _found(schedule_id).history(most)]
    if as_json:
        import json  # noqa: PLC0415 - one way only

        click.echo(json.dumps(facts, indent=2))
        return
    for one in facts:
        note = f"  {one['note']}" if one["note"] else ""
        files = f"  {len(one['files'])} files" if one["files"] else ""
        moment = one["nominal_time"][:19].replace("T", " ")
        text = f"{moment}  {one['outcome']:<9}  {one['run_id'] or '-'}{files}{note}"
        click.echo(printable(text))


def _check_alone(context: click.Context) -> None:
    """Refuse what stands beside a document and would have no effect."""
    given = [
        max(one.opts, key=len)
        if isinstance(one, click.Option)
        else str(one.name).upper()
        for one in context.command.params
        if one.name != "file"
        and context.get_parameter_source(str(one.name)) is ParameterSource.COMMANDLINE
    ]
    if given:
        msg = f"--file says everything. Leave out {', '.join(given)}."
        raise click.UsageError(msg)


def _made(schedule: Schedule) -> None:
    click.echo(schedule.id)
    click.echo("It fires while a scheduler runs: azml scheduler", err=True)


def _workspace() -> Workspace:
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

    return Workspace.from_config()


def _found(schedule_id: str) -> Schedule:
    from azml_pipelines.schedule.schedule import Schedule  # noqa: PLC0415 - slow to load

    return Schedule.get(_workspace(), schedule_id)


def _values(
    workspace: Workspace, pipeline_id: str, assignments: list[tuple[str, str]]
) -> dict[str, Any]:
    """Return typed values; a dataset stays text, so that each firing looks it up."""
    from azml_pipelines.cli.assignments import typed_values  # noqa: PLC0415 - slow to load
    from azml_pipelines.run.published_pipeline import (  # noqa: PLC0415 - the same
        PublishedPipeline,
    )

    definition = PublishedPipeline.get(workspace, pipeline_id).definition()
    typed = typed_values(workspace, definition, assignments)
    texts = dict(assignments)
    return {
        name: texts[name] if _is_dataset(value) else value
        for name, value in typed.items()
    }


def _is_dataset(value: object) -> bool:
    return not isinstance(value, str | int | float)
