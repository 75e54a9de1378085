"""How steps get datasets: every check of version 1."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from azml_pipelines.data.consumption import DatasetConsumptionConfig, DatasetParameter
from azml_pipelines.data.dataset import Dataset
from azml_pipelines.errors import NotAvailableError, UserErrorException


@dataclass
class Parameter:
    """Looks like a PipelineParameter, which lives in the room above."""

    name: str
    default_value: object


@pytest.fixture
def images(store):
    """A file dataset."""
    return Dataset.File.from_files((store, "mnist"))


@pytest.fixture
def table(store, root, write):
    """A tabular dataset."""
    write(root, "t.csv", text="a,b\n1,x\n")
    return Dataset.Tabular.from_delimited_files((store, "t.csv"))


def test_the_tutorials_way(images):
    """A parameter, mounted, under a name that is not the parameter's."""
    parameter = Parameter("mnist_param", images)
    config = DatasetConsumptionConfig("minist_param_config", parameter).as_mount()

    assert isinstance(parameter, DatasetParameter)
    assert config.name == "minist_param_config"
    assert config.dataset is parameter
    assert config.mode == "mount"
    assert config.path_on_compute is None


def test_modes_make_new_objects(images):
    """The first one stays direct."""
    config = DatasetConsumptionConfig("images", images)
    mounted = config.as_mount(Path("/tmp/x"))
    downloaded = config.as_download("relative")

    assert config.mode == "direct"
    assert (mounted.mode, mounted.path_on_compute) == ("mount", "/tmp/x")
    assert (downloaded.mode, downloaded.path_on_compute) == ("download", "relative")
    assert mounted.dataset is downloaded.dataset is images
    assert "'images', mode='mount'" in repr(mounted)


@pytest.mark.parametrize("mode", ["direct", "Direct", "MOUNT", "Download"])
def test_modes_in_any_case(images, mode):
    """They are small letters afterwards."""
    config = DatasetConsumptionConfig("images", images, mode)

    assert config.mode == mode.lower()


@pytest.mark.parametrize("mode", ["upload", "", None, 1])
def test_unknown_modes(images, mode):
    """The message lists those that exist."""
    with pytest.raises(UserErrorException, match="direct, mount, download"):
        DatasetConsumptionConfig("images", images, mode)


@pytest.mark.parametrize("mode", ["hdfs", "LINK"])
def test_modes_of_azure(images, mode):
    """They exist in version 1 and cannot exist here."""
    with pytest.raises(NotAvailableError, match="not available without Azure"):
        DatasetConsumptionConfig("images", images, mode)


def test_hdfs(images):
    """The method, too."""
    with pytest.raises(NotAvailableError):
        DatasetConsumptionConfig("images", images).as_hdfs()


@pytest.mark.parametrize("mode", ["mount", "download", "hdfs"])
def test_tables_are_direct(table, home, mode):
    """Also when they are the default of a parameter, or only named."""
    table.register(home, "rows")
    for dataset in (table, Parameter("p", table), (home, "rows")):
        with pytest.raises(UserErrorException, match="TabularDataset"):
            DatasetConsumptionConfig("rows", dataset, mode)


class TestNames:
    """They become names of environment variables."""

    @pytest.mark.parametrize("name", ["a", "_a1", "A_b_3", "input__12345678"])
    def test_good(self, images, name):
        """Letters, digits, underscores."""
        config = DatasetConsumptionConfig(name, images)

        assert config.name == name

    @pytest.mark.parametrize("name", ["1a", "a-b", "a b", "a.b", "é", "a\n", 5])
    def test_bad(self, images, name):
        """At construction and when it is set."""
        with pytest.raises(UserErrorException, match="cannot name a dataset"):
            DatasetConsumptionConfig(name, images)
        config = DatasetConsumptionConfig("a", images)
        with pytest.raises(UserErrorException, match="cannot name a dataset"):
            config.name = name

        assert config.name == "a"

    def test_settable(self, images):
        """As in version 1."""
        config = DatasetConsumptionConfig("a", images)
        config.name = "b"

        assert config.as_mount().name == "b"

    @pytest.mark.parametrize("name", ["path", "HOME", "User"])
    def test_common_variables(self, images, name):
        """A warning, for the input would hide the variable."""
        with pytest.warns(UserWarning, match="environment variable"):
            DatasetConsumptionConfig(name, images)

    @pytest.mark.parametrize("name", [None, ""])
    def test_made_up(self, home, images, name):
        """Of the id of a registered dataset, else at random."""
        registered = images.register(home, "images")
        of_registered = DatasetConsumptionConfig(name, registered).name
        at_random = DatasetConsumptionConfig(name, images).name

        assert of_registered == f"input__{registered.id[:8]}"
        assert at_random.startswith("input__")
        assert len(at_random) == len("input__") + 8

    @pytest.mark.parametrize("name", [None, ""])
    def test_a_parameter_needs_one(self, images, name):
        """The message names the parameter."""
        with pytest.raises(UserErrorException, match="'mnist_param' needs a name"):
            DatasetConsumptionConfig(name, Parameter("mnist_param", images))


class TestDatasets:
    """What can be consumed."""

    @pytest.mark.parametrize("default", [1, "text", None])
    def test_a_parameter_must_hold_a_dataset(self, default):
        """The message names the parameter and its default."""
        with pytest.raises(UserErrorException, match=f"'p' .* default is {default!r}"):
            DatasetConsumptionConfig("a", Parameter("p", default))

    @pytest.mark.parametrize("dataset", [None, "images", 5, (), ("a",), (1, 2, 3, 4)])
    def test_anything_else(self, dataset):
        """The message lists what is accepted."""
        with pytest.raises(UserErrorException, match="dataset must be a FileDataset"):
            DatasetConsumptionConfig("a", dataset)

    def test_a_registered_one_by_name(self, home, store, images):
        """The latest version is looked up each time, a given one stays."""
        images.register(home, "images")
        latest = DatasetConsumptionConfig("a", (home, "images")).as_mount()
        first = DatasetConsumptionConfig("b", (home, "images", 1))
        text = DatasetConsumptionConfig("c", (home, "images", "1"))
        Dataset.File.from_files((store, "new")).register(
            home, "images", create_new_version=True
        )

        assert latest.dataset.version == 2
        assert first.dataset.version == 1
        assert text.dataset.version == 1

    def test_an_unknown_name(self, home):
        """The error comes at declaration."""
        with pytest.raises(UserErrorException, match="'nope'"):
            DatasetConsumptionConfig("a", (home, "nope"))
