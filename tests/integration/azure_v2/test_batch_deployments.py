"""Batch deployments of version 2 invoked from an endpoint, and from their files."""

from __future__ import annotations

import dataclasses
import os
import shutil
import warnings
from pathlib import Path

import pytest

from azml_pipelines.azure_v2.deployment import load_batch_deployment
from azml_pipelines.azure_v2.endpoints import BatchEndpoints
from azml_pipelines.azure_v2.invocation import Invocation, invoke
from azml_pipelines.errors import BadDocumentError, DeclarationError, UserErrorException

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

WORDS = '0.txt 2 "many words"\n1.txt 0 few\n2.txt 3 "many words"\n3.txt 0 few\n'


@pytest.fixture
def shapes(workspace, tmp_path):
    """The folder with documents of deployments."""
    return tmp_path / "documents" / "shapes"


@pytest.fixture
def endpoints(workspace, shapes):
    """The endpoints of the workspace; one is there."""
    made = BatchEndpoints(workspace)
    made.create(shapes / "endpoint.yml")
    return made


def ended(run):
    """Wait for a run; return the place of its output ``score``."""
    run.wait_for_completion(show_output=False, raise_on_error=False)
    assert run.get_status() == "Finished", run.state().error
    places = {one.name: Path(one.path) for one in run.output_places()}
    return places.get("score") or places["scores"]


def test_an_invocation_gives_one_file_of_rows(endpoints, shapes):
    """One blank between cells, no header; the run belongs to the endpoint."""
    endpoints.deploy(shapes / "deployment.yml")
    run = endpoints.invoke("word-counts", Invocation(str(shapes / "data")))
    rows = ended(run)

    assert rows.name == "words.csv"
    assert rows.read_text() == WORDS
    assert run.experiment.name == "word-counts"
    assert [one.id for one in endpoints.runs("word-counts")] == [run.id]
    assert [step.name for step in run.get_steps()] == ["batchscoring"]


def test_a_deployment_is_as_it_was_when_it_was_made(endpoints, shapes):
    """Code, model and document may go away meanwhile."""
    endpoints.deploy(shapes / "deployment.yml", set_default=True)
    data = shapes.parent / "texts"
    (shapes / "data").rename(data)
    shutil.rmtree(shapes)

    assert ended(
        endpoints.invoke("word-counts", Invocation(str(data)))
    ).read_text() == (WORDS)


def test_settings_change_for_one_run(endpoints, shapes, tmp_path):
    """The file's name, the place, sizes; the deployment stays as it was."""
    endpoints.deploy(shapes / "deployment.yml")
    changed = {
        "output_file_name": "counted.txt",
        "mini_batch_size": 1,
        "compute": {"instance_count": 2},
        "retry_settings": {"max_retries": 0, "timeout": 20},
    }
    run = endpoints.invoke(
        "word-counts",
        Invocation(
            str(shapes / "data"), output_path=str(tmp_path / "out"), overrides=changed
        ),
    )
    settings = run.plan.steps[0].settings

    assert ended(run) == tmp_path / "out" / "counted.txt"
    assert (settings.node_count, settings.run_max_try) == (2, 1)
    assert settings.run_invocation_timeout == 20
    assert run.state().steps[0].total_mini_batches == 4
    again = endpoints.invoke("word-counts", Invocation(str(shapes / "data")))
    assert ended(again).name == "words.csv"


def test_an_output_that_is_there_is_not_replaced(endpoints, shapes, tmp_path):
    """A place that was named has to be free."""
    endpoints.deploy(shapes / "deployment.yml")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "words.csv").write_text("mine")
    wanted = Invocation(str(shapes / "data"), output_path=str(tmp_path / "out"))
    run = endpoints.invoke("word-counts", wanted)
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert "exists already" in run.state().error
    assert (tmp_path / "out" / "words.csv").read_text() == "mine"


