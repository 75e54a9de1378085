"""Wrong values of schedules, endpoints, drafts, models, environments and datastores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azml_pipelines import (
    CommandStep,
    Dataset,
    Datastore,
    Environment,
    Model,
    Pipeline,
    PipelineDraft,
    PipelineEndpoint,
    PublishedPipeline,
    PythonScriptStep,
    RunConfiguration,
    Schedule,
    ScheduleRecurrence,
    ScriptRunConfig,
    StepSequence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

HUGE = "x" * 2**20
SURROGATE = "a\udc80b"
NO_WORKSPACE = [None, "testing", 5, b"x", {}]


def schedule(kit, **given):
    """Ask for a schedule of a pipeline that does not exist."""
    return Schedule.create(
        **{
            "workspace": kit.workspace,
            "name": "nightly",
            "pipeline_id": "nowhere",
            "experiment_name": "nights",
            "recurrence": None if "cron" in given else ScheduleRecurrence("Day", 1),
        }
        | given
    )


SCHEDULE = {
    "name": ("text", [None, 5, "", SURROGATE, HUGE]),
    "description": ("text", [5, 1.5, [], b"x", SURROGATE]),
    "continue_on_step_failure": ("True, False", ["yes", 1, 0.0, []]),
    "pipeline_parameters": ("dict", [5, "a=1", ["a"]]),
    "cron": ("five fields", ["61 * * * *", "* * * * * *", "@dayly", HUGE, "* *"]),
    "workspace": ("Workspace", NO_WORKSPACE),
    "pipeline_id": ("", [HUGE, "../x", 5]),
    "experiment_name": ("letters", ["a b", "../x", HUGE, SURROGATE]),
    "max_concurrent_runs": ("whole number", [0, -1, 1.5, True]),
    "on_overlap": ("'queue'", ["", "wait", None]),
}
MODEL = {
    "model_path": ("path", [None, 5, b"x", []]),
    "description": ("text", [5, SURROGATE]),
    "model_framework": ("text", [5, 10**20, SURROGATE]),
    "tags": ("dict", [5, "a", ["a"]]),
    "properties": ("dict", [5, "a", ["a"]]),
    "workspace": ("Workspace", NO_WORKSPACE),
}
DRAFT = {
    "name": ("text", [5, SURROGATE]),
    "description": ("text", [5, SURROGATE]),
    "tags": ("dict", [5, "a", ["a"]]),
    "continue_on_step_failure": ("True, False", ["yes", 5]),
    "pipeline_parameters": ("dict", [5, "a", ["a"]]),
    "workspace": ("Workspace", NO_WORKSPACE),
}


def made_cases() -> Iterator[tuple]:
    """What is made of them."""
    for field, (accepted, values) in SCHEDULE.items():
        for value in values:
            yield (
                field[1:].removesuffix("_name").removesuffix("_id"),
                accepted,
                lambda kit, f=field, v=value: schedule(kit, **{f: v}),
            )
    for field, (accepted, values) in MODEL.items():
        for value in values:
            yield (
                field,
                accepted,
                lambda kit, f=field, v=value: Model.register(
                    **{
                        "workspace": kit.workspace,
                        "model_path": kit.root / "table.csv",
                        "model_name": "m",
                    }
                    | {f: v}
                ),
            )
    for field, (accepted, values) in DRAFT.items():
        for value in values:
            yield (
                field,
                accepted,
                lambda kit, f=field, v=value: PipelineDraft.create(
                    **{
                        "workspace": kit.workspace,
                        "pipeline": Pipeline(kit.workspace, [kit.step()]),
                    }
                    | {f: v}
                ),
            )


def found_cases() -> Iterator[tuple]:
    """What is looked up."""
    lookups = {
        "schedule": Schedule.get,
        "published pipeline": PublishedPipeline.get,
        "pipeline endpoint": PipelineEndpoint.get,
        "draft": PipelineDraft.get,
        "model": Model,
        "environment": Environment.get,
        "dataset": Dataset.get_by_name,
        "atastore": Datastore.get,
    }
    for what, get in lookups.items():
        for workspace in NO_WORKSPACE:
            yield (
                "workspace=",
                "Workspace",
                lambda _, g=get, w=workspace: g(w, "nowhere"),
            )
        for name in ["", "../x", HUGE]:
            yield what, "", lambda kit, g=get, n=name: g(kit.workspace, n)
        yield "", "", lambda kit, g=get: g(kit.workspace, SURROGATE)
    for name in [5, b"x", []]:
        yield "name=", "text", lambda kit, n=name: Model(kit.workspace, n)
        yield "name=", "text", lambda kit, n=name: Model.list(kit.workspace, n)
    for tags in [5, "a"]:
        yield "tags", "list", lambda kit, t=tags: Model(kit.workspace, "m", tags=t)


def table_cases() -> Iterator[tuple]:
    """Flags and paths of tables."""
    delimited = Dataset.Tabular.from_delimited_files
    for field in ("include_path", "support_multi_line", "empty_as_string"):
        for value in [None, 5, "yes", [], HUGE, SURROGATE]:
            yield (
                field,
                "True or False",
                lambda kit, f=field, v=value: delimited(
                    str(kit.root / "table.csv"), **{f: v}
                ),
            )
    for value in [HUGE, "a\x1b[31m\r\nb"]:
        yield "path", "", lambda _, v=value: delimited(v)
        yield (
            "partition_format",
            "",
            lambda kit, v=value: delimited(
                str(kit.root / "table.csv"), partition_format=v
            ),
        )


def script_cases() -> Iterator[tuple]:
    """What steps of scripts and commands are made of."""

    def script(kit, **given):
        given = {"source_directory": str(kit.root / "scripts")} | given
        return PythonScriptStep("score.py", name="one", **given)

    def command(kit, **given):
        given = {"source_directory": str(kit.root / "scripts")} | given
        return CommandStep("echo 1", name="one", **given)

    for make in (script, command):
        for field in ("params", "runconfig_pipeline_params"):
            for value in [5, "a", ["a"]]:
                yield field, "dict", lambda k, m=make, f=field, v=value: m(k, **{f: v})
        for value in [5, b"x", []]:
            yield (
                "source_directory",
                "path",
                lambda k, m=make, v=value: m(k, source_directory=v),
            )


def list_cases() -> Iterator[tuple]:
    """Where a list is wanted, and where a path."""
    for value in [5, "--a", b"x"]:
        yield "arguments", "list", lambda _, v=value: RunConfiguration(arguments=v)
        yield (
            "arguments",
            "list",
            lambda kit, v=value: ScriptRunConfig(
                str(kit.root), script="score.py", arguments=v
            ),
        )
    for value in [None, 5, "score"]:
        yield "steps", "list", lambda _, v=value: StepSequence(v)
    for value in [5, b"x", []]:
        for make in ("from_conda_specification", "from_pip_requirements"):
            yield (
                "file_path",
                "path",
                lambda _, m=make, v=value: getattr(Environment, m)("e", v),
            )


def datastore_cases() -> Iterator[tuple]:
    """Stores that nothing opens."""
    for url in ["nope://x/y", "s4://bucket", "htp://a/b"]:
        yield (
            "url",
            "s3",
            lambda kit, u=url: Datastore.register_url(kit.workspace, "far", u),
        )
    for field in ("protocol", "endpoint"):
        for value in [5, ["x"], b"x", SURROGATE]:
            yield (
                field,
                "text",
                lambda kit, f=field, v=value: Datastore.register_azure_blob_container(
                    kit.workspace, "far", "c", "account", **{f: v}
                ),
            )


CASES = [
    case
    for cases in (
        made_cases,
        found_cases,
        table_cases,
        script_cases,
        list_cases,
        datastore_cases,
    )
    for case in cases()
]


@pytest.mark.parametrize(
    ("field", "accepted", "call"),
    [pytest.param(*case, id=f"{n} {case[0]}") for n, case in enumerate(CASES)],
)
def test_bad_input(refused, field, accepted, call):
    """One line, at most 300 characters: the field, and what is accepted."""
    said = refused(call, field, None, accepted)

    assert accepted in said


def test_a_refused_change_leaves_a_schedule_readable(kit, tmp_path):
    """What could not be read again is not written."""
    pipeline = Pipeline(kit.workspace, [kit.step()]).publish("p", "d", "1")
    made = schedule(kit, pipeline_id=pipeline.id)
    with pytest.raises(ValueError, match="description=5"):
        made.update(description=5)
    made.update(description="AccountKey=abcdefgh12345678901234567890")

    (found,) = Schedule.list(kit.workspace)
    assert "abcdefgh" not in found.description
