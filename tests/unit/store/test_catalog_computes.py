"""The promises of saved compute targets."""

from __future__ import annotations


def test_saving_again_replaces_the_settings(catalog):
    """The moment of creation stays; there is one target per name."""
    first = catalog.computes.save("cpu", "AmlCompute", "{}")

    second = catalog.computes.save("cpu", "AmlCompute", '{"max_nodes": 2}')

    assert first.created == second.created
    assert first.modified <= second.modified
    assert [second] == catalog.computes.all()
    assert second == catalog.computes.find("cpu")


def test_deleting_forgets_it(catalog):
    """Afterwards it is not found; deleting twice is no error."""
    catalog.computes.save("cpu", "AmlCompute", "{}")

    catalog.computes.delete("cpu")
    catalog.computes.delete("cpu")

    assert catalog.computes.find("cpu") is None
