"""Servers in containers, by whatever engine really runs them on this machine."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from azml_pipelines import (
    Dataset,
    DeclarationError,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.testing.python_root import make_python_root
from azml_pipelines.worker.containers.engines import PreparedImage, probe
from azml_pipelines.worker.containers.prepare import NoEngineError, prepare_image

if TYPE_CHECKING:
    from pathlib import Path

SERVER = r"""
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

with open("/opt/ml/model/factor") as file:
    factor = int(file.read())

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "who" in body:
            names = sorted(os.listdir("/opt/program"))
            variables = [os.environ.get(name) for name in ("GREETING", "COLOUR")]
            found = [[*variables, *names]]
        elif "environ" in body:
            found = [[" ".join(os.environ)]]
        elif "hang" in body:
            time.sleep(600)
        else:
            found = [factor * int(line) for line in body.split()]
        self.answer(json.dumps({"predictions": found}).encode())

# Hard-coded, as in many an image.
HTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
"""
PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="session")
def root(tmp_path_factory) -> Path:
    """A root filesystem with a Python of this machine and a server."""
    if not os.path.exists(PYTHON):  # noqa: PTH110 - a plain question
        pytest.skip(f"NOT RUN: {PYTHON} is not there to make an image of")
    root = make_python_root(tmp_path_factory.mktemp("image") / "root", PYTHON)
    folder = root.folder
    (folder / "opt/program/server.py").write_text(SERVER)
    serve = folder / "usr/bin/serve"
    serve.write_text(f"#!{root.python}\n{SERVER}")
    serve.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def archive(root, tmp_path_factory) -> Path:
    """The same as an image archive of two layers, in docker's form."""
    folder = tmp_path_factory.mktemp("archive")
    lower, upper = folder / "lower.tar", folder / "upper.tar"
    with tarfile.open(lower, "w") as layer:
        layer.add(root, ".")
        add(layer, "opt/program/gone", b"deleted by the next layer")
        layer.addfile(link("opt/absolute", "/opt/program"))
    with tarfile.open(upper, "w") as layer:
        add(layer, "opt/program/.wh.gone", b"")
        add(layer, "opt/program/added", b"x")
    real = os.path.realpath(PYTHON)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": [real, "/opt/program/server.py"],
            "Env": ["GREETING=hello", "PATH=/usr/bin"],
            "WorkingDir": "/opt/program",
        },
        "rootfs": {"type": "layers", "diff_ids": [digest(lower), digest(upper)]},
    }
    names = ["lower.tar", "upper.tar"]
    manifest = [{"Config": "c.json", "RepoTags": ["azml/test:1"], "Layers": names}]
    path = folder / "image.tar"
    with tarfile.open(path, "w") as image:
        image.add(lower, "lower.tar")
        image.add(upper, "upper.tar")
        add(image, "c.json", json.dumps(config).encode())
        add(image, "manifest.json", json.dumps(manifest).encode())
    return path


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file to an archive."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def link(name: str, target: str) -> tarfile.TarInfo:
    """Return a symbolic link."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def digest(file: Path) -> str:
    """Return the digest of a layer, as images have it."""
    from azml_pipelines.data.model_archive import file_sha256

    return f"sha256:{file_sha256(str(file))}"


@pytest.fixture
def submit(job, tmp_path):
    """Submit a step whose servers are in containers, and wait for its end."""

    def submit(image: Path, contents: dict[str, str], **config: object):
        data, model = tmp_path / "in", tmp_path / "model"
        data.mkdir()
        model.mkdir()
        (model / "factor").write_text("7")
        for name, content in contents.items():
            (data / name).write_text(content)
        step = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig.from_inference_server(
                image=str(image),
                model_data=str(model),
                split_type="Line",
                mini_batch_size=1,
                startup_timeout=60,
                **config,
            ),
            inputs=[Dataset.File.from_files(str(data)).as_named_input("files")],
            output=PipelineData("rows"),
            allow_reuse=False,
        )
        run = Experiment(job.workspace, "containers").submit(
            Pipeline(job.workspace, [step])
        )
        run.wait_for_completion(show_output=False, raise_on_error=False)
        return run

    return submit


@pytest.fixture(params=["bubblewrap", "podman", "docker", "apptainer"])
def engine(request, root, tmp_path) -> str:
    """Every engine that runs something here; the others say why not."""
    try:
        prepare_image(str(root), None, request.param, str(tmp_path))
    except NoEngineError as error:
        pytest.skip(f"NOT RUN: {error}")
    return request.param


def left(root: Path) -> list[psutil.Process]:
    """Return the processes that run a server of these tests."""
    found = []
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            if "opt/program/server.py" in command or "/usr/bin/serve" in command:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_two_servers_with_the_same_port(job, submit, root, engine):
    """Each worker has its own 8080; rows are exact, in order, and nothing is left."""
    contents = {f"{n}.csv": f"{n}\n{10 * n}\n" for n in range(6)}
    run = submit(root, contents, process_count_per_node=2, container_engine=engine)

    assert run.get_status() == "Finished", run.state().error
    assert job.output(run).decode().splitlines() == [
        f"{row},{7 * n * (10 if row else 1)},{n}.csv"
        for n in range(6)
        for row in (0, 1)
    ]
    assert left(root) == []


@pytest.mark.parametrize("engine", ["bubblewrap", "podman"])
def test_an_archive_is_an_image(job, submit, archive, engine):
    """Its entry point, variables and layers; and /opt/ml/model is the model."""
    try:
        run = submit(
            archive,
            {"a.csv": "3\n", "b.csv": "who\n"},
            container_engine=engine,
            environment_variables={"COLOUR": "blue"},
        )
    finally:
        if engine == "podman" and shutil.which("podman"):
            subprocess.run(
                ["podman", "rmi", "-f", "azml/test:1"], check=False, capture_output=True
            )
    if engine == "podman" and run.get_status() == "Failed":
        assert "no container engine of this machine runs" in run.state().error
        pytest.skip(f"NOT RUN: {run.state().error}")

    assert run.get_status() == "Finished", run.state().error
    assert job.output(run).decode().splitlines() == [
        "0,21,a.csv",
        '0,"hello,blue,added,server.py",b.csv',
    ]


def test_a_container_gets_nothing_of_the_shell(job, submit, root, engine, shell_keys):
    """Its image's variables, ours, and those that are declared."""
    run = submit(
        root,
        {"a.csv": "environ\n"},
        container_engine=engine,
        environment_variables={"COLOUR": "blue"},
    )

    assert run.get_status() == "Finished", run.state().error
    names = set(job.output(run).decode().split(",")[1].split())
    assert {"COLOUR", "PATH"} <= names
    assert names.isdisjoint(shell_keys)