def test_a_script_may_write_files_of_its_own(workspace, endpoints, shapes):
    """``summary_only``: rows are counted, the folder is the script's."""
    endpoints.deploy(shapes / "deployment.yml")  # registers the model
    deployment = load_batch_deployment(shapes / "own_files.yml")
    folder = ended(invoke(workspace, deployment, Invocation(str(shapes / "data"))))

    assert sorted(file.name for file in folder.iterdir()) == [
        f"{n}.upper" for n in range(4)
    ]


def test_the_older_form_has_its_settings_at_the_top(workspace, shapes):
    """Without a type; the file has its default name, and one file will do as input."""
    deployment = load_batch_deployment(shapes / "older.yml")
    one = Invocation(str(shapes / "data" / "2.txt"), input_type="uri_file")
    rows = ended(invoke(workspace, deployment, one))

    assert rows.name == "predictions.csv"
    assert rows.read_text() == '2.txt 3 "many words"\n'


@pytest.mark.parametrize("threshold", [0, 1])
def test_failed_files_are_counted(workspace, shapes, threshold):
    """More than ``error_threshold`` of them end the run."""
    (shapes / "data" / "bad.txt").write_text("bad")
    deployment = load_batch_deployment(
        shapes / "deployment.yml",
        [
            ("settings.error_threshold", str(threshold)),
            ("settings.mini_batch_size", "1"),
        ],
    )
    run = invoke(workspace, deployment, Invocation(str(shapes / "data")))
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert run.get_status() == ("Failed" if threshold == 0 else "Finished")


def test_a_pipeline_behind_an_endpoint(endpoints, shapes):
    """Inputs have names; paths in a file of inputs start at its folder."""
    endpoints.deploy(shapes / "pipeline.yml")
    folder = shapes.parent / "optional_model"
    wanted = Invocation(
        inputs={
            "data": {"type": "uri_folder", "path": "data"},
            "factor": {"type": "integer", "default": 4},
        },
        outputs={"scores": {"type": "uri_folder"}},
        folder=folder,
    )
    scores = ended(endpoints.invoke("word-counts", wanted))

    assert (scores / "scores.txt").read_text().split() == ["16", "20", "24"]


def test_who_runs_when_nobody_names_a_deployment(endpoints, shapes):
    """The only one, else the default one, else nobody."""
    data = Invocation(str(shapes / "data"))
    with pytest.raises(UserErrorException, match="no default deployment; it has none"):
        endpoints.invoke("word-counts", data)
    endpoints.deploy(shapes / "deployment.yml")
    endpoints.deploy(shapes / "older.yml")
    with pytest.raises(UserErrorException, match="it has older-form, words-by-length"):
        endpoints.invoke("word-counts", data)
    endpoints.create(
        shapes / "endpoint.yml", [("defaults.deployment_name", "older-form")]
    )

    assert ended(endpoints.invoke("word-counts", data)).name == "predictions.csv"
    with pytest.raises(UserErrorException, match="no deployment 'older'"):
        endpoints.invoke("word-counts", data, "older")
    with pytest.raises(UserErrorException, match="Did you mean 'word-counts'"):
        endpoints.invoke("word-count", data)


def test_the_same_model_is_registered_once(workspace, endpoints, shapes):
    """Its files say whether it is the same."""
    endpoints.deploy(shapes / "deployment.yml")
    endpoints.deploy(shapes / "deployment.yml")
    assert workspace.models["word-lengths"].version == 1
    (shapes / "model" / "limit.txt").write_text("6")
    endpoints.deploy(shapes / "deployment.yml")

    assert workspace.models["word-lengths"].version == 2


