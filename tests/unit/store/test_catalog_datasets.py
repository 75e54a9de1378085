"""The promises of registered datasets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.errors import UserErrorException


def files(path):
    """Return the definition of a file dataset."""
    return DatasetDefinition(
        kind="file", sources=(DataSource(url="file:///data", path=path),)
    )


def test_the_first_version_is_one(catalog):
    """What is found is what was saved, together with its name and version."""
    saved = catalog.datasets.save("digits", files("a"), description="ten digits")

    assert (1, "ten digits", {}) == (saved.version, saved.description, saved.tags)
    assert ("digits", 1) == (saved.definition.name, saved.definition.version)
    assert saved == catalog.datasets.find("digits")
    assert saved == catalog.datasets.find_id(saved.id)


def test_the_same_definition_is_the_same_version(catalog):
    """A notebook may register its dataset each time it runs."""
    first = catalog.datasets.save("digits", files("a"))

    again = catalog.datasets.save("digits", first.definition, create_new_version=True)

    assert (first.id, 1) == (again.id, again.version)


def test_registering_again_may_describe_anew(catalog):
    """A new description and new tags replace the old ones, in the same version."""
    catalog.datasets.save("digits", files("a"), description="old", tags={"a": "1"})

    again = catalog.datasets.save("digits", files("a"), tags={"b": "2"})

    assert (1, "old", {"b": "2"}) == (again.version, again.description, again.tags)


def test_another_definition_needs_a_word(catalog):
    """Nobody replaces a dataset by accident."""
    catalog.datasets.save("digits", files("a"))

    with pytest.raises(UserErrorException, match="create_new_version=True"):
        catalog.datasets.save("digits", files("b"))


def test_old_versions_stay(catalog):
    """A new version becomes the latest; the old one is found by its number."""
    catalog.datasets.save("digits", files("a"))
    second = catalog.datasets.save("digits", files("b"), create_new_version=True)
    catalog.datasets.save("animals", files("c"))

    assert second == catalog.datasets.find("digits")
    assert "a" == catalog.datasets.find("digits", 1).definition.sources[0].path
    assert [("animals", 1), ("digits", 2)] == [
        (one.name, one.version) for one in catalog.datasets.latest()
    ]


@pytest.mark.parametrize(
    ("name", "version"),
    [
        pytest.param("letters", None, id="an unknown name"),
        pytest.param("digits", 7, id="an unknown version"),
    ],
)
def test_what_is_unknown_is_answered_with_what_is_known(catalog, name, version):
    """The message lists the registered names."""
    catalog.datasets.save("digits", files("a"))

    with pytest.raises(UserErrorException, match="registered: 'digits'"):
        catalog.datasets.find(name, version)


def test_an_unknown_id_is_an_error(catalog):
    """An id that belongs to no version says so."""
    with pytest.raises(UserErrorException, match="no-such-id"):
        catalog.datasets.find_id("no-such-id")


def test_versions_have_no_gaps_and_no_twins(catalog):
    """Twenty registrations at the same time get twenty versions."""

    def register(number):
        return catalog.datasets.save(
            "digits", files(str(number)), create_new_version=True
        ).version

    with ThreadPoolExecutor(4) as threads:
        versions = sorted(threads.map(register, range(20)))

    assert list(range(1, 21)) == versions


def test_one_version_can_be_described_anew(catalog):
    """``update`` replaces description and tags."""
    saved = catalog.datasets.save("digits", files("a"), tags={"a": "1"})

    changed = catalog.datasets.update(saved.id, description="new", tags={"b": "2"})

    assert ("new", {"b": "2"}) == (changed.description, changed.tags)


def test_deleting_forgets_all_versions(catalog):
    """After ``delete`` the name may be used for something else."""
    catalog.datasets.save("digits", files("a"))

    catalog.datasets.delete("digits")

    assert [] == catalog.datasets.latest()