def test_a_server_that_hangs_is_killed_with_its_container(job, submit, root, engine):
    """Worker, container and server end within the time limit; the rest goes on."""
    began = time.monotonic()
    run = submit(
        root,
        {"a.csv": "1\n", "b.csv": "hang\n", "c.csv": "3\n"},
        container_engine=engine,
        run_invocation_timeout=3,
        run_max_try=1,
    )

    assert job.output(run).decode().splitlines() == ["0,7,a.csv", "0,21,c.csv"]
    assert [one.reason for one in run.failed_items()] == ["timeout"]
    assert time.monotonic() - began < 60
    assert left(root) == []


def test_an_image_that_nothing_runs_says_what_each_engine_said(tmp_path):
    """One line for each, so that one can be mended."""
    with pytest.raises(NoEngineError) as caught:
        prepare_image("no.such/image:1", None, None, str(tmp_path))

    said = str(caught.value)
    assert said.startswith(
        "no container engine of this machine runs 'no.such/image:1'. "
    )
    for name in ("docker: ", "podman: ", "apptainer: ", "bubblewrap: "):
        assert name in said


def test_a_program_that_cannot_do_it_is_not_taken_for_an_engine(tmp_path, monkeypatch):
    """Being on the path proves nothing: it has to run something."""
    fake = tmp_path / "bin" / "docker"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)

    assert probe(PreparedImage("docker", "x")) == (
        None,
        "Cannot connect to the Docker daemon",
    )


def test_an_image_that_is_not_there_is_refused(workspace, tmp_path):
    """When the pipeline is made."""
    config = ParallelRunConfig.from_inference_server(image="./nothing.tar")
    data = Dataset.File.from_files(str(tmp_path)).as_named_input("files")

    step = ParallelRunStep("score", config, [data], PipelineData("rows"))
    pipeline = Pipeline(workspace, [step])

    with pytest.raises(DeclarationError, match="neither an archive nor a folder"):
        Experiment(workspace, "tests").submit(pipeline)
