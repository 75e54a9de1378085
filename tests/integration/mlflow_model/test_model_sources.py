"""Models of MLflow's registry, of runs and of stores are looked up once, at submit."""

from __future__ import annotations

import json
from pathlib import Path

import fsspec
import pytest

from azml_pipelines import Model, ParallelRunConfig
from azml_pipelines.errors import DeclarationError

pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")


@pytest.fixture
def options(workspace):
    """Say what a run of this model would be told."""

    def find(model: object, **given: object) -> dict[str, object]:
        given = {"trust": "code", **given}
        config = ParallelRunConfig.from_mlflow_model(model, **given)
        assert config.mlflow_model is not None
        return json.loads(config.mlflow_model.options("score", workspace))

    return find


@pytest.fixture
def registered(mlflow_server, linear_model):
    """Register the model twice, under a name of its own; return what there is."""
    import mlflow

    client = mlflow.MlflowClient(mlflow_server, mlflow_server)
    name = f"linear-{len(client.search_registered_models())}"
    run = client.create_run("0")
    client.log_artifacts(run.info.run_id, str(linear_model), "model")
    client.create_registered_model(name)
    for _ in range(2):
        client.create_model_version(
            name, f"runs:/{run.info.run_id}/model", run.info.run_id
        )
    client.set_registered_model_alias(name, "best", "1")
    return client, name, run.info.run_id


def test_an_alias_means_one_version_for_the_whole_run(
    options, registered, mlflow_server, workspace
):
    """It is noted which; when the alias moves, what was submitted stays."""
    client, name, _ = registered

    before = options(f"models:/{name}@best", tracking_uri=mlflow_server)
    client.set_registered_model_alias(name, "best", "2")
    after = options(f"models:/{name}@best", tracking_uri=mlflow_server)

    assert f"models:/{name}/1" == before["source"]
    assert f"models:/{name}/2" == after["source"]
    assert (
        f"models:/{name}/2"
        == (options(f"models:/{name}/latest", tracking_uri=mlflow_server)["source"])
    )
    assert (Path(str(before["model"])) / "MLmodel").is_file()
    assert before["sha256"] in str(before["model"])


def test_a_model_of_a_run_scores(score, files, registered, mlflow_server):
    """From the server to the rows, without a folder on this machine."""
    _, _, run_id = registered
    files({"one.csv": "a,b\n1,2\n"})

    done = score(f"runs:/{run_id}/model", tracking_uri=mlflow_server)

    assert "Finished" == done.status
    assert 1 == len(done.lines)


@pytest.mark.parametrize(
    "address", ["models:/nobody/1", "models:/nobody@best", "runs:/0123/model"]
)
def test_a_model_that_the_server_does_not_know(address, options, mlflow_server):
    """The line names it and the server; nothing is left behind."""
    with pytest.raises(DeclarationError, match="cannot be fetched") as caught:
        options(address, tracking_uri=mlflow_server)

    assert address in str(caught.value)
    assert mlflow_server in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_registered_model_of_the_workspace(options, linear_model, workspace):
    """The latest version is noted by its number."""
    Model.register(workspace, str(linear_model), "linear")
    Model.register(workspace, str(linear_model), "linear")

    assert "azureml:linear:2" == options("azureml:linear")["source"]
    assert "azureml:linear:1" == options("azureml:linear:1")["source"]
    with pytest.raises(DeclarationError, match="has no version 7"):
        options("azureml:linear:7")


def test_the_url_of_a_folder_on_a_store(options, linear_model):
    """Its files are fetched once, and are what was there."""
    memory = fsspec.filesystem("memory")
    memory.put(f"{linear_model}/", "/models/linear", recursive=True)

    found = options("memory://models/linear")

    assert found["sha256"] == options(str(linear_model))["sha256"]
    with pytest.raises(DeclarationError, match="there are no files"):
        options("memory://models/another")
    with pytest.raises(DeclarationError, match="address is not understood"):
        options("ftp://models/linear")


def test_a_model_in_a_bucket(options, linear_model, s3_server, monkeypatch):
    """By its plain URL; who may read it, says the environment."""
    from azml_pipelines.data.file_store import StoreLocation
    from azml_pipelines.data.store_options import opened_filesystem

    s3_server.make_container("models-of-mlflow")
    place = StoreLocation(s3_server.url("models-of-mlflow"), s3_server.options())
    opened_filesystem(place).filesystem.put(
        f"{linear_model}/", "models-of-mlflow/a/linear/", recursive=True
    )
    told = s3_server.options()
    monkeypatch.setenv("AWS_ENDPOINT_URL", str(told["endpoint_url"]))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(told["key"]))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", str(told["secret"]))

    found = options("s3://models-of-mlflow/a/linear")

    assert found["sha256"] == options(str(linear_model))["sha256"]
    assert "s3://models-of-mlflow/a/linear" == found["source"]


def test_what_could_not_be_fetched_leaves_nothing(options, workspace):
    """Only models are kept, never halves of them."""
    with pytest.raises(DeclarationError):
        options("memory://models/missing")

    assert [] == list(workspace.kept_models.iterdir())


def test_another_digest_is_refused(options, linear_model, workspace):
    """Who names a digest has looked at one model, and at no other."""
    with pytest.raises(DeclarationError, match="has the digest"):
        options(str(linear_model), sha256="0" * 64)

    assert [] == list(workspace.kept_models.iterdir())


def test_what_is_fetched_has_to_be_trusted_too(options, linear_model, workspace):
    """It is looked at before it is kept; what is refused leaves nothing behind."""
    memory = fsspec.filesystem("memory")
    memory.put(f"{linear_model}/", "/models/untrusted", recursive=True)

    with pytest.raises(DeclarationError, match="runs what its author wrote"):
        options("memory://models/untrusted", trust="data-only")

    assert [] == list(workspace.kept_models.iterdir())


def test_packages_that_differ_are_named(options, linear_model, tmp_path):
    """As a warning, or as an error for those who ask for that."""
    import shutil

    copy = tmp_path / "model"
    shutil.copytree(linear_model, copy)
    (copy / "requirements.txt").write_text(
        "mlflow==1.2.3  # a comment\nscikit-learn\nno-such-package-of-ours>=2\n"
    )

    with pytest.warns(UserWarning, match="mlflow==1.2.3 \\(here 3"):
        options(copy)
    with pytest.raises(
        DeclarationError, match="no-such-package-of-ours>=2 \\(not here"
    ):
        options(copy, requirements="fail")
    options(copy, requirements="ignore")
