"""Builds of environments: once, whole or not at all, whoever is killed."""

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

from azml_pipelines.compute.built_environments import EnvironmentStore
from azml_pipelines.compute.environment_builder import (
    build_environment,
    find_environment,
)
from azml_pipelines.errors import EnvironmentBuildError, RunCanceledError
from azml_pipelines.pipeline.environment_build import BuildOrder

NO_INDEX = "--no-index"


@pytest.fixture
def store(tmp_path):
    """Environments of a test that builds without a run."""
    return EnvironmentStore(tmp_path / "environments")


def order(*requirements: str) -> BuildOrder:
    """Order the same by hand."""
    return BuildOrder("small", "venv", "", requirements, (NO_INDEX,))


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
