"""Environments are built for real, once per machine; workers run in them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from azml_pipelines import (
    CommandStep,
    CondaDependencies,
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    RunConfiguration,
)
from azml_pipelines.cli.main import azml
from azml_pipelines.compute.built_environments import EnvironmentStore

SCRIPT = """
import sys
import greeter

def run(mini_batch):
    found = [name for name in ("pandas", "pydantic", "dask") if importable(name)]
    return [f"{greeter.text} {sys.prefix} {found}" for _ in mini_batch]

def importable(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True
"""
NO_INDEX = "--no-index"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A machine of its own: nothing was built here yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "azml-pipelines" / "environments"


def environment(*packages: str, **asked: str) -> Environment:
    """Declare an environment that is to be built."""
    made = Environment("small", build="venv")
    made.python.conda_dependencies = CondaDependencies.create(
        pip_packages=packages, **asked
    )
    made.python.conda_dependencies.set_pip_option(NO_INDEX)
    return made


def logged(run) -> str:
    """Return what the orchestrator of a run has said."""
    return (run.folder.root / "orchestrator.log").read_text()


def test_workers_run_in_what_was_built(job, home, greeter):
    """They see its packages, and of ours nothing but our own files."""
    wanted = environment(greeter())
    run = job.finish(SCRIPT, files=2, environment=wanted)

    assert run.get_status() == "Finished", run.state().error
    [built] = EnvironmentStore(home).all()
    assert job.output(run).decode().splitlines() == [f"hello {built.folder} []"] * 2
    assert built.packages == {"greeter": "1.0", "python": built.packages["python"]}
    assert "building environment 'small' with " in logged(run)

    again = job.finish(SCRIPT, files=2, environment=wanted)

    assert again.get_status() == "Finished"
    assert "building environment" not in logged(again)
    assert EnvironmentStore(home).all() == [built]


def test_another_content_is_another_environment(job, home, greeter):
    """A wheel of the same name with other bytes is not taken for the first."""
    texts = []
    for word in ("one", "two"):
        requirement = greeter(code=f"text = '{word}'")
        run = job.finish(SCRIPT, files=1, environment=environment(requirement))
        texts.append(job.output(run).decode().split()[0])

    assert texts == ["one", "two"]
    assert len(EnvironmentStore(home).all()) == 2


def test_an_older_python_of_this_machine(job, home, greeter):
    """Workers run in Python 3.10 and print what it is, where there is one."""
    versions = Path("/root/.pyenv/versions")
    found = sorted(versions.glob("3.10.*/bin")) if os.access(versions, os.X_OK) else []
    if not found and shutil.which("python3.10") is None:
        pytest.skip("no python3.10 on this machine")
    path = os.pathsep.join([*map(str, found), os.environ["PATH"]])
    script = "import sys\ndef run(m): return [sys.version_info[:2] for _ in m]\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", path)
        run = job.finish(
            script, files=1, environment=environment(python_version="3.10")
        )

    assert run.get_status() == "Finished", run.state().error
    assert job.output(run) == b"(3, 10)\n"


def test_a_version_that_is_not_here_names_itself(job, home):
    """The step fails by name, and nothing of it has run."""
    run = job.finish(SCRIPT, files=1, environment=environment(python_version="3.99"))

    assert run.state().error.startswith(
        "Step 'score' failed: environment 'small' asks for Python 3.99, and no "
        "python3.99 on this machine's PATH starts; the run itself has 3."
    )


def test_a_package_that_is_nowhere_is_named(job, home):
    """So is the log with everything that the installer has said; no half is left."""
    run = job.finish(SCRIPT, files=1, environment=environment("no-such-package==7"))

    error = run.state().error
    assert "environment 'small' cannot be built: " in error
    assert "no-such-package" in error
    log = Path(error.partition("the log is ")[2].partition(")")[0])
    assert "no-such-package" in log.read_text()
    assert [entry.suffix for entry in home.iterdir() if entry.is_dir()] == []


def test_a_table_needs_pandas_in_the_environment(job, home, greeter, tmp_path):
    """The step says so before a worker is started."""
    (tmp_path / "table.csv").write_text("a\n1\n")
    table = Dataset.Tabular.from_delimited_files(str(tmp_path / "table.csv"))
    run = job.finish(
        SCRIPT,
        reads=table.as_named_input("table"),
        mini_batch_size="1KB",
        environment=environment(greeter()),
    )

    assert run.state().error == (
        "Step 'score' failed: environment 'small' lacks pandas, which workers need "
        "there for this step's tables. Declare it with pip_packages=[…]."
    )


def test_commands_find_the_python_that_was_built(workspace, home, greeter):
    """``python`` and the programs beside it are those of the environment."""
    command = "python -c 'import greeter, sys; print(greeter.text, sys.prefix)'"
    config = RunConfiguration()
    config.environment = environment(greeter())
    step = CommandStep(command=command, name="say", runconfig=config, allow_reuse=False)
    run = Experiment(workspace, "tests").submit(Pipeline(workspace, [step]))
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert run.get_status() == "Finished", run.state().error
    [built] = EnvironmentStore(home).all()
    logs = run.folder.step(run.state().steps[0].step_run_id).logs
    [printed] = (logs / "user" / "stdout" / "node000").iterdir()
    assert printed.read_text() == f"hello {built.folder}\n"


def test_what_is_installed_there_is_part_of_a_result(
    workspace, home, greeter, tmp_path
):
    """The same packages: reused; another version of one: run again, and named."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "score.py").write_text("import greeter\ndef run(m): return m\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").touch()
    data = Dataset.File.from_files(str(tmp_path / "data")).as_named_input("files")

    def submit(version: str):
        config = ParallelRunConfig(
            environment=environment(greeter(version)),
            source_directory=str(source),
            entry_script="score.py",
            error_threshold=0,
            output_action="append_row",
            compute_target="local",
            node_count=1,
        )
        step = ParallelRunStep("score", config, [data], PipelineData("rows"))
        run = Experiment(workspace, "tests").submit(Pipeline(workspace, [step]))
        run.wait_for_completion(show_output=False, raise_on_error=False)
        assert run.get_status() == "Finished", run.state().error
        return run

    _, same, other = submit("1.0"), submit("1.0"), submit("2.0")

    assert same.explain("score").decision == "reused"
    assert other.explain("score").decision == "ran"
    [greeter_differs] = [
        one for one in other.explain("score").differences if "greeter" == one.name[-7:]
    ]
    assert (greeter_differs.old, greeter_differs.new) == ("1.0", "2.0")


def test_it_can_be_built_before_the_first_run(workspace, home, greeter, monkeypatch):
    """The command builds what is registered, and says where it is."""
    environment(greeter()).register(workspace)
    monkeypatch.chdir(workspace.folder.root)
    runner = CliRunner()
    before = json.loads(runner.invoke(azml, ["environment", "list", "--json"]).stdout)
    done = runner.invoke(azml, ["environment", "build", "small", "--json"])
    after = json.loads(
        runner.invoke(azml, ["environment", "show", "small", "--json"]).stdout
    )

    [built] = EnvironmentStore(home).all()
    assert [one["folder"] for one in before] == [None]
    assert json.loads(done.stdout) == after
    assert after["folder"] == str(built.folder)
    assert after["packages"]["greeter"] == "1.0"
