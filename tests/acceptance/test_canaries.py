"""D7 and D12: what users hand in runs in workers only, which inherit no keys."""

from __future__ import annotations

import base64
import os
import pickle
from pathlib import Path

import pytest
from click.testing import CliRunner

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    Model,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
    Workspace,
)
from azml_pipelines.cli.main import azml
from azml_pipelines.widgets.run_details import html

SCRIPT = """
import os

class Canary:
    def __reduce__(self):
        return os.mkdir, (os.environ["CANARY"],)
    def __str__(self):
        return "row"

class Bad(Exception):
    __reduce__ = Canary.__reduce__

def run(mini_batch):
    name = os.path.basename(mini_batch[0])
    if name == "1.pkl":
        raise Bad("1.pkl is bad")
    if name == "2.pkl":
        return ["|".join(sorted(os.environ))]
    return [Canary()]
"""
KEYS = {
    "AWS_SECRET_ACCESS_KEY": "key-of-the-shell",
    "GITHUB_TOKEN": "token-of-the-shell",
    "PGPASSWORD": "word-of-the-shell",
    "MY_OWN_SETTING": "not declared",
}
OURS = ("AZUREML_", "AZML_")
INHERITED = {
    "HOME", "LANG", "LOGNAME", "PATH", "PWD", "SHELL", "SHLVL", "TERM", "TMPDIR", "TZ",
    "USER", "VIRTUAL_ENV", "_", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
}  # fmt: skip
FAMILIES = (
    "CONDA_", "CUDA_", "LC_", "MKL_", "OMP_", "OPENBLAS_", "PYTHON", "SSL_CERT_", "TF_",
    "XDG_",
)  # fmt: skip


class Canary:
    """Makes a folder when somebody unpickles it."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __reduce__(self):
        return os.mkdir, (self.place,)


@pytest.fixture(scope="module")
def hunted(tmp_path_factory):
    """A run with a pickle wherever bytes can be handed in; and where they would act."""
    root = tmp_path_factory.mktemp("canaries")
    place = root / "fired"
    loaded = pickle.dumps(Canary(str(place)))
    for folder in ("scripts", "data", "model"):
        (root / folder).mkdir()
    (root / "scripts" / "score.py").write_text(SCRIPT)
    (root / "scripts" / "settings.pkl").write_bytes(loaded)
    (root / "model" / "model.pkl").write_bytes(loaded)
    for number in range(4):
        (root / "data" / f"{number}.pkl").write_bytes(loaded)
    workspace = Workspace.create("canaries", path=root / "w", show_output=False)
    Model.register(workspace, str(root / "model"), "canary")
    text = base64.b64encode(loaded).decode()
    config = ParallelRunConfig(
        environment=Environment("canaries"),
        entry_script="score.py",
        source_directory=str(root / "scripts"),
        error_threshold=-1,
        output_action="append_row",
        compute_target="local",
        node_count=1,
        mini_batch_size=1,
        run_max_try=1,
        environment_variables={"CANARY": str(place), "TEXT": text},
    )
    files = Dataset.File.from_files(str(root / "data")).as_named_input("files")
    step = ParallelRunStep(
        "hunt", config, [files], PipelineData("rows"),
        arguments=["--text", PipelineParameter("text", text)],
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        run = Experiment(workspace, "canaries").submit(Pipeline(workspace, [step]))
        run.wait_for_completion(show_output=False)
    return run, place, loaded


def test_no_canary_fires_outside_of_workers(hunted, monkeypatch):
    """Not in data, models, sources, texts, rows or exceptions, whoever looks on."""
    run, place, _ = hunted
    monkeypatch.chdir(run.experiment.workspace.folder.root)
    for command in ("show", "verify", "logs"):
        done = CliRunner().invoke(azml, [command, run.id])

        assert done.exit_code == 0, done.output
    failed = list(run.failed_items())
    page = html(run.state(), 0.0)

    assert ["1.pkl"] == [Path(item.item or "").name for item in failed]
    assert "hunt" in page
    assert not place.exists()


def test_a_canary_that_is_unpickled_fires(hunted):
    """A canary that cannot sing proves nothing."""
    _, place, loaded = hunted
    pickle.loads(loaded)  # noqa: S301 - our own

    assert place.is_dir()
    place.rmdir()


def test_rows_are_texts(hunted):
    """What a script returns leaves its process as what ``str`` makes of it."""
    run, _, _ = hunted
    rows = Path(run.output_places()[0].path).read_text().splitlines()

    assert ["row", "row"] == [rows[0], rows[-1]]


def test_workers_inherit_only_what_is_expected(hunted):
    """No key of the shell that submitted, and nothing that nobody has declared."""
    run, _, _ = hunted
    names = set(
        Path(run.output_places()[0].path).read_text().splitlines()[1].split("|")
    )
    declared = {"CANARY", "TEXT", "files"}
    unexpected = {
        name
        for name in names - declared - INHERITED
        if not name.startswith((*OURS, *FAMILIES))
    }

    assert declared <= names
    assert names.isdisjoint(KEYS)
    assert unexpected == set()
