"""MLflow's own server and ours: the same requests, the same predictions."""

from __future__ import annotations

import http.client
import io
import json
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import azml_pipelines
from azml_pipelines import (
    Dataset,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.testing.python_root import make_python_root
from azml_pipelines.worker.containers.prepare import NoEngineError, prepare_image
from azml_pipelines.worker.inference_server.results import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azml_pipelines.testing.python_root import PythonRoot

pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")
pytest.importorskip("uvicorn", reason="MLflow's server is not installed")

JSON, CSV = "application/json", "text/csv"
PARQUET = "application/vnd.apache.parquet"
SPLIT = {"columns": ["a", "b"], "index": [0, 1], "data": [[1, 2], [3.5, 4]]}
RECORDS = [{"a": 1, "b": 2}, {"a": 3.5, "b": 4}]
TWO = [5.0, 11.5]


def parquet() -> bytes:
    """Return two rows as parquet."""
    body = io.BytesIO()
    pd.DataFrame(RECORDS).astype("float64").to_parquet(body, index=False)
    return body.getvalue()


def js(**content: object) -> tuple[str, bytes]:
    """Return a body of JSON with its type."""
    return JSON, json.dumps(content).encode()


# Type, body, and what MLflow's server and ours say: predictions, or a status.
WIRE = {
    "csv with a header": (CSV, b"a,b\n1.0,2.0\n3.5,4\n", TWO, TWO),
    "csv with a charset": (f"{CSV}; charset=utf-8", b"a,b\n1,2\n3.5,4\n", TWO, TWO),
    "csv of whole numbers": (CSV, b"b,a\n2,1\n4,3\n", [5.0, 11.0], [5.0, 11.0]),
    "csv without a header": (CSV, b"1,2\n3.5,4\n", 400, 400),
    "empty csv": (CSV, b"", 400, 400),
    "split": (*js(dataframe_split=SPLIT), TWO, TWO),
    "records": (*js(dataframe_records=RECORDS), TWO, TWO),
    "instances of objects": (*js(instances=RECORDS), TWO, TWO),
    "inputs by column": (*js(inputs={"a": [1, 3.5], "b": [2, 4]}), TWO, TWO),
    "instances of lists": (*js(instances=[[1, 2]]), 400, 400),
    # MLflow warns of params that the model does not take; we refuse them.
    "unknown params": (*js(dataframe_records=RECORDS, params={"x": 1}), TWO, 400),
    "no form": (*js(rows=RECORDS), 400, 400),
    "two forms": (*js(instances=RECORDS, inputs=RECORDS), 400, 400),
    "a list": (JSON, b"[1]", 400, 400),
    "no JSON": (JSON, b"{", 400, 400),
    "missing column": (*js(dataframe_records=[{"a": 1}]), 400, 400),
    "word for a number": (*js(dataframe_records=[{"a": "x", "b": 1}]), 400, 400),
    "parquet": (PARQUET, parquet(), TWO, TWO),
    # MLflow has no JSON lines.
    "JSON lines": (
        "application/jsonlines", b'{"a": 1, "b": 2}\n{"a": 3.5, "b": 4}\n', 415, TWO,
    ),
    "another type": ("application/x-npy", b"x", 415, 415),
    # MLflow's server fails itself when no type is said.
    "no type": ("", b"a,b\n1,2\n", 500, 415),
}  # fmt: skip


def ask(
    port: int, method: str, path: str, body: bytes = b"", content_type: str = ""
) -> tuple[int, bytes]:
    """Send one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": content_type} if content_type else {}
    try:
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("server", ["mlflow", "ours"])
@pytest.mark.parametrize("name", WIRE)
def test_what_is_sent_and_what_comes_back(name, server, scoring_servers):
    """Form by form, for both servers; where ours differs, the table says why."""
    content_type, body, *said = WIRE[name]
    expected = said[server == "ours"]

    status, answer = ask(
        scoring_servers[server], "POST", "/invocations", body, content_type
    )

    if isinstance(expected, list):
        assert 200 == status, answer
        found = json.loads(answer)["predictions"]
        assert expected == [round(value, 6) for value in found]
    else:
        assert expected == status


def test_the_other_routes(scoring_servers):
    """Ours says how much it takes; MLflow's has no such route."""
    theirs, ours = scoring_servers["mlflow"], scoring_servers["ours"]

    assert (200, b"") == ask(ours, "GET", "/ping")
    assert (200, b"\n") == ask(theirs, "GET", "/ping")
    assert 405 == ask(ours, "GET", "/invocations")[0]
    assert 405 == ask(theirs, "GET", "/invocations")[0]
    assert 404 == ask(theirs, "GET", "/execution-parameters")[0]
    offered = json.loads(ask(ours, "GET", "/execution-parameters")[1])
    assert {"MaxConcurrentTransforms", "BatchStrategy", "MaxPayloadInMB"} == set(
        offered
    )


def test_our_refusals_have_no_rows_and_no_path(scoring_servers):
    """A line that says which column, row and cell; MLflow's shows data and paths."""
    body = b"a,b\n1,2\n3,much\n777,8\n"

    _, answer = ask(scoring_servers["ours"], "POST", "/invocations", body, CSV)

    said = json.loads(answer)["error"]
    assert "column 'b' holds 'much' in row 1, which is no double" == said


FILES = {
    "decimals.csv": "a,b\n1.5,0.25\n2.5,1.125\n0.1,0.2\n",
    "whole.csv": "a,b\n1,2\n3,7\n",
    "one.csv": "a,b\n-1e-3,1e10\n",
}


def expected_lines(model: str) -> list[str]:
    """Return what MLflow says in this process, in the form of our output."""
    import mlflow.pyfunc

    loaded = mlflow.pyfunc.load_model(model, suppress_warnings=True)
    lines = []
    for name in sorted(FILES):
        table = pd.read_csv(io.StringIO(FILES[name]), dtype="float64")
        results = np.asarray(loaded.predict(table)).tolist()
        lines += [f"{row},{text_of(one)},{name}" for row, one in enumerate(results)]
    return lines


def by_server(workspace, folder, tmp_path, **server: object) -> list[str]:
    """Score the files with a server of each worker process."""
    data = Dataset.File.from_files(str(folder))
    output = PipelineData("scores", datastore=workspace.get_default_datastore())
    step = ParallelRunStep(
        name="score",
        parallel_run_config=ParallelRunConfig.from_inference_server(
            content_type=CSV, append_row_file_name="predictions.csv", **server
        ),
        inputs=[data.as_named_input("files")],
        output=output,
    )
    run = Experiment(workspace, "mlflow").submit(Pipeline(workspace, [step]))
    run.wait_for_completion(show_output=False)
    result = run.find_step_run("score")[0].get_output_data("scores")
    result.download(str(tmp_path))
    file = tmp_path / result.path_on_datastore / "predictions.csv"
    return file.read_text().splitlines()


@pytest.mark.timeout(300)
def test_identical_predictions_by_every_route(
    linear_model, files, score, serve_commands, searched_path, workspace, tmp_path
):
    """In this process, without a script, by MLflow's server, and by ours."""
    folder = files(FILES)
    expected = expected_lines(str(linear_model))
    without_script = score(linear_model).lines
    theirs, ours = (
        by_server(
            workspace,
            folder,
            tmp_path / name,
            command=command(linear_model, "{port}"),
            environment_variables={"PATH": searched_path},
        )
        for name, command in serve_commands.items()
    )

    assert expected == without_script
    assert expected == theirs
    assert expected == ours


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Iterator[PythonRoot]:
    """A root folder in which this environment's packages are installed."""
    folder = tmp_path_factory.mktemp("image") / "root"
    try:
        root = make_python_root(folder, sys.executable)
        root.install(
            Path(sysconfig.get_path("purelib")), Path(azml_pipelines.__file__).parent
        )
        yield root
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ["podman", "bubblewrap"])
def test_identical_predictions_in_a_container(
    engine, linear_model, files, image, workspace, tmp_path
):
    """The model is ``/opt/ml/model`` there, and our server finds it by that name."""
    try:
        prepare_image(str(image.folder), None, engine, str(tmp_path))
    except NoEngineError as error:
        pytest.skip(f"NOT RUN: {error}")
    ours = (image.python, "-m", "azml_pipelines.cli", "serve", "--trust", "code")

    lines = by_server(
        workspace,
        files(FILES),
        tmp_path / "out",
        image=str(image.folder),
        container_engine=engine,
        model_data=str(linear_model),
        command=[*ours, "--model", "/opt/ml/model"],
    )

    assert expected_lines(str(linear_model)) == lines
