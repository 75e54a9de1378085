"""Requirements against what is installed."""

from __future__ import annotations

import pytest

from azml_pipelines.store.package_check import package_differences

INSTALLED = {"numpy": "2.1.0", "scikit-learn": "1.5.2", "torch": "2.4.0rc1"}


@pytest.mark.parametrize(
    ("wanted", "differences"),
    [
        pytest.param("numpy", [], id="any version will do"),
        pytest.param("Scikit_Learn==1.5.2", [], id="names are compared as pip does"),
        pytest.param("numpy==2.0", ["numpy==2.0 (here: 2.1.0)"], id="another version"),
        pytest.param("numpy==2.1.*", [], id="a prefix"),
        pytest.param("torch>=2", [], id="a release candidate counts"),
        pytest.param("lightgbm<5", ["lightgbm<5 (not installed)"], id="missing"),
        pytest.param("x; python_version<'3'", [], id="not for this Python"),
        pytest.param("not a requirement", [], id="unreadable lines say nothing"),
    ],
)
def test_differences(wanted, differences):
    """One phrase for each requirement that is not met."""
    assert package_differences([wanted], INSTALLED) == differences
