"""The same script behind the routes of three servers, each on one core."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.http_load import Connection, ping_milliseconds, requests_per_second
from benchmarks.work import Measured

if TYPE_CHECKING:
    from benchmarks.work import Work

__all__ = ["inference_server", "mlflow", "ours"]

_START_SECONDS = 60.0
_PINGS = 200
_PERCENT_99 = 99
_PLUGIN = """
import csv, io, os, sys
import inference_server, pandas, waitress
from inference_server import plugin_hook
sys.path.insert(0, sys.argv[2])
import score

class Plugin:
    @plugin_hook()
    def model_fn(self, model_dir):
        return score.run

    @plugin_hook()
    def input_fn(self, input_data, content_type):
        return pandas.read_csv(io.BytesIO(input_data))

    @plugin_hook()
    def predict_fn(self, data, model):
        return model(data)

    @plugin_hook()
    def output_fn(self, prediction, accept):
        return prediction.to_json(orient="values").encode(), "application/json"

inference_server._plugin.manager().register(Plugin())
inference_server.warmup()
waitress.serve(
    inference_server.create_app(), host="127.0.0.1", port=int(sys.argv[1]), threads=4
)
"""
_SAVE = """
import sys
import mlflow.pyfunc
sys.path.insert(0, sys.argv[1])
import score

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return score.run(model_input)

mlflow.pyfunc.save_model(
    sys.argv[2], python_model=Model(), code_paths=[sys.argv[1] + "/score.py"],
    pip_requirements=[],
)
"""


def ours(work: Work) -> Measured:
    """``azml serve`` with one model process."""
    script = str(work.source / "score.py")
    command = [sys.executable, "-m", "azml_pipelines.cli", "serve", "--script", script]
    return _measured(work, [*command, "--port", "{port}"])


def inference_server(work: Work) -> Measured:
    """``inference-server`` behind waitress."""
    program = Path(work.scratch, "server.py")
    program.write_text(_PLUGIN)
    command = [sys.executable, str(program), "{port}", str(work.source)]
    return _measured(work, command)


def mlflow(work: Work) -> Measured:
    """``mlflow models serve`` with one worker."""
    model = Path(work.scratch, "model")
    saving = [sys.executable, "-c", _SAVE, str(work.source), str(model)]
    subprocess.run(saving, check=True)
    command = [
        *(sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"),
        *("--model-uri", str(model), "--workers", "1", "--port", "{port}"),
    ]
    return _measured(work, command)


def _measured(work: Work, command: list[str]) -> Measured:
    """Start a server on the first core, and ask it from the others."""
    cores = sorted(os.sched_getaffinity(0))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.time()
    places = [str(Path(sys.executable).parent), os.environ["PATH"]]
    server = subprocess.Popen(
        [word.replace("{port}", str(port)) for word in command],
        env={**os.environ, "PATH": os.pathsep.join(places)},
        cwd=work.scratch,
        start_new_session=True,
    )
    try:
        os.sched_setaffinity(server.pid, {cores[0]})
        os.sched_setaffinity(0, set(cores[1:]) or {cores[0]})
        _wait_ready(port, server)
        ready = time.time()
        requests_per_second(port, 0.5, 1)
        rate = requests_per_second(
            port, float(work.options["seconds"]), int(work.options["connections"])
        )
        pings = ping_milliseconds(port, _PINGS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    worst = statistics.quantiles(pings, n=100)[_PERCENT_99 - 1]
    return Measured(
        start=ready - began,
        work=1.0 / rate,
        more={"rate": rate, "ping": statistics.median(pings), "ping99": worst},
    )


def _wait_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError):
            connection = Connection(port)
            connection.ping()
            connection.close()
            return
        time.sleep(0.05)
    msg = f"the server was not ready in {_START_SECONDS:g} s"
    raise OSError(msg)
