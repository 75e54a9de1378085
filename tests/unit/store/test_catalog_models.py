"""The promises of what is said about models."""

from __future__ import annotations

from azml_pipelines.store.catalog import ModelRecord


def test_what_was_said_is_found_by_version(catalog):
    """Tags, properties and the rest come back as they were given."""
    said = ModelRecord("mnist", 1, 12.5, "ten digits", {"a": "1"}, {"b": "2"}, "Onnx")

    catalog.models.save(said)

    assert said == catalog.models.find("mnist", 1)
    assert catalog.models.find("mnist", 2) is None


def test_saying_something_else_replaces_it(catalog):
    """One version has one record."""
    catalog.models.save(ModelRecord("mnist", 1, 1.0, "old"))

    catalog.models.save(ModelRecord("mnist", 1, 1.0, "new"))

    assert "new" == catalog.models.find("mnist", 1).description
