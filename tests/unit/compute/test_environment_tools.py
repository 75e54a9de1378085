"""What installers are given: they run code of others."""

from __future__ import annotations

from azml_pipelines.compute.environment_tools import installer_variables


def test_installers_get_their_own_settings_and_no_keys():
    """Where packages come from, yes; what opens anything else, no."""
    given = {
        "PATH": "/bin",
        "PIP_INDEX_URL": "https://index.example/simple",
        "UV_INDEX_INNER_PASSWORD": "of-the-index",
        "UV_PUBLISH_TOKEN": "to-publish",
        "AWS_SECRET_ACCESS_KEY": "of-the-cloud",
        "PYTHONPATH": "/elsewhere",
        "MY_OWN_SETTING": "not asked for",
    }
    kept = {"PATH", "PIP_INDEX_URL", "UV_INDEX_INNER_PASSWORD"}

    assert kept == set(installer_variables(given))
