"""Environments are built for real, once per machine; workers run in them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
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
from azml_pipelines.compute.environment_builder import (
    build_environment,
    find_environment,
)
from azml_pipelines.errors import EnvironmentBuildError, RunCanceledError
from azml_pipelines.pipeline.environment_build import BuildOrder
from azml_pipelines.testing.wheels import make_wheel

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


@pytest.fixture
def greeter(tmp_path):
    """Make a version of a small package and return its requirement."""

    def make(version: str = "1.0", code: str = "text = 'hello'") -> str:
        return make_wheel(tmp_path, "greeter", version, code).as_uri()

    return make


@pytest.fixture
def store(tmp_path):
    """Environments of a test that builds without a run."""
    return EnvironmentStore(tmp_path / "environments")


def environment(*packages: str, **asked: str) -> Environment:
    """Declare an environment that is to be built."""
    made = Environment("small", build="venv")
    made.python.conda_dependencies = CondaDependencies.create(
        pip_packages=packages, **asked
    )
    made.python.conda_dependencies.set_pip_option(NO_INDEX)
    return made


def order(*requirements: str) -> BuildOrder:
    """Order the same by hand."""
    return BuildOrder("small", "venv", "", requirements, (NO_INDEX,))


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


def test_uv_builds_where_pip_has_no_settings_of_its_own(
    store, greeter, monkeypatch, tmp_path
):
    """Where packages come from is pip's to know otherwise, and so pip builds."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with_uv = build_environment(store, order(greeter()))
    other = EnvironmentStore(tmp_path / "other")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    with_pip = build_environment(other, order(greeter()))

    assert [with_uv.tool, with_pip.tool] == ["uv", "pip"]
    assert with_uv.packages == with_pip.packages


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


BUILDS = """
import sys
from pathlib import Path
from azml_pipelines.compute.built_environments import EnvironmentStore
from azml_pipelines.compute.environment_builder import build_environment
from azml_pipelines.pipeline.environment_build import BuildOrder
order = BuildOrder("small", "venv", "", (sys.argv[2],), ("--no-index",))
print("ready", flush=True)
sys.stdin.readline()
built = build_environment(EnvironmentStore(Path(sys.argv[1])), order, say=print)
print(built.built)
"""


@pytest.fixture
def builders(store, greeter):
    """Start processes that build the same environment when they are told to."""
    started = []

    def start() -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", BUILDS, str(store.root), greeter()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_two_at_the_same_time_build_once(builders, store):
    """The second waits, and gets what the first has built."""
    several = [builders() for _ in range(3)]
    for process in several:
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0] for process in several]

    assert sum("building environment" in text for text in said) == 1
    assert len({text.splitlines()[-1] for text in said}) == 1
    assert len(store.all()) == 1


def test_what_a_killed_build_leaves_is_never_used(builders, store, greeter):
    """Its installer may go on for a while; then all of it is built anew."""
    process = builders()
    process.stdin.write("\n")
    process.stdin.flush()
    children: list[psutil.Process] = []
    while not children:
        children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    key = find_key(store)
    place = store.place(key)
    place.mkdir(exist_ok=True)
    (place / "half").touch()

    assert find_environment(store, order(greeter())) is None

    built = build_environment(store, order(greeter()))

    assert not (place / "half").exists()
    assert store.all() == [built]
    answer = subprocess.check_output(
        [built.interpreter, "-c", "import greeter; print(greeter.text)"], text=True
    )
    assert answer == "hello\n"


def find_key(store) -> str:
    """Return the key of the only environment that somebody has begun."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if locks := [one for one in store.root.iterdir() if one.suffix == ".lock"]:
                return locks[0].stem
    raise AssertionError


def test_a_build_that_is_not_wanted_any_more_ends(store, tmp_path):
    """No installer runs on, and no half of an environment is left."""
    source = tmp_path / "slow-1.0"
    source.mkdir()
    (source / "slow.py").write_text("import time\ntime.sleep(600)\n")
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "slow"\nbackend-path = ["."]\n'
    )
    archive = shutil.make_archive(str(source), "gztar", tmp_path, source.name)
    calls = []

    def check() -> None:
        if "slow" in " ".join(log.read_text() for log in store.root.glob("*.log")):
            calls.append(1)
        if len(calls) > 5:
            raise RunCanceledError("enough")

    with pytest.raises(RunCanceledError):
        build_environment(store, order(Path(archive).as_uri()), check=check)

    assert [one for one in store.root.iterdir() if one.is_dir()] == []
    left = [one for one in psutil.process_iter(["cmdline"]) if names(one, tmp_path)]
    assert left == []


def names(process, folder) -> bool:
    """Whether a process has the folder in its command line."""
    return str(folder) in " ".join(process.info["cmdline"] or ())


def test_a_record_without_its_python_counts_for_nothing(store, greeter):
    """A Python that an update has taken away is missed before workers miss it."""
    built = build_environment(store, order(greeter()))
    Path(built.interpreter).unlink()

    assert find_environment(store, order(greeter())) is None
    assert build_environment(store, order(greeter())).built > built.built


def test_conda_without_conda_says_what_is_missing(store, monkeypatch):
    """One line, with the way out."""
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(EnvironmentBuildError, match="needs one of micromamba"):
        build_environment(store, BuildOrder("big", "conda", conda_file="name: big\n"))


def test_the_record_is_plain(store, greeter):
    """It says what is installed, by whom, and how long that took."""
    built = build_environment(store, order(greeter()))
    record = json.loads((built.folder / "azml.json").read_text())

    assert record["packages"]["greeter"] == "1.0"
    assert record["tool"] in {"uv", "pip"}
    assert record["seconds"] > 0


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
