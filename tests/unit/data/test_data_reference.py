"""References to places on datastores, and how steps get at them."""

from __future__ import annotations

import pytest

from azml_pipelines.data.data_reference import (
    DataPath,
    DataPathComputeBinding,
    DataReference,
)
from azml_pipelines.errors import UserErrorException


class TestDataReference:
    """A place, a name and a mode."""

    def test_defaults(self, store):
        """Mounted, not overwritten, called like the datastore."""
        reference = DataReference(store)

        assert reference.data_reference_name == "workspaceblobstore"
        assert reference.path_on_datastore is None
        assert reference.mode == "mount"
        assert reference.path_on_compute is None
        assert reference.overwrite is False

    def test_a_path_gets_a_name_of_its_own(self, store):
        """Two references to paths never share a name by accident."""
        one = DataReference(store, path_on_datastore="a")
        two = DataReference(store, path_on_datastore="a")

        assert one.data_reference_name != two.data_reference_name
        assert one.data_reference_name.isalnum()

    def test_as_text_it_is_the_place_of_a_path(self, store):
        """A running step finds the local path instead."""
        assert str(DataReference(store, "images")) == "$AZUREML_DATAREFERENCE_images"
        assert "'images'" in repr(DataReference(store, "images"))

    @pytest.mark.parametrize("name", ["a-b", "a b", "a.b", "a/b", "a\n"])
    def test_names(self, store, name):
        """They become names of environment variables."""
        with pytest.raises(UserErrorException, match="data_reference_name"):
            DataReference(store, name)

    @pytest.mark.parametrize("mode", ["direct", "MOUNT", "", None])
    def test_modes(self, store, mode):
        """The message lists those that exist."""
        with pytest.raises(UserErrorException, match="mount, download, upload"):
            DataReference(store, mode=mode)
        with pytest.raises(UserErrorException, match="mount, download, upload"):
            DataPathComputeBinding(mode)

    @pytest.mark.parametrize(
        ("above", "below", "expected"),
        [
            pytest.param("a/", "b/", "a/b/", id="slashes are not doubled"),
            pytest.param("a", None, "a", id="nothing below"),
            pytest.param(None, "b", "b", id="below the root"),
            pytest.param(None, None, None, id="the root"),
            pytest.param("a", "/b", "a/b", id="a leading slash below"),
        ],
    )
    def test_path_joins(self, store, above, below, expected):
        """A new object, the old one stays as it is."""
        reference = DataReference(store, path_on_datastore=above)

        assert reference.path(below).path_on_datastore == expected
        assert reference.path_on_datastore == above
        assert reference.path(below, "name").data_reference_name == "name"

    def test_modes_make_new_objects(self, store):
        """They keep the name, so that an argument still stands for the input."""
        reference = DataReference(store, "images", "a")
        download = reference.as_download("/tmp/x", overwrite=True)
        upload = reference.as_upload("out")

        assert reference.mode == "mount"
        assert (download.mode, download.path_on_compute) == ("download", "/tmp/x")
        assert download.overwrite is True
        assert (upload.mode, upload.path_on_compute) == ("upload", "out")
        assert upload.as_mount().mode == "mount"
        assert download.data_reference_name == "images"
        assert download.path_on_datastore == "a"


class TestDataPath:
    """A place that a parameter can hold."""

    def test_it_needs_a_datastore(self):
        """A ValueError, as in version 1."""
        with pytest.raises(ValueError, match="needs a datastore for the path 'a'"):
            DataPath(path_on_datastore="a")

    def test_facts(self, store):
        """What it was made of."""
        path = DataPath(store, "a/b", "images")

        assert path.datastore is store
        assert path.datastore_name == "workspaceblobstore"
        assert path.path_on_datastore == "a/b"
        assert path.name == "images"
        assert repr(path) == "DataPath('workspaceblobstore', 'a/b')"

    def test_to_a_reference_and_back(self, store):
        """The binding says how, and mounts by default."""
        path = DataPath(store, "a")
        binding = DataPathComputeBinding("download", "/tmp/x", overwrite=True)
        mounted = path.create_data_reference("one")
        bound = path.create_data_reference("two", binding)
        again = DataPath.create_from_data_reference(bound)

        assert (mounted.data_reference_name, mounted.mode) == ("one", "mount")
        assert (bound.data_reference_name, bound.mode) == ("two", "download")
        assert (bound.path_on_compute, bound.overwrite) == ("/tmp/x", True)
        assert (again.datastore, again.path_on_datastore) == (store, "a")

    def test_a_binding_makes_references(self, store):
        """The same the other way round; without a place there is none."""
        binding = DataPathComputeBinding("upload")
        reference = binding.create_data_reference("x", DataPath(store, "a"))

        assert (reference.mode, reference.path_on_datastore) == ("upload", "a")
        with pytest.raises(ValueError, match="needs a place"):
            binding.create_data_reference("x")
