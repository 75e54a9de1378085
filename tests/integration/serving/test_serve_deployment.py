"""``azml serve --deployment``: the scoring script of a batch answers requests."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from azml_pipelines.cli.main import azml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "samples" / "08_v2_deployment" / "deployment.yml"
MODEL = ROOT / "steps" / "score_mlflow_model" / "example" / "model"


@contextmanager
def served(document: Path) -> Iterator[int]:
    """Serve a deployment; give the port when its model is loaded."""
    command = [sys.executable, "-m", "azml_pipelines.cli", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--deployment", str(document)], stdout=subprocess.PIPE, text=True
    )
    try:
        port = int(process.stdout.readline().rpartition(":")[2])
        deadline = time.monotonic() + 60
        while ask(port, "GET", "/ping")[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str):
    """Send one request; return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_a_scoring_script_gets_each_body_as_a_file():
    """With the model and the name that it would find in a batch."""
    review = (SAMPLE.parent / "reviews" / "0.txt").read_bytes()
    expected = (SAMPLE.parent / "expected.txt").read_text()
    with served(SAMPLE) as port:
        status, body = ask(
            port,
            "POST",
            "/invocations",
            review,
            Content_Type="text/plain",
            X_Amzn_SageMaker_Custom_Attributes="file=0.txt",
        )

    assert status == 200, body
    [row] = json.loads(body)["predictions"]
    name, score = row.values() if isinstance(row, dict) else row
    assert name == "0.txt"
    assert f"0.txt {score:g}" in expected.replace(",", " "), (row, expected)


def test_a_deployment_without_code_serves_its_model(tmp_path):
    """As `azml serve --model` does."""
    pytest.importorskip("onnxruntime")
    document = tmp_path / "deployment.yml"
    document.write_text(
        f"name: houses\nendpoint_name: prices\ntype: model\nmodel:\n  path: {MODEL}\n"
        "compute: azureml:cluster\n"
    )
    rows = (MODEL.parent / "houses" / "north.csv").read_bytes()
    with served(document) as port:
        status, body = ask(port, "POST", "/invocations", rows, Content_Type="text/csv")

    assert status == 200, body
    assert len(json.loads(body)["predictions"]) == len(rows.splitlines()) - 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "type: pipeline\nname: steps\ncomponent: azureml:x\n",
            "a deployment of type pipeline cannot be served",
            id="steps",
        ),
        pytest.param(
            "type: model\nname: bare\nendpoint_name: e\ncompute: azureml:c\n",
            "needs a code_configuration",
            id="neither code nor model",
        ),
        pytest.param(
            "type: model\nname: gone\nendpoint_name: e\ncompute: azureml:c\n"
            "code_configuration: {code: nowhere, scoring_script: score.py}\n",
            "there is no",
            id="code that is not there",
        ),
    ],
)
def test_what_cannot_be_served_says_so(tmp_path, text, said):
    """In one line, and nothing listens."""
    document = tmp_path / "deployment.yml"
    document.write_text(text)
    done = CliRunner().invoke(azml, ["serve", "--deployment", str(document)])

    assert done.exit_code == 2
    assert said in done.output
