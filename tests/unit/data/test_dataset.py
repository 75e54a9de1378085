"""Registered datasets: names, versions, identity."""

from __future__ import annotations

import json

import pytest

from azml_pipelines.data.dataset import Dataset
from azml_pipelines.data.file_dataset import FileDataset
from azml_pipelines.data.tabular_dataset import TabularDataset
from azml_pipelines.errors import UserErrorException


@pytest.fixture
def images(store):
    """A dataset that is not registered."""
    return Dataset.File.from_files((store, "mnist"))


@pytest.fixture
def table(store, root, write):
    """A tabular dataset that is not registered."""
    write(root, "t.csv", text="a,b\n1,x\n")
    return Dataset.Tabular.from_delimited_files((store, "t.csv"))


def test_an_unregistered_dataset_has_no_identity(images):
    """Everything is empty."""
    assert images.id is None
    assert images.name is None
    assert images.version is None
    assert images.description is None
    assert images.tags == {}


def test_registering_returns_the_registered_dataset(home, images):
    """With an id and version 1; the original stays as it is."""
    registered = images.register(
        home, "input_images", description="digits", tags={"n": 10}
    )

    assert type(registered) is FileDataset
    assert registered.name == registered.definition.name == "input_images"
    assert registered.version == registered.definition.version == 1
    assert registered.description == "digits"
    assert registered.tags == {"n": "10"}
    assert len(registered.id) == 36
    assert images.id is images.name is None


def test_registering_the_same_again(home, images):
    """Notebooks do, without asking for a new version."""
    first = images.register(home, "input_images")
    again = first.register(home, "input_images")

    assert (again.id, again.version) == (first.id, 1)


def test_another_definition_needs_a_new_version(home, store, images):
    """Names are not taken over silently."""
    other = Dataset.File.from_files((store, "other"))
    images.register(home, "input_images")

    with pytest.raises(UserErrorException, match="exists already"):
        other.register(home, "input_images")

    second = other.register(home, "input_images", create_new_version=True)

    assert second.version == 2


@pytest.mark.parametrize("name", ["", " ", None, 5])
def test_a_registered_dataset_has_a_name(home, images, name):
    """The workspace finds it by that."""
    with pytest.raises(UserErrorException, match="under a name"):
        images.register(home, name)


class TestFinding:
    """By name and version, by id, all of them."""

    @pytest.fixture(autouse=True)
    def _registered(self, home, store, images, table):
        images.register(home, "images")
        Dataset.File.from_files((store, "other")).register(
            home, "images", create_new_version=True
        )
        table.register(home, "table")

    @pytest.mark.parametrize(
        ("version", "expected"), [("latest", 2), (1, 1), ("1", 1), (2, 2)]
    )
    def test_by_name(self, home, version, expected):
        """A number, a number as text, or the latest one."""
        dataset = Dataset.get_by_name(home, "images", version)

        assert type(dataset) is FileDataset
        assert dataset.version == expected
        assert Dataset.get_by_name(home, name="images").version == 2

    @pytest.mark.parametrize("version", [0, -1, "x", "1.0", "", None, True, 1.0])
    def test_bad_versions(self, home, version):
        """The message says what a version is."""
        with pytest.raises(UserErrorException, match="a number from 1 or 'latest'"):
            Dataset.get_by_name(home, "images", version)

    @pytest.mark.parametrize(("name", "version"), [("nope", "latest"), ("images", 3)])
    def test_unknown(self, home, name, version):
        """As everywhere, a UserErrorException."""
        with pytest.raises(UserErrorException):
            Dataset.get_by_name(home, name, version)

    def test_by_id(self, home):
        """The id names one version."""
        first = Dataset.get_by_name(home, "images", 1)

        assert Dataset.get_by_id(home, first.id).version == 1
        assert Dataset.get_by_id(home, id=first.id).name == "images"

    def test_all(self, home):
        """The latest versions, each of its own class."""
        every = Dataset.get_all(home)

        assert {name: dataset.version for name, dataset in every.items()} == {
            "images": 2,
            "table": 1,
        }
        assert type(every["table"]) is TabularDataset


class TestChanging:
    """Tags and descriptions of registered versions."""

    def test_update_and_tags(self, home, images):
        """The workspace remembers; the same object is returned for chaining."""
        dataset = images.register(home, "images", description="old", tags={"a": "1"})
        dataset.update(description="new")
        dataset.add_tags({"b": 2}).add_tags({"a": "3"})
        dataset.remove_tags(["b", "never there"])
        found = Dataset.get_by_name(home, "images")

        assert dataset.description == found.description == "new"
        assert dataset.tags == found.tags == {"a": "3"}

    def test_tags_are_a_copy(self, home, images):
        """Changing the dictionary changes nothing."""
        dataset = images.register(home, "images", tags={"a": "1"})
        dataset.tags["a"] = "2"

        assert dataset.tags == {"a": "1"}

    def test_unregister(self, home, images):
        """Every version goes; the object is an unregistered dataset again."""
        dataset = images.register(home, "images")
        dataset.unregister_all_versions()

        assert dataset.id is dataset.name is dataset.version is None
        with pytest.raises(UserErrorException):
            Dataset.get_by_name(home, "images")

    def test_only_registered_datasets_can_be_changed(self, images):
        """The message says what to do."""
        with pytest.raises(UserErrorException, match=r"Call register\("):
            images.add_tags({"a": "1"})
        with pytest.raises(UserErrorException, match=r"Call register\("):
            images.unregister_all_versions()


def test_it_is_shown_with_source_and_registration(home, images, table, tmp_path):
    """After its class, as JSON."""
    name, _, shown = repr(images.register(home, "images")).partition("\n")
    facts = json.loads(shown)
    plain = json.loads(repr(table).partition("\n")[2])
    local = json.loads(repr(Dataset.File.from_files(tmp_path)).partition("\n")[2])

    assert name == "FileDataset"
    assert facts["source"] == ["('workspaceblobstore', 'mnist')"]
    assert facts["definition"] == ["file"]
    assert facts["registration"]["name"] == "images"
    assert facts["registration"]["version"] == 1
    assert "registration" not in plain
    assert local["source"] == [f"file://{tmp_path}"]
