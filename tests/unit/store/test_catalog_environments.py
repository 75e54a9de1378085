"""The promises of registered environments."""

from __future__ import annotations

from azml_pipelines.pipeline.environment_definition import EnvironmentDefinition


def test_each_change_is_a_version(catalog):
    """Saving what is there already makes no new one."""
    plain = EnvironmentDefinition(name="scoring")
    changed = EnvironmentDefinition(name="scoring", environment_variables={"A": "1"})

    versions = [
        catalog.environments.save("scoring", one).version
        for one in (plain, plain, changed, changed)
    ]

    assert [1, 1, 2, 2] == versions
    assert changed == catalog.environments.find("scoring").definition
    assert plain == catalog.environments.find("scoring", 1).definition
    assert [2] == [one.version for one in catalog.environments.latest()]


def test_unknown_ones_are_none(catalog):
    """An unknown name and an unknown version are both None."""
    catalog.environments.save("scoring", EnvironmentDefinition(name="scoring"))

    assert catalog.environments.find("other") is None
    assert catalog.environments.find("scoring", 2) is None
