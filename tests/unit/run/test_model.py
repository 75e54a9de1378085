"""The promises of models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from azml_pipelines import Model
from azml_pipelines.errors import ModelNotFoundException, WebserviceException


@pytest.fixture
def source(tmp_path):
    """A model of two files."""
    source = tmp_path / "models"
    source.mkdir()
    (source / "mnist-tf.model.meta").write_text("meta")
    (source / "checkpoint").write_text("checkpoint")
    return source


def test_registering_prints_a_line_and_counts(workspace, source, capsys):
    """The tutorial's call, with its keywords in any order."""
    first = Model.register(
        model_path=str(source) + "/",
        model_name="mnist",
        tags={"data": "mnist", "layers": 2},
        description="ten digits",
        workspace=workspace,
    )
    second = Model.register(workspace, source, "mnist")

    assert "Registering model mnist" in capsys.readouterr().out
    assert ("mnist:1", 1, "ten digits") == (first.id, first.version, first.description)
    assert {"data": "mnist", "layers": "2"} == first.tags
    assert 2 == second.version


def test_the_source_may_be_deleted(workspace, source):
    """The copy is complete when the call returns."""
    file = source / "checkpoint"
    Model.register(workspace, file, "point")
    file.unlink()

    path = Path(Model.get_model_path("point", _workspace=workspace))

    assert "checkpoint" == path.read_text()


def test_a_missing_file_is_not_found(workspace, tmp_path):
    """As Python says it, with the whole path; no version is made."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Model.register(workspace, tmp_path / "nowhere", "mnist")

    assert [] == Model.list(workspace)


@pytest.mark.parametrize("name", ["", "a/b", "../a", "-a", "two words", "x" * 256])
def test_names_that_are_not_allowed(workspace, source, name):
    """Nothing leads out of the folder of models."""
    with pytest.raises(WebserviceException, match="is not allowed"):
        Model.register(workspace, source, name)


def test_a_script_finds_the_registered_folder(workspace, source, monkeypatch):
    """Inside of a run the environment names the workspace."""
    Model.register(workspace, source, "mnist")
    Model.register(workspace, source, "mnist")
    monkeypatch.setenv("AZML_WORKSPACE", str(workspace.folder.root))

    latest = Model.get_model_path("mnist")
    first = Model.get_model_path("mnist", version=1)

    assert str(workspace.folder.model("mnist", 2) / "models") == latest
    assert str(workspace.folder.model("mnist", 1) / "models") == first


def test_a_worker_pays_for_the_standard_library_only(workspace, source):
    """A fresh process that looks a model up has loaded nothing heavy."""
    Model.register(workspace, source, "mnist")
    heavy = ["pydantic", "sqlalchemy", "dask", "pandas", "networkx", "fsspec"]
    script = (
        "import sys; from azml_pipelines import Model, Run; "
        "path = Model.get_model_path('mnist'); Run.get_context().id; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    output = subprocess.check_output(
        [sys.executable, "-c", script],
        text=True,
        env={"AZML_WORKSPACE": str(workspace.folder.root)},
    )

    assert "[]" == output.strip()


@pytest.mark.parametrize("version", ["1", 1.0, True])
def test_a_version_is_a_whole_number(version):
    """As in version 1, text is refused."""
    with pytest.raises(WebserviceException, match=f"version={version!r}"):
        Model.get_model_path("mnist", version=version)


def test_outside_of_a_run_two_folders_are_searched(tmp_path, monkeypatch):
    """What version 1 downloaded, then a file or folder of that name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AZML_WORKSPACE", raising=False)
    with pytest.raises(ModelNotFoundException, match="azureml-models"):
        Model.get_model_path("mnist")

    (tmp_path / "mnist").mkdir()
    beside = Model.get_model_path("mnist")
    downloaded = tmp_path / "azureml-models" / "mnist" / "3" / "models"
    downloaded.mkdir(parents=True)
    found = Model.get_model_path("mnist")

    assert ("mnist", "azureml-models/mnist/3/models") == (beside, found)
    assert "azureml-models/mnist/3/models" == Model.get_model_path("mnist", version=3)


def test_a_model_is_fetched_by_name_version_or_id(workspace, source):
    """The latest one by default."""
    for _ in range(2):
        Model.register(workspace, source, "mnist")

    fetched = [
        Model(workspace, "mnist"),
        Model(workspace, name="mnist", version=1),
        Model(workspace, id="mnist:1"),
    ]

    assert [2, 1, 1] == [model.version for model in fetched]


def test_an_unknown_model_is_version_1_s_error(workspace, source):
    """A WebserviceException whose message contains ModelNotFound."""
    Model.register(workspace, source, "mnist")

    for arguments in ({"name": "other"}, {"name": "mnist", "version": 2}):
        with pytest.raises(WebserviceException, match="ModelNotFound"):
            Model(workspace, **arguments)


def test_tags_choose_a_version(workspace, source):
    """Keys or pairs; the newest version that fits."""
    Model.register(workspace, source, "mnist", tags={"stage": "old", "ok": 1})
    Model.register(workspace, source, "mnist", tags={"stage": "new"})

    assert 1 == Model(workspace, "mnist", tags=["ok"]).version
    assert 1 == Model(workspace, "mnist", tags=[["stage", "old"]]).version
    assert 2 == Model(workspace, "mnist", tags=["stage"]).version
    with pytest.raises(ModelNotFoundException, match="'gone'"):
        Model(workspace, "mnist", tags=["gone"])


def test_the_list_is_newest_first(workspace, source):
    """All versions, or the latest of each, or those that fit."""
    Model.register(workspace, source, "a")
    Model.register(workspace, source, "b", model_framework=Model.Framework.ONNX)
    Model.register(workspace, source, "a")

    assert ["a:2", "b:1", "a:1"] == [model.id for model in Model.list(workspace)]
    assert ["a:2", "b:1"] == [one.id for one in Model.list(workspace, latest=True)]
    assert ["a:2", "a:1"] == [one.id for one in Model.list(workspace, "a")]
    onnx = Model.list(workspace, model_framework="Onnx")
    assert ["b:1"] == [model.id for model in onnx]


def test_files_without_a_record_are_a_model(workspace, source):
    """The folders are the truth: a crash after the copy loses the tags only."""
    Model.register(workspace, source, "mnist")
    first = workspace.folder.model("mnist", 1)
    first.rename(first.with_name("2"))

    model = Model(workspace, "mnist")

    assert ("mnist:2", {}, "Custom") == (model.id, model.tags, model.model_framework)


def test_download_copies_what_was_registered(workspace, source, tmp_path):
    """And does not replace what is there unless it may."""
    model = Model.register(workspace, source, "mnist")
    target = str(tmp_path / "target")

    path = model.download(target)

    assert f"{target}/models" == path
    with pytest.raises(WebserviceException, match="exist_ok=True"):
        model.download(target)
    assert path == model.download(target, exist_ok=True)
    assert model.serialize()["url"].startswith("file:///")
