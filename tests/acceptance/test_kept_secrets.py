"""D6 and D11 for what a workspace keeps beside runs: no secret in it, and no reader."""

from __future__ import annotations

import os
import stat
import warnings
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from azml_pipelines import (
    Dataset,
    Datastore,
    Model,
    Pipeline,
    PipelineDraft,
    PipelineEndpoint,
    PipelineParameter,
    PublishedPipeline,
    PythonScriptStep,
    RunConfiguration,
    Schedule,
    Workspace,
)
from azml_pipelines.azure_v2.component_shelf import register_component
from azml_pipelines.azure_v2.endpoints import BatchEndpoints
from azml_pipelines.cli.main import azml
from azml_pipelines.errors import AzmlError, BadDocumentError, UserErrorException

SECRETS = ("a2V5LW9mLWtlcHQ5", "cHctNzFjMGRl", "c2lnLW9mLWtlcHQ3", "QkVBUkVSLWtlcHQx1=")
KEY = f"AccountName=a;AccountKey={SECRETS[0]};x=1"
URL = f"http://me:{SECRETS[1]}@127.0.0.1:9/x"
SAS = f"https://a.blob.example/c?sv=1&sig={SECRETS[2]}"
BEARER = f"Bearer {SECRETS[3]}"
DOCUMENT = """
name: {name}
{kind}
description: '{text}'
tags: {{secret: '{text}'}}
"""
COMPONENT = "type: command\ncode: code\ncommand: python score.py {}"
DEPLOYMENT = """
type: model
endpoint_name: kept
compute: azureml:local
environment: {{image: none}}
code_configuration: {{code: code, scoring_script: score.py}}
settings:
  environment_variables: {{{}}}
"""


class Kept(NamedTuple):
    """A workspace with one of everything that is kept, and its id."""

    workspace: Workspace
    published: PublishedPipeline


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """Write a document, and code beside it."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "code").mkdir()
    (folder / "code" / "score.py").write_text("def run(batch):\n    return batch\n")

    def write(name, kind="", text=KEY):
        file = folder / f"{name}.yml"
        file.write_text(DOCUMENT.format(name=name, kind=kind, text=text))
        return file

    return write


@pytest.fixture(scope="module")
def kept(tmp_path_factory, documents):
    """Put a secret into every text that is for people, as a careless hand would."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "main.py").write_text("print(1)\n")
    workspace = Workspace.create("kept", path=folder / "work", show_output=False)
    before = os.umask(0o022)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            published = _keep(workspace, folder, documents)
        yield Kept(workspace, published)
    finally:
        os.umask(before)


def _keep(workspace, folder, documents):
    number = PipelineParameter("number", "one")
    step = PythonScriptStep(
        "main.py",
        name="main",
        arguments=[number],
        source_directory=str(folder),
        runconfig=RunConfiguration(),
    )
    pipeline = Pipeline(workspace, [step])
    published = pipeline.publish(BEARER, description=KEY, version=SAS)
    PipelineEndpoint.publish(workspace, "endpoint", KEY, published)
    texts = {"secret": KEY, SAS: "a secret"}
    PipelineDraft.create(
        workspace, pipeline, BEARER, SAS, tags=texts, properties={"secret": URL}
    )
    Schedule.create(
        workspace, BEARER, published.id, "nightly", description=KEY, cron="0 3 * * *"
    )
    Model.register(
        workspace, folder / "main.py", "model", texts, {"secret": URL}, KEY,
        model_framework=BEARER, model_framework_version=SAS,
    )  # fmt: skip
    files = Dataset.File.from_files(str(folder / "main.py"))
    named = files.register(workspace, "files", description=KEY, tags=texts)
    named.add_tags({"later": SAS})
    batch = BatchEndpoints(workspace)
    batch.create(documents("kept", "auth_mode: key", SAS))
    batch.deploy(documents("deployment", DEPLOYMENT.format("KEY: 'env:KEPT'"), URL))
    register_component(workspace, documents("component", COMPONENT.format(1)))
    return published


