"""T20: twelve secrets go through success, failure, crash and timeout; none is left."""

from __future__ import annotations

import base64
import os
import stat
import sys
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import psutil
import pytest
from click.testing import CliRunner

from azml_pipelines import (
    CondaDependencies,
    Dataset,
    Datastore,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
    Workspace,
)
from azml_pipelines.cli.main import azml
from azml_pipelines.errors import DeclarationError
from azml_pipelines.widgets.run_details import html

if TYPE_CHECKING:
    from pathlib import Path

# Name of the variable, and its value. Half of them are given as env:NAME.
SECRETS = {
    "DATABASE": "db-3f9c2b7a41e8",
    "STORE": "https://me:pw-71c0de55@store.example/x",
    "CONTAINER_URL": "https://a.blob.example/c?sv=1&sig=QmxvYlNpZ25hdHVyZQ%3D%3D&se=1",
    "CONNECTION": "AccountName=a;AccountKey=YWNjb3VudC1rZXktMTIz==;x=1",
    "WEIRD": "tab\tquote'\"<&>ü-5d2f88",
    "LINES": "first-line-6b1e90\nsecond-line-0a77c4",
    "API_TOKEN": "tok-9d41f0aa7733",
    "DB_PASSWORD": "p4ss/w0rd+9e1b=",
    "CLOUD_SECRET_KEY": "AKIAIOSFODNN7EXAMPLE",
    "HUB_TOKEN": "hf_" + "q" * 34,
    "SIGNING_KEY": "-----BEGIN PRIVATE KEY-----\nc2lnbmluZy1rZXk4ODg=\n"
                   "-----END PRIVATE KEY-----",
    "CLIENT_SECRET": "cs~77e1b2-Zz.90",
}  # fmt: skip
REFERENCED = list(SECRETS)[:6]

SCRIPT = '''
import base64, logging, os, sys, time, urllib.parse
from azureml_user.parallel_run import EntryScript

NAMES = {names!r}


def tell():
    """Let every secret slip, in every form, wherever text goes."""
    secrets = [os.environ[name] for name in NAMES]
    for secret in secrets:
        forms = [secret, repr(secret), urllib.parse.quote(secret, safe=""),
                 base64.b64encode(secret.encode()).decode(),
                 base64.b64encode(("me:" + secret).encode()).decode()]
        print("printed", *forms)
        print("half a line of", secret, end=" ", file=sys.stderr)
        logging.warning("logged %s", forms)
        EntryScript().logger.info("noted %s", forms)
    return " and ".join(secrets)


def init():
    told = tell()
    if os.environ.get("FAIL_INIT"):
        raise ValueError("init() knows " + told)


def run(mini_batch):
    what = os.path.basename(mini_batch[0])
    told = tell()
    if what.startswith("fails"):
        try:
            raise KeyError(told)
        except KeyError as error:
            raise ConnectionError("no way in with " + told) from error
    if what.startswith("crashes"):
        os.abort()
    if what.startswith("hangs"):
        time.sleep(60)
    return [what]
'''


class Hunt(NamedTuple):
    """A workspace in which everything has happened, and what was printed meanwhile."""

    root: Path
    workspace: Workspace
    printed: str
    statuses: list[str]
    arguments: list[str]
    inherited: list[str]


def pipeline(root, workspace, **variables):
    """Declare a pipeline that knows all secrets, and save what can be saved."""
    environment = Environment("hunting")
    environment.environment_variables = {
        name: SECRETS[name] for name in list(SECRETS)[6:9]
    }
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_indexurl=SECRETS["STORE"]
    )
    environment.register(workspace)
    given = {name: f"env:T20_{name}" for name in REFERENCED}
    given |= {name: SECRETS[name] for name in list(SECRETS)[9:]}
    config = ParallelRunConfig(
        environment=environment,
        entry_script="score.py",
        source_directory=str(root / "scripts"),
        error_threshold=-1,
        output_action="append_row",
        compute_target="local",
        node_count=1,
        process_count_per_node=2,
        mini_batch_size=1,
        run_invocation_timeout=2,
        run_max_try=1,
        environment_variables=given | variables,
    )
    config.save_to_yaml(str(root / "workspace" / "config.yml"))
    texts = Dataset.File.from_files(str(root / "texts")).as_named_input("texts")
    step = ParallelRunStep("hunt", config, [texts], PipelineData("rows"))
    return Pipeline(workspace, [step], description=f"uses {SECRETS['CONTAINER_URL']}")


