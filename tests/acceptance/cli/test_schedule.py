"""``azml schedule`` and ``azml scheduler``: made, fired, looked up, installed."""

from __future__ import annotations

import json
import shutil

import pytest

from azml_pipelines import Schedule, Workspace


@pytest.fixture(scope="module")
def place(make_project):
    """A project of these tests alone, with a published pipeline."""
    from azml_pipelines.cli.script import run_script

    project = make_project()
    script = project.folder / "publish.py"
    text = (project.folder / "pipe.py").read_text()
    script.write_text(text + '\npublished = pipeline.publish("texts")\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.folder)
        run_script(script, debug=False)
    return project


@pytest.fixture
def pipeline_id(place, monkeypatch):
    """The published pipeline, with its project as working directory."""
    from azml_pipelines import PublishedPipeline

    monkeypatch.chdir(place.folder)
    (published,) = PublishedPipeline.list(Workspace.from_config())
    return published.id


def test_a_schedule_is_made_listed_and_switched(pipeline_id, type_command):
    """Its id goes to standard output, advice to standard error."""
    made = type_command(
        *("schedule", "create", "nightly", pipeline_id, "-e", "nights"),
        *("--cron", "30 2 * * MON-FRI", "--time-zone", "Europe/Berlin"),
        *("-p", "size=2", "--max-concurrent-runs", "1", "--on-overlap", "queue"),
    )
    schedule_id = made.stdout.strip()
    shown = json.loads(type_command("schedule", "show", schedule_id).stdout)
    listed = type_command("schedule", "list").stdout
    type_command("schedule", "disable", schedule_id)

    assert "azml scheduler" in made.stderr
    assert "cron 30 2 * * MON-FRI (Europe/Berlin)" == shown["fires"]
    assert {"size": "2"} == shown["parameters"]
    assert 5 == len(shown["next_times"])
    assert (1, "queue") == (shown["max_concurrent_runs"], shown["on_overlap"])
    assert f"{schedule_id}  Active    nightly  cron" in listed
    assert schedule_id not in type_command("schedule", "list").stdout
    every = json.loads(type_command("schedule", "list", "--all", "--json").stdout)
    assert "Disabled" in [one["status"] for one in every if one["id"] == schedule_id]
    assert 0 == type_command("schedule", "enable", schedule_id).exit_code
    type_command("schedule", "disable", schedule_id)


def test_new_files_fire_once(pipeline_id, place, type_command):
    """``--once`` twice: seen, then stable; the history has the run and the file."""
    inbox = place.folder / "inbox"
    inbox.mkdir()
    type_command("datastore", "add", "inbox", inbox)
    made = type_command(
        *("schedule", "create", "files", pipeline_id, "-e", "files"),
        *("--datastore", "inbox", "--data-parameter", "texts"),
        *("--polling-interval", "0.00001"),
    )
    schedule_id = made.stdout.strip()
    (inbox / "new.txt").write_text("1")
    first = type_command("scheduler", "--once")
    second = type_command("scheduler", "--once")
    third = type_command("scheduler", "--once")
    history = type_command("schedule", "history", schedule_id)
    facts = json.loads(
        type_command("schedule", "history", schedule_id, "--json").stdout
    )

    assert (0, "") == (first.exit_code, first.stdout), first.output
    (run,) = Schedule.get(Workspace.from_config(), schedule_id).get_pipeline_runs()
    assert f"run {run.id}, 1 files" in second.stdout
    assert "" == third.stdout
    assert f"Submitted  {run.id}  1 files" in history.stdout
    assert ["new.txt"] == facts[0]["files"]
    assert "Finished" == run.wait_for_completion(show_output=False)
    type_command("schedule", "disable", schedule_id)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cron", "61 * * * *"], "bad minute"),
        ([], "A schedule has one trigger; got none"),
        (["--cron", "@daily", "--datastore", "workspaceblobstore"], "one trigger"),
        (["--datastore", "lake"], "No datastore is called 'lake'"),
        (["--cron", "@daily", "-p", "sise=3"], "Did you mean 'size'?"),
        (["--cron", "@daily", "--max-concurrent-runs", "0"], "at least 1"),
        (["--cron", "@daily", "--time-zone", "Mars"], "no time zone"),
        (
            ["--datastore", "workspaceblobstore", "--data-parameter", "size"],
            "Parameter 'size' takes str",
        ),
    ],
)
def test_what_cannot_be_is_said_in_one_line(pipeline_id, type_command, words, said):
    """Exit code 2, and no schedule."""
    before = type_command("schedule", "list", "--all").stdout

    done = type_command("schedule", "create", "s", pipeline_id, "-e", "e", *words)

    assert 2 == done.exit_code
    assert said in done.stderr
    assert 1 == len(done.stderr.splitlines())
    assert before == type_command("schedule", "list", "--all").stdout


@pytest.mark.parametrize("command", ["show", "enable", "disable", "history"])
def test_an_unknown_id_is_said_in_one_line(pipeline_id, type_command, command):
    """With the command that lists those there are."""
    done = type_command("schedule", command, "nobody")

    assert 2 == done.exit_code
    assert "No schedule has the id 'nobody'" in done.stderr
    assert "azml schedule list" in done.stderr


def test_the_service_is_written_and_removed(
    pipeline_id, tmp_path, monkeypatch, type_command
):
    """Into the folder of this user's units; here systemd does not answer."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda _: None)

    installed = type_command("scheduler", "--install")
    (unit,) = (tmp_path / "systemd" / "user").iterdir()
    text = unit.read_text()
    removed = type_command("scheduler", "--uninstall")

    assert str(unit) == installed.stdout.strip()
    assert "-P -m azml_pipelines.cli scheduler" in text
    assert f"WorkingDirectory={Workspace.from_config().folder.root}" in text
    assert f"removed {unit.name}" == removed.stdout.strip()
    assert not unit.exists()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("nightly", "-f", "pipe.py"), "Leave out NAME."),
        (("-f", "pipe.py", "--catchup"), "Leave out --catchup."),
        (("n", "id", "-e", "e", "--time-zone", "UTC"), "--time-zone is that of --cron"),
    ],
)
def test_what_would_have_no_effect_is_wrong_usage(
    pipeline_id, type_command, words, problem
):
    """A schedule is never made of a part of what was typed."""
    result = type_command("schedule", "create", *words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr
