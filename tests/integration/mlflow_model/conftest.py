"""Models of real flavors, saved by MLflow itself."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from azml_pipelines import (
    Dataset,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azml_pipelines import StepRun, Workspace

# Before it is imported, as our own worker processes do.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
with warnings.catch_warnings(), contextlib.suppress(ImportError):
    # Of its own type hints.
    warnings.simplefilter("ignore")
    importlib.import_module("mlflow.pyfunc")


@pytest.fixture(scope="session")
def linear_model(tmp_path_factory) -> Path:
    """``a + 2 b`` of two double columns, with scikit-learn."""
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.linear_model import LinearRegression

    frame = pd.DataFrame({"a": [1.0, 0.0, 3.0], "b": [0.0, 1.5, 2.0]})
    model = LinearRegression().fit(frame, frame["a"] + 2 * frame["b"])
    place = tmp_path_factory.mktemp("models") / "linear"
    save_sklearn(model, place, infer_signature(frame, model.predict(frame)))
    return place


def save_sklearn(model: object, place: Path, signature: object = None) -> None:
    """Save a model as MLflow does, without a word about pickles."""
    import mlflow.sklearn

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            model,
            place,
            signature=signature,
            serialization_format="cloudpickle",
            pip_requirements=["scikit-learn"],
        )


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory) -> Iterator[str]:
    """A tracking server of MLflow's own, with a registry; one for all tests."""
    folder = tmp_path_factory.mktemp("tracking")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder}/tracking.db"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with started(command, f"http://127.0.0.1:{port}/health", environment, folder):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def started(
    command: list[str], health: str, environment: dict[str, str], folder: Path
) -> Iterator[None]:
    """Run a server until the end of the block, and wait for its first answer."""
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(health):  # noqa: S310 - our own address
                break
            time.sleep(0.2)
        else:
            pytest.fail(f"the server does not answer: {log.read_text()[-2000:]}")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@dataclass(frozen=True)
class Scored:
    """A run that has ended."""

    step: StepRun
    status: str
    lines: list[str]
    """Of the output file; none when there is none."""


@pytest.fixture
def score(workspace: Workspace, tmp_path: Path):
    """Score the files of ``tmp_path / "in"`` and return what came of it."""

    def run(model: object, *, name: str = "predictions.csv", **given: Any) -> Scored:
        data = Dataset.File.from_files(str(tmp_path / "in"))
        output = PipelineData("scores", datastore=workspace.get_default_datastore())
        with_output = given.get("output_action", "append_row") == "append_row"
        step = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig.from_mlflow_model(
                model, **{"trust": "code", **given}
            ),
            inputs=[data.as_named_input("files")],
            output=output if with_output else None,
        )
        made = Experiment(workspace, "mlflow").submit(Pipeline(workspace, [step]))
        status = made.wait_for_completion(show_output=False, raise_on_error=False)
        found = made.find_step_run("score")[0]
        lines: list[str] = []
        if with_output and status == "Finished":
            result = found.get_output_data("scores")
            result.download(str(tmp_path / "out"))
            file = tmp_path / "out" / result.path_on_datastore / name
            lines = file.read_text().splitlines()
        return Scored(found, status, lines)

    return run


@pytest.fixture
def files(tmp_path: Path):
    """Write input files; names may have folders."""

    def write(contents: dict[str, str | bytes]) -> Path:
        for name, content in contents.items():
            path = tmp_path / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = content if isinstance(content, bytes) else content.encode()
            path.write_bytes(data)
        return tmp_path / "in"

    return write