def watch(run, root):
    """Wait for the end; note command lines and inherited variables on the way."""
    arguments, inherited = [], []
    while not run.state().ended_for_good:
        for process in psutil.process_iter():
            try:
                words = process.cmdline()
                if str(root) in " ".join(words) or "azml_pipelines.worker" in words:
                    arguments += words
                if "azml_pipelines.worker" in words:
                    inherited += process.environ().values()
            except psutil.Error:
                continue
        time.sleep(0.05)
    return arguments, inherited


@pytest.fixture(scope="module")
def hunt(tmp_path_factory):
    """Let it all happen once."""
    root = tmp_path_factory.mktemp("hunt")
    (root / "scripts").mkdir()
    (root / "scripts" / "score.py").write_text(SCRIPT.format(names=list(SECRETS)))
    (root / "texts").mkdir()
    for name in ("crashes", "fails", "fine", "hangs"):
        (root / "texts" / f"{name}.txt").touch()
    workspace = Workspace.create("hunting", path=root / "workspace", show_output=False)
    with pytest.MonkeyPatch.context() as patch:
        for name in REFERENCED:
            patch.setenv(f"T20_{name}", SECRETS[name])
        patch.chdir(root / "workspace")
        Datastore.register_azure_blob_container(
            workspace, "blobs", "container", "account",
            sas_token=SECRETS["CONTAINER_URL"], account_key=SECRETS["CONNECTION"],
        )  # fmt: skip
        experiment = Experiment(workspace, "hunting")
        tags = {"where": SECRETS["CONNECTION"]}
        statuses, arguments, inherited, printed = [], [], [], ""
        for variables in ({}, {"FAIL_INIT": "1"}):
            run = experiment.submit(pipeline(root, workspace, **variables), tags=tags)
            seen = watch(run, root)
            arguments += seen[0]
            inherited += seen[1]
            statuses.append(run.get_status())
            printed += html(run.state()) + repr(run.get_details()) + repr(run.tags)
            for words in (["show", run.id], ["show", run.id, "--json"],
                          ["runs", "--json"], ["logs", run.id],
                          ["logs", run.id, "hunt"]):  # fmt: skip
                result = CliRunner().invoke(azml, words)
                printed += result.output
    return Hunt(root, workspace, printed, statuses, arguments, inherited)


def forms(secret):
    """Return what must not be found of a secret."""
    return [
        secret,
        *(line for line in secret.splitlines() if "KEY-----" not in line),
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode().rstrip("=")[:-1],
        repr(secret)[1:-1],
    ]


def test_it_happened(hunt):
    """One run with a failure, a crash and a timeout finished, one failed in init()."""
    assert ["Finished", "Failed"] == hunt.statuses


@pytest.mark.parametrize("name", SECRETS)
def test_no_byte_of_it_was_written(hunt, name):
    """Not in plans, journals, logs, parts, outputs, the catalog or saved files."""
    found = [
        f"{path.relative_to(hunt.root)}: {form[:10]}"
        for path in sorted((hunt.root / "workspace").rglob("*"))
        if path.is_file() and not path.is_symlink()
        for form in forms(SECRETS[name])
        if form.encode() in path.read_bytes()
    ]

    assert found == []


@pytest.mark.parametrize("name", SECRETS)
def test_nothing_of_it_was_printed(hunt, name):
    """Not in tables, JSON, logs, HTML, command lines or inherited variables."""
    places = {
        "printed": hunt.printed,
        "arguments": "\n".join(hunt.arguments),
        "inherited": "\n".join(hunt.inherited),
    }
    found = [
        f"{place}: {form[:10]}"
        for place, text in places.items()
        for form in forms(SECRETS[name])
        if form in text
    ]

    assert found == []
    assert hunt.arguments
    assert hunt.inherited


