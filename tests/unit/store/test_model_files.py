"""The promises of the files of registered models."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from azml_pipelines.errors import ModelNotFoundException
from azml_pipelines.store import model_files


@pytest.fixture
def folder(tmp_path):
    """Where the models of a workspace lie; nothing is there yet."""
    return tmp_path / "models"


@pytest.fixture
def source(tmp_path):
    """A model of two files, one of them in a folder below."""
    source = tmp_path / "outputs"
    (source / "deep").mkdir(parents=True)
    (source / "model.onnx").write_text("weights")
    (source / "deep" / "labels.txt").write_text("0 1 2")
    return source


def test_a_folder_comes_back_as_the_folder(folder, source):
    """The path directly contains the files that were registered."""
    version = model_files.add_version(folder, "mnist", source)

    path = model_files.model_path(folder, "mnist")

    assert (1, folder / "mnist" / "1" / "outputs") == (version, path)
    assert "weights" == (path / "model.onnx").read_text()
    assert "0 1 2" == (path / "deep" / "labels.txt").read_text()


def test_a_file_comes_back_as_the_file(folder, source):
    """The path can be opened."""
    model_files.add_version(folder, "mnist", source / "model.onnx")

    assert "weights" == model_files.model_path(folder, "mnist").read_text()


def test_a_folder_with_one_file_is_still_the_folder(folder, source):
    """Whether a folder holds one file or two, scripts join a name to its path."""
    model_files.add_version(folder, "labels", source / "deep")

    path = model_files.model_path(folder, "labels")

    assert folder / "labels" / "1" / "deep" == path


def test_the_copy_is_independent(folder, source):
    """What happens to the source later does not change the model."""
    model_files.add_version(folder, "mnist", source)

    (source / "model.onnx").write_text("other")

    copy = model_files.model_path(folder, "mnist") / "model.onnx"
    assert "weights" == copy.read_text()


def test_versions_count_up_and_stay(folder, source):
    """The latest one is the default, older ones are found by number."""
    model_files.add_version(folder, "mnist", source)
    (source / "model.onnx").write_text("better")
    model_files.add_version(folder, "mnist", source)

    assert [1, 2] == model_files.versions(folder, "mnist")
    assert 2 == model_files.latest_version(folder, "mnist")
    first = model_files.model_path(folder, "mnist", 1) / "model.onnx"
    assert "weights" == first.read_text()


def test_the_tenth_version_is_later_than_the_ninth(folder, source):
    """Versions are numbers, not text."""
    for _ in range(10):
        model_files.add_version(folder, "mnist", source)

    assert 10 == model_files.latest_version(folder, "mnist")


def test_no_two_registrations_get_one_version(folder, source):
    """Processes that register at the same time do not disturb each other."""
    with ThreadPoolExecutor(8) as threads:
        versions = sorted(
            threads.map(
                lambda _: model_files.add_version(folder, "mnist", source), range(16)
            )
        )

    assert list(range(1, 17)) == versions


def test_half_a_copy_is_no_version(folder, source):
    """A copy that fails leaves nothing behind."""
    (source / "gone").symlink_to(source / "nothing")

    with pytest.raises(OSError, match="No such file"):
        model_files.add_version(folder, "mnist", source)

    assert [] == list((folder / "mnist").iterdir())
    assert [] == model_files.model_names(folder)


def test_a_folder_that_holds_the_storage_is_copied_without_it(tmp_path):
    """Registering the working directory does not copy copies for ever."""
    (tmp_path / "model.onnx").write_text("weights")
    folder = tmp_path / ".azml" / "models"

    model_files.add_version(folder, "mnist", tmp_path)

    copied = model_files.model_path(folder, "mnist").iterdir()
    assert ["model.onnx"] == [one.name for one in copied]


def test_only_the_owner_reads_a_model(folder, source):
    """Group and others lose their rights; a program stays one."""
    (source / "model.onnx").chmod(0o755)

    model_files.add_version(folder, "mnist", source)

    path = model_files.model_path(folder, "mnist")
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (path, path / "model.onnx")]
    assert [0o700, 0o700] == modes
    labels = path / "deep" / "labels.txt"
    assert 0o600 == stat.S_IMODE(labels.stat().st_mode)


@pytest.mark.parametrize(
    ("name", "version", "answer"),
    [
        pytest.param("letters", None, "registered: 'mnist'", id="an unknown name"),
        pytest.param("mnist", 7, "has no version 7; it has 1", id="a missing version"),
    ],
)
def test_what_is_unknown_is_answered_with_what_is_known(
    folder, source, name, version, answer
):
    """The message names ModelNotFound, as version 1's does, and what there is."""
    model_files.add_version(folder, "mnist", source)

    with pytest.raises(ModelNotFoundException, match=f"ModelNotFound.*{answer}"):
        model_files.model_path(folder, name, version)


def test_a_worker_pays_for_the_standard_library_only():
    """Looking a model up loads none of the heavy packages."""
    heavy = ["pydantic", "sqlalchemy", "dask", "pandas", "networkx", "pathspec"]
    script = (
        "import sys, azml_pipelines.store.model_files; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    output = subprocess.check_output([sys.executable, "-c", script], text=True)

    assert "[]" == output.strip()