def test_no_byte_of_a_secret_is_kept(kept):
    """Not in the catalog, in definitions, documents or drafts."""
    storage = kept.workspace.folder.storage
    found = [
        f"{path.relative_to(storage)}: {secret}"
        for path in sorted(storage.rglob("*"))
        if path.is_file()
        for secret in SECRETS
        if secret.encode() in path.read_bytes()
    ]

    assert [] == found
    texts = (storage / "components").rglob("component.yml")
    assert all("AccountKey=***" in file.read_text() for file in texts)


@pytest.mark.parametrize(
    "words",
    ["pipeline list", "schedule list", "model list", "model show model",
     "dataset list", "dataset show files", "batch-endpoint list",
     "batch-endpoint show kept", "batch-deployment list kept", "component list"],
)  # fmt: skip
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_no_secret_is_printed(kept, monkeypatch, words, more):
    """Neither to people nor to programs."""
    monkeypatch.chdir(kept.workspace.folder.root)
    done = CliRunner().invoke(azml, [*words.split(), *more])

    assert 0 == done.exit_code, done.output
    assert done.stdout
    assert [] == [secret for secret in SECRETS if secret in done.output]


def test_nobody_else_may_read_it(kept):
    """Folders are 0700 and files 0600, whatever the umask of the user is."""
    storage = kept.workspace.folder.storage
    found = {
        str(path.relative_to(storage)): oct(mode)
        for path in [storage, *storage.rglob("*")]
        if not path.is_symlink()
        and (mode := stat.S_IMODE(path.lstat().st_mode)) not in {0o600, 0o700}
    }
    rooms = {path.name for path in storage.iterdir() if path.is_dir()}

    assert {} == found
    assert {"published", "drafts", "deployments", "components", "models"} <= rooms


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (COMPONENT.format(f"--key {SAS}"), "command: holds"),
        (COMPONENT.format("${{inputs.a}} " + URL), "command: holds"),
        (COMPONENT.format(1) + f"\nenvironment_variables: {{A: '{SAS}'}}", "A: holds"),
        (COMPONENT.format(1) + "\nenvironment_variables: {DB_PASSWORD: x1y2z3}",
         "environment_variables.DB_PASSWORD: holds"),
    ],
)  # fmt: skip
def test_documents_that_would_lose_their_meaning_are_refused(
    kept, documents, kind, named
):
    """A command or a variable is not masked: the line says where the secret is."""
    before = sorted(kept.workspace.folder.storage.rglob("*"))
    with pytest.raises(BadDocumentError, match=named) as caught:
        register_component(kept.workspace, documents("refused", kind))

    assert not [one for one in (*SECRETS, "x1y2z3") if one in str(caught.value)]
    assert before == sorted(kept.workspace.folder.storage.rglob("*"))


def test_a_deployment_keeps_no_password(kept, documents):
    """The name of its variable says what it is."""
    file = documents("refused", DEPLOYMENT.format("DB_PASSWORD: x1y2z3"))
    with pytest.raises(BadDocumentError, match="DB_PASSWORD: holds a secret") as caught:
        BatchEndpoints(kept.workspace).deploy(file)

    assert "x1y2z3" not in str(caught.value)


def test_values_and_keys_that_are_secrets_are_refused(kept):
    """In drafts and schedules, and as what makes a request one of a kind."""
    workspace, published = kept
    values = {"number": SAS}
    asked = [
        lambda: PipelineDraft.create(workspace, published, pipeline_parameters=values),
        lambda: PipelineDraft.list(workspace)[0].update(pipeline_parameters=values),
        lambda: Schedule.create(
            workspace, "s", published.id, "nightly", pipeline_parameters=values,
            cron="0 3 * * *",
        ),
        lambda: published.submit(workspace, "nightly", idempotency_key=SAS),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(AzmlError, match="secret") as caught:
            ask()
        assert SECRETS[2] not in str(caught.value)


@pytest.mark.parametrize("field", ["sas_token", "account_key"])
def test_a_key_that_no_variable_can_hold(kept, field):
    """One line, without the key, and nothing is registered."""
    given = {field: f"{SECRETS[0]}\0"}
    with pytest.raises(UserErrorException, match=f"^{field} of datastore") as caught:
        Datastore.register_azure_blob_container(
            kept.workspace, "nul", "container", "account", **given
        )

    assert SECRETS[0] not in str(caught.value)
    assert "nul" not in kept.workspace.datastores