def test_the_script_had_them(hunt):
    """They are masked in what it printed, and nothing else is."""
    logs = sorted(
        (hunt.workspace.folder.storage).glob("runs/*/steps/*/logs/user/stdout")
    )
    text = "".join(file.read_text() for log in logs for file in log.rglob("*.txt"))

    assert "printed *** " in text


def test_references_are_stored(hunt):
    """The plan names where a value comes from."""
    plans = [
        path.read_text() for path in hunt.workspace.folder.runs.glob("*/plan.json")
    ]
    saved = (hunt.root / "workspace" / "config.yml").read_text()

    assert all('"DATABASE": "env:T20_DATABASE"' in plan for plan in plans)
    assert all('"API_TOKEN": "env:API_TOKEN"' in plan for plan in plans)
    assert "DATABASE: env:T20_DATABASE" in saved
    assert "HUB_TOKEN: env:HUB_TOKEN" in saved


def test_all_files_are_private(hunt):
    """Every folder of the storage is 0700, every file 0600 (0700 for programs)."""
    storage = hunt.workspace.folder.storage
    found = {
        str(path.relative_to(storage)): oct(mode)
        for path in [storage, *storage.rglob("*")]
        if not path.is_symlink()
        and (mode := stat.S_IMODE(path.lstat().st_mode)) not in {0o600, 0o700}
    }

    assert found == {}


def test_the_users_own_process_is_as_before(hunt):
    """Secrets are lent to the orchestrator, not left behind."""
    assert "HUB_TOKEN" not in os.environ
    assert sys.modules


def test_a_missing_variable_is_said_before_anything_is_written(hunt, monkeypatch):
    """It names the variable, and no run is made."""
    monkeypatch.delenv("T20_DATABASE", raising=False)
    before = sorted(hunt.workspace.folder.runs.iterdir())

    with pytest.raises(DeclarationError, match="'T20_DATABASE' is not set"):
        Experiment(hunt.workspace, "hunting").submit(
            pipeline(hunt.root, hunt.workspace)
        )
    assert before == sorted(hunt.workspace.folder.runs.iterdir())


@pytest.mark.parametrize("place", ["argument", "default", "override"])
def test_secrets_where_they_would_be_written_down(hunt, monkeypatch, place):
    """Arguments and parameters are part of the plan: a secret there is refused."""
    for name in REFERENCED:
        monkeypatch.setenv(f"T20_{name}", SECRETS[name])
    made = pipeline(hunt.root, hunt.workspace)
    (step,) = made.graph.steps
    secret = SECRETS["CONTAINER_URL"]
    key = PipelineParameter("key", secret if place == "default" else "none")
    arguments = ["--key", secret if place == "argument" else key]
    other = ParallelRunStep(
        "hunt", step.parallel_run_config, step.inputs, step.output, arguments=arguments
    )
    values = {"key": secret} if place == "override" else {}

    with pytest.raises(DeclarationError, match="looks like a secret") as caught:
        Experiment(hunt.workspace, "hunting").submit(
            Pipeline(hunt.workspace, [other]), pipeline_parameters=values
        )
    assert "QmxvYlNpZ25hdHVyZQ" not in str(caught.value)


def test_two_values_for_one_name(hunt, monkeypatch):
    """Only one can be lent: they have to be references."""
    for name in REFERENCED:
        monkeypatch.setenv(f"T20_{name}", SECRETS[name])
    steps = []
    for number in range(2):
        (step,) = pipeline(hunt.root, hunt.workspace).graph.steps
        step.parallel_run_config.environment_variables["HUB_TOKEN"] = f"hf-{number}-xyz"
        step.name = f"step-{number}"
        steps.append(step)

    with pytest.raises(DeclarationError, match="differs from that of another step"):
        Experiment(hunt.workspace, "hunting").submit(Pipeline(hunt.workspace, steps))
