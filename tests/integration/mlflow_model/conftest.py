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
from pathlib import Path
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
    from collections.abc import Callable, Iterator

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
    port = free_port()
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


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


# MLflow's server starts uvicorn by its name.
SEARCHED = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def serve_of_mlflow(model: Path | str, port: int | str) -> list[str]:
    """Return the command of MLflow's own scoring server."""
    return [
        *(sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"),
        *("--model-uri", str(model), "--host", "127.0.0.1", "--port", str(port)),
    ]


def serve_of_ours(model: Path | str, port: int | str) -> list[str]:
    """Return the command of our server."""
    return [
        *(sys.executable, "-m", "azml_pipelines.cli", "serve", "--trust", "code"),
        *("--model", str(model), "--host", "127.0.0.1", "--port", str(port)),
    ]


@pytest.fixture(scope="session")
def searched_path() -> str:
    """The variable PATH, with the folder of this interpreter in front."""
    return SEARCHED


@pytest.fixture(scope="session")
def serve_commands() -> dict[str, Callable[[Path | str, int | str], list[str]]]:
    """How both servers are started, with a model and a port."""
    return {"mlflow": serve_of_mlflow, "ours": serve_of_ours}


@pytest.fixture(scope="session")
def scoring_servers(linear_model, tmp_path_factory) -> Iterator[dict[str, int]]:
    """The ports of MLflow's server and of ours, both with the linear model."""
    with contextlib.ExitStack() as running:
        ports = {}
        for name, command in (("mlflow", serve_of_mlflow), ("ours", serve_of_ours)):
            port = ports[name] = free_port()
            folder = tmp_path_factory.mktemp(name)
            health = f"http://127.0.0.1:{port}/ping"
            order = command(linear_model, port)
            environment = {**os.environ, "PATH": SEARCHED}
            running.enter_context(started(order, health, environment, folder))
        yield ports


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
