"""What is to be built of an environment, and what cannot be."""

from __future__ import annotations

import pytest

from azml_pipelines import CondaDependencies, DeclarationError, Environment
from azml_pipelines.pipeline.environment_build import (
    BuildOrder,
    build_order,
    wanted_packages,
)


def declared(build="venv", **packages):
    """Declare an environment with these arguments of CondaDependencies.create()."""
    environment = Environment("scoring", build=build)
    environment.python.conda_dependencies = CondaDependencies.create(**packages)
    return environment


def test_nothing_is_built_unless_somebody_asks():
    """Version 1's environments run in the current interpreter."""
    assert build_order(declared(build=None, pip_packages=["x"]).definition()) is None


def test_the_order_has_what_was_declared():
    """Packages in order, options, and the Python version without its last number."""
    environment = declared(
        pip_packages=["pandas==2.2", "x"],
        conda_packages=["pip=24"],
        python_version="3.12.4",
        pip_indexurl="https://index.example/simple",
    )

    assert build_order(environment.definition()) == BuildOrder(
        "scoring",
        "venv",
        "3.12",
        ("pandas==2.2", "x"),
        ("--index-url https://index.example/simple",),
    )


def test_the_python_of_version_1_counts_as_none():
    """It is filled in by itself, so nobody has asked for it."""
    order = build_order(declared().definition())

    assert order == BuildOrder("scoring", "venv")


def test_build_is_part_of_a_definition():
    """It survives a registration, and files."""
    environment = declared(build="conda", conda_packages=["numpy"])
    again = Environment.from_definition(environment.definition())

    assert again.python.build == "conda"
    assert "numpy" in build_order(again.definition()).conda_file


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(
            lambda python: setattr(python, "user_managed_dependencies", True),
            "user_managed_dependencies=True says that nothing is to be built",
            id="two wishes against each other",
        ),
        pytest.param(
            lambda python: python.conda_dependencies.add_conda_package("numpy"),
            "pip cannot install the conda packages numpy",
            id="a conda package in a venv",
        ),
        pytest.param(
            lambda python: python.conda_dependencies.set_pip_option("-r other.txt"),
            "points to a file",
            id="another requirements file",
        ),
        pytest.param(
            lambda python: python.conda_dependencies.add_pip_package("./x.whl"),
            "is a relative path",
            id="a relative path",
        ),
        pytest.param(
            lambda python: python.conda_dependencies.set_python_version("three"),
            "names no version to build with",
            id="no version",
        ),
        pytest.param(
            lambda python: python.conda_dependencies.set_pip_index_url(
                "https://ada:hunter2secret@index.example/simple"
            ),
            "holds a secret",
            id="a password",
        ),
        pytest.param(
            lambda python: setattr(python, "build", "docker"),
            "does not describe an environment: python.build='docker'",
            id="an unknown way, assigned",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(change, says):
    """When the pipeline is made, and with what to do."""
    environment = declared()
    change(environment.python)

    with pytest.raises(DeclarationError, match="scoring") as caught:
        environment.definition()

    assert says in str(caught.value)


def test_an_unknown_way_is_refused_at_once():
    """The line that wrote it is the one that fails."""
    with pytest.raises(DeclarationError, match="build='docker' is not allowed"):
        Environment("scoring", build="docker")


def test_wanted_packages_are_written_as_pip_does():
    """Conda's single equals sign is a prefix; version 1's own packages are left out."""
    environment = declared(
        build=None,
        conda_packages=["numpy=1.24", "conda-forge::scipy>=1.10", "pip"],
        pip_packages=["azureml-defaults", "https://example/x.whl", "torch==2.1"],
    )

    assert wanted_packages(environment.definition()) == (
        "numpy==1.24.*",
        "scipy>=1.10",
        "torch==2.1",
    )
