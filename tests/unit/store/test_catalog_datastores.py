"""The promises of registered datastores."""

from __future__ import annotations

import pytest

from azml_pipelines.data.datastore_home import DatastoreSettings
from azml_pipelines.errors import UserErrorException


def settings(name, url="file:///data"):
    """Return the settings of a local folder."""
    return DatastoreSettings(name=name, datastore_type="LocalFolder", url=url)


def test_what_was_saved_is_found(catalog):
    """By name, and in a list sorted by name."""
    catalog.datastores.save(settings("b"), overwrite=False)
    catalog.datastores.save(settings("a"), overwrite=False)

    assert settings("a") == catalog.datastores.find("a")
    assert [settings("a"), settings("b")] == catalog.datastores.all()
    assert catalog.datastores.find("c") is None


def test_a_taken_name_needs_overwrite(catalog):
    """The settings are replaced only when somebody says so."""
    catalog.datastores.save(settings("a"), overwrite=False)

    with pytest.raises(UserErrorException, match="overwrite=True"):
        catalog.datastores.save(settings("a", "file:///other"), overwrite=False)
    catalog.datastores.save(settings("a", "file:///other"), overwrite=True)

    assert settings("a", "file:///other") == catalog.datastores.find("a")


def test_the_default_goes_with_its_datastore(catalog):
    """After deleting the default datastore there is none chosen."""
    catalog.datastores.save(settings("a"), overwrite=False)
    catalog.datastores.set_default("b")
    catalog.datastores.set_default("a")
    before = catalog.datastores.default

    assert catalog.datastores.delete("a")
    assert not catalog.datastores.delete("a")
    assert ("a", None) == (before, catalog.datastores.default)