def test_what_is_deleted_leaves_nothing(workspace, endpoints, shapes):
    """Neither a row nor a folder; runs stay."""
    endpoints.deploy(shapes / "deployment.yml")
    endpoints.deploy(shapes / "older.yml", set_default=True)
    endpoints.delete("word-counts", "older-form")

    assert endpoints.endpoint("word-counts").default_deployment is None
    assert len(list(workspace.folder.deployments.iterdir())) == 1
    endpoints.delete("word-counts")
    assert list(workspace.folder.deployments.iterdir()) == []


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (Invocation(), "Give --input"),
        (Invocation("data", inputs={"a": 1}), "one input and one output"),
        (Invocation("nowhere"), "'nowhere' does not exist"),
        (
            Invocation("data", overrides={"max_retries": 1}),
            "retry_settings.max_retries",
        ),
        (Invocation("data", overrides={"model": "x"}), "model: unknown key"),
        (
            Invocation("data", overrides={"error_threshold": -2}),
            "error_threshold: is -2",
        ),
        (Invocation("data", overrides={"output_dataset": {}}), "give --output-path"),
    ],
)
def test_bad_invocations_run_nothing(workspace, shapes, wanted, problem):
    """One line that says what is wrong and what to do."""
    deployment = load_batch_deployment(shapes / "older.yml")
    with pytest.raises(BadDocumentError, match=problem):
        invoke(workspace, deployment, dataclasses.replace(wanted, folder=shapes))

    assert list(workspace.catalog.runs.newest_first()) == []


def test_an_mlflow_model_needs_no_script(workspace, shapes, tmp_path):
    """Row, prediction and file, as Azure writes them; trust has to be said."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.sklearn
        import pandas as pd
        from mlflow.models import infer_signature
        from sklearn.linear_model import LinearRegression

        frame = pd.DataFrame({"a": [1.0, 0.0, 3.0], "b": [0.0, 1.5, 2.0]})
        model = LinearRegression().fit(frame, frame["a"] + 2 * frame["b"])
        signature = infer_signature(frame, model.predict(frame))
        mlflow.sklearn.save_model(
            model,
            tmp_path / "linear",
            signature=signature,
            serialization_format="cloudpickle",
        )
    document = shapes / "mlflow.yml"
    document.write_text(
        "name: linear\nendpoint_name: sums\ntype: model\n"
        f"model:\n  type: mlflow_model\n  path: {tmp_path / 'linear'}\n"
        "compute: azureml:batch-cluster\nsettings:\n  mini_batch_size: 1\n"
        "  output_file_name: sums.csv\n  retry_settings: {max_retries: 1}\n"
    )
    rows = tmp_path / "rows"
    rows.mkdir()
    for name in ("one", "two"):
        frame.to_csv(rows / f"{name}.csv", index=False)
    (rows / "below").mkdir()
    (rows / "below" / "not.txt").write_text("folders below are not looked into")
    deployment = load_batch_deployment(document)
    with pytest.raises(DeclarationError, match="trust"):
        invoke(workspace, deployment, Invocation(str(rows)))
    run = invoke(workspace, deployment, Invocation(str(rows), trust="code"))

    lines = ended(run).read_text().splitlines()
    assert [line.split(",")[0::2] for line in lines] == [
        [str(row), f"{name}.csv"] for name in ("one", "two") for row in range(3)
    ]
    assert [round(float(line.split(",")[1]), 6) for line in lines[:3]] == [1, 3, 7]


def test_a_script_that_cannot_start_says_why(workspace, shapes):
    """As two published drivers cannot: the error of ``init()`` ends the run."""
    (shapes / "code" / "broken.py").write_text(
        "import json\n\n\ndef init():\n    json.load_model('x')\n\n\n"
        "def run(mini_batch):\n    return mini_batch\n"
    )
    deployment = load_batch_deployment(
        shapes / "older.yml", [("code_configuration.scoring_script", "broken.py")]
    )
    run = invoke(workspace, deployment, Invocation(str(shapes / "data")))
    run.wait_for_completion(show_output=False, raise_on_error=False)

    assert run.get_status() == "Failed"
    assert "AttributeError: module 'json' has no attribute" in run.state().error
