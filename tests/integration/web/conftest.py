"""A real `azml serve-api` for a workspace with a published pipeline."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from azml_pipelines import (
    Dataset,
    DatasetConsumptionConfig,
    Environment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
    Workspace,
)
from azml_pipelines.run.authentication import InteractiveLoginAuthentication

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = """
import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--suffix")
given, _ = parser.parse_known_args()

def run(mini_batch):
    return [f"{os.path.basename(path)} {given.suffix}" for path in mini_batch]
"""


@dataclass(frozen=True)
class Server:
    """A server that runs, and how to ask it."""

    address: str
    process: subprocess.Popen[str]
    header: dict[str, str]

    def ask(self, method, path, body=None, headers=None):
        """Return status, headers and content of an answer; no default headers."""
        place = urlsplit(self.address)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        sent = {**self.header, "Content-Type": "application/json"}
        sent = sent if headers is None else headers
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            connection.putrequest(method, path, skip_host="Host" in sent)
            for name, value in sent.items():
                connection.putheader(name, value)
            if content is not None or method in {"POST", "PUT", "PATCH"}:
                connection.putheader("Content-Length", str(len(content or b"")))
            connection.endheaders(content)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, method, path, body=None):
        """Return status and content as JSON."""
        status, _, content = self.ask(method, path, body)
        return status, json.loads(content)


@pytest.fixture
def serving():
    """What runs a server for as long as a block lasts."""
    return _serving


@contextmanager
def _serving(workspace: Workspace) -> Iterator[Server]:
    """Run ``azml serve-api`` until the block ends."""
    process = subprocess.Popen(
        [Path(sys.executable).with_name("azml"), "serve-api"],
        cwd=workspace.folder.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), process.stderr.read()
        auth = InteractiveLoginAuthentication(workspace=workspace)
        yield Server(address, process, auth.get_authentication_header())
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@pytest.fixture
def declared(workspace: Workspace, tmp_path: Path) -> Pipeline:
    """One step with a dataset, a text and a number as parameters."""
    return _declare(workspace, tmp_path)


def _declare(workspace: Workspace, folder: Path) -> Pipeline:
    source, texts = folder / "source", folder / "texts"
    source.mkdir()
    texts.mkdir()
    (source / "score.py").write_text(SCRIPT)
    for number in range(3):
        (texts / f"{number}.txt").write_text(str(number))
    suffix = PipelineParameter("suffix", "first")
    config = ParallelRunConfig(
        source_directory=str(source),
        entry_script="score.py",
        mini_batch_size=PipelineParameter("size", 1),
        error_threshold=0,
        output_action="append_row",
        append_row_file_name="names.txt",
        environment=Environment("scoring"),
        compute_target="local",
        node_count=1,
        process_count_per_node=1,
    )
    texts_parameter = PipelineParameter("texts", Dataset.File.from_files(str(texts)))
    step = ParallelRunStep(
        name="name-files",
        parallel_run_config=config,
        inputs=[DatasetConsumptionConfig("texts_input", texts_parameter).as_mount()],
        output=PipelineData("names"),
        arguments=["--suffix", suffix],
    )
    return Pipeline(workspace, [step])


@pytest.fixture
def server(workspace: Workspace) -> Iterator[Server]:
    """The server of an empty workspace."""
    with _serving(workspace) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    """One server for a whole file, its workspace, and the path of a pipeline."""
    folder = tmp_path_factory.mktemp("shared")
    workspace = Workspace.create("shared", path=folder, show_output=False)
    published = _declare(workspace, folder).publish("scoring")
    with _serving(workspace) as server:
        yield server, workspace, urlsplit(published.endpoint).path


@pytest.fixture
def rows():
    """Wait for a run and return its output, as bytes."""
    return _rows


def _rows(run):
    assert run.wait_for_completion(show_output=False) == "Finished"
    (place,) = run.output_places()
    return Path(place.path).read_bytes()
