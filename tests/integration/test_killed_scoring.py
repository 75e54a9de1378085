"""Models, servers, containers and built environments outlive their orchestrator."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from azml_pipelines import (
    CondaDependencies,
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.testing.python_root import make_python_root
from azml_pipelines.worker.containers.prepare import NoEngineError, prepare_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azml_pipelines import PipelineRun, Workspace

FILES = 12
BAD = 7
MARK = "AZML_TEST_MARK"
PYTHON = "/usr/bin/python3"

MLMODEL = """
flavors:
  python_function:
    loader_module: slow_model
    code: code
    env: {virtualenv: python_env.yaml}
signature:
  inputs: '[{"type": "long", "name": "value", "required": true}]'
  outputs: '[{"type": "long", "required": true}]'
"""
MODEL = """
import time

class Slow:
    def predict(self, model_input, params=None):
        time.sleep(0.1)
        return [7 * value for value in model_input["value"]]

def _load_pyfunc(path):
    return Slow()
"""
SERVER = """
import json, os, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(200, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        time.sleep(0.1)
        values = body.split()[1:]
        if "bad" in values:
            return self.answer(400, b"a bad value")
        found = [7 * int(value) for value in values]
        self.answer(200, json.dumps({"predictions": found}).encode())

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
SCRIPT = """
import os, time
import greeter

def run(mini_batch):
    time.sleep(0.1)
    found = []
    for path in mini_batch:
        for row, value in enumerate(open(path).read().split()[1:]):
            found.append(f"{row},{7 * int(value)},{os.path.basename(path)}")
    return ["\\n".join(found)]
"""


def by_model(folder: Path, _: Callable[[], str], settings: dict) -> ParallelRunConfig:
    """Score through an MLflow model."""
    (folder / "model" / "code").mkdir(parents=True)
    (folder / "model" / "MLmodel").write_text(MLMODEL)
    (folder / "model" / "code" / "slow_model.py").write_text(MODEL)
    return ParallelRunConfig.from_mlflow_model(
        str(folder / "model"), trust="code", **settings
    )


def by_server(folder: Path, _: Callable[[], str], settings: dict) -> ParallelRunConfig:
    """Score through a server of this machine."""
    (folder / "server.py").write_text(SERVER)
    command = [sys.executable, str(folder / "server.py")]
    return ParallelRunConfig.from_inference_server(command=command, **settings)


def in_container(engine: str):
    """Score through a server in a container."""

    def declare(folder: Path, _: Callable[[], str], settings: dict):
        if not Path(PYTHON).exists():
            pytest.skip(f"NOT RUN: {PYTHON} is not there to make an image of")
        root = make_python_root(folder / "root", PYTHON)
        serve = root.folder / "usr/bin/serve"
        serve.write_text(f"#!{root.python}\n{SERVER}")
        serve.chmod(0o755)
        (folder / "probe").mkdir()
        try:
            prepare_image(str(root.folder), None, engine, str(folder / "probe"))
        except NoEngineError as error:
            pytest.skip(f"NOT RUN: {error}")
        return ParallelRunConfig.from_inference_server(
            image=str(root.folder), container_engine=engine, **settings
        )

    return declare


def in_environment(folder: Path, greeter: Callable[[], str], settings: dict):
    """Score by a script in an environment that is built for it."""
    (folder / "source").mkdir()
    (folder / "source" / "score.py").write_text(SCRIPT)
    environment = Environment("small", build="venv")
    packages = CondaDependencies.create(pip_packages=(greeter(),))
    environment.python.conda_dependencies = packages
    packages.set_pip_option("--no-index")
    return ParallelRunConfig(
        environment=environment,
        source_directory=str(folder / "source"),
        entry_script="score.py",
        output_action="append_row",
        compute_target="local",
        node_count=1,
        **settings,
    )


SPLIT = {"split_type": "Line", "csv_header": "repeat"}
KINDS = {
    "model": (by_model, {}, "value"),
    "server": (by_server, SPLIT, "answered 400: a bad value"),
    "bubblewrap": (in_container("bubblewrap"), SPLIT, "answered 400: a bad value"),
    "podman": (in_container("podman"), SPLIT, "answered 400: a bad value"),
    "environment": (in_environment, {}, "invalid literal for int()"),
}


@dataclass(frozen=True)
class Scoring:
    """One declared step, and what its runs leave."""

    workspace: Workspace
    folder: Path
    config: ParallelRunConfig
    reason: str
    """Part of what is said of the bad file."""
    is_built: bool
    """Whether it runs in an environment of its own."""

    def submit(self) -> PipelineRun:
        """Submit it, and return at once."""
        files = Dataset.File.from_files(str(self.folder / "in"))
        step = ParallelRunStep(
            name="score",
            parallel_run_config=self.config,
            inputs=[files.as_named_input("files")],
            output=PipelineData("rows"),
            allow_reuse=False,
        )
        pipeline = Pipeline(self.workspace, [step])
        return Experiment(self.workspace, "scoring").submit(pipeline)

    def kill(self, run: PipelineRun) -> None:
        """Kill the orchestrator; all that it has started ends within 3 seconds."""
        place = f"{run.folder.journal.resolve().as_uri()}?mode=ro"
        deadline = time.monotonic() + 10
        row = None
        while row is None:
            assert time.monotonic() < deadline
            with contextlib.closing(sqlite3.connect(place, uri=True)) as journal:
                row = journal.execute("SELECT pid FROM run").fetchone()
        os.kill(row[0], signal.SIGKILL)
        deadline = time.monotonic() + 3
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)

        assert left == {}

    def processes(self) -> dict[int, str]:
        """Return the processes of this test; those in containers are known by name."""
        found = {}
        for process in psutil.process_iter():
            if process.pid == os.getpid():
                continue
            with contextlib.suppress(psutil.Error):
                command = " ".join(process.cmdline())
                names = (str(self.folder), "/usr/bin/serve")
                ours = process.environ().get(MARK) == str(self.folder)
                if ours or any(name in command for name in names):
                    found[process.pid] = command
        return found

    def containers(self) -> list[str]:
        """Return the containers that podman has not forgotten."""
        if shutil.which("podman") is None:
            return []
        command = ["podman", "ps", "--all", "--format", "{{.Names}}"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        return [name for name in said.stdout.split() if name.startswith("azml-")]

    def expect_nothing_left(self, run: PipelineRun) -> None:
        """No process, container, socket or temporary folder of a run is there."""
        [step] = run.plan.steps
        nodes = run.folder.step(step.step_run_id).nodes

        assert self.processes() == {}
        assert self.containers() == []
        assert [one.name for one in nodes.iterdir()] == ["node000"]
        assert list((self.folder / "temporary").iterdir()) == []

    def rows(self, run: PipelineRun) -> bytes:
        """Return what a run has written, once it has ended well."""
        assert run.wait_for_completion(show_output=False) == "Finished"
        place = run.find_step_run("score")[0].get_output_data("rows")
        root = Path(place.datastore.settings.url.removeprefix("file://"))
        [output] = (root / place.path_on_datastore).iterdir()
        return output.read_bytes()


@pytest.fixture(params=KINDS)
def scoring(request, workspace, tmp_path, greeter, monkeypatch) -> Iterator[Scoring]:
    """A step of each kind, over files of which one is bad."""
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        last = "bad" if number == BAD else str(10 * number)
        text = f"value\n{number}\n{last}\n"
        (tmp_path / "in" / f"{number:02d}.csv").write_text(text)
    declare, settings, reason = KINDS[request.param]
    common = {
        "mini_batch_size": 1,
        "process_count_per_node": 2,
        "run_max_try": 1,
        "error_threshold": 1,
    }
    config = declare(tmp_path, greeter, {**common, **settings})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(MARK, str(tmp_path))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    is_built = request.param == "environment"
    made = Scoring(workspace, tmp_path, config, reason, is_built)
    yield made
    for process in made.processes():
        os.kill(process, signal.SIGKILL)


def expected() -> bytes:
    """Return the rows of all files but the bad one."""
    return b"".join(
        b"0,%d,%02d.csv\n1,%d,%02d.csv\n" % (7 * n, n, 70 * n, n)
        for n in range(FILES)
        if n != BAD
    )


def until(run: PipelineRun, done: int) -> None:
    """Wait until so many mini-batches are done."""
    deadline = time.monotonic() + 60
    while run.state().steps[0].done_mini_batches < done:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_killed_run_is_resumed_to_the_same_bytes(scoring):
    """At its start, while workers start, in the middle; nothing is left behind."""
    run = scoring.submit()
    for done, seconds in ((0, 0.0), (0, 0.7), (2, 0.0), (8, 0.0)):
        until(run, done)
        time.sleep(seconds)
        scoring.kill(run)
        run.resume()

    assert scoring.rows(run) == expected()
    scoring.expect_nothing_left(run)


def test_a_failed_item_is_listed_and_replayed(scoring):
    """With its reason; the command that is named says it again, and leaves nothing."""
    run = scoring.submit()

    assert scoring.rows(run) == expected()

    [failed] = run.failed_items()

    assert failed.item == f"{BAD:02d}.csv"
    assert scoring.reason in failed.message

    program, *words = failed.replay.split()
    command = [sys.executable, "-m", "azml_pipelines.cli", *words]
    folder = scoring.folder / "workspace"
    said = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )

    assert program == "azml"
    if scoring.is_built:
        assert "which is built for it, and a replay has only" in said.stderr
    else:
        assert (said.returncode, said.stdout) == (1, "")
        assert scoring.reason in said.stderr
    scoring.expect_nothing_left(run)
