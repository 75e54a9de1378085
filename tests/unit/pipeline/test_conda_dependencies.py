"""Packages as version 1's users list them."""

from __future__ import annotations

import pytest

from azml_pipelines import CondaDependencies, DeclarationError


def test_create():
    """Packages of both kinds, a Python version, another index."""
    made = CondaDependencies.create(
        pip_indexurl="https://example.org/simple",
        pip_packages=["pandas>=2", "azureml-core"],
        conda_packages=("numpy=1.26",),
        python_version="3.11",
    )

    assert list(made.pip_packages) == ["pandas>=2", "azureml-core"]
    assert list(made.conda_packages) == ["numpy=1.26"]
    assert list(made.pip_options) == ["--index-url https://example.org/simple"]
    assert made.get_python_version() == "3.11"
    assert made.as_dict()["dependencies"] == [
        "python=3.11",
        {
            "pip": [
                "--index-url https://example.org/simple",
                "pandas>=2",
                "azureml-core",
            ]
        },
        "numpy=1.26",
    ]


@pytest.mark.parametrize("argument", ["pip_packages", "conda_packages"])
def test_text_is_no_list(argument):
    """Text would be installed letter by letter."""
    with pytest.raises(ValueError, match=r"Write .*=\['pandas'\]"):
        CondaDependencies.create(**{argument: "pandas"})


def test_a_package_is_listed_once():
    """Adding replaces another version; names are compared as pip does."""
    made = CondaDependencies()
    for package in ("Scikit_Learn==1.0", "scikit-learn==1.4", "pandas"):
        made.add_pip_package(package)
    for package in ("conda-forge::numpy=1", "conda-forge::scipy", "numpy=2"):
        made.add_conda_package(package)
    made.remove_pip_package("pandas")

    assert list(made.pip_packages) == ["scikit-learn==1.4"]
    assert list(made.conda_packages) == ["conda-forge::scipy", "numpy=2"]


def test_channels_and_options():
    """Each once; the index url first, further ones are extra."""
    made = CondaDependencies()
    made.add_channel("pytorch")
    made.add_channel("pytorch")
    made.remove_channel("anaconda")
    made.set_pip_index_url("https://one")
    made.set_pip_index_url("https://two")
    made.set_pip_option("--pre")
    made.set_pip_requirements(["pandas"])
    made.remove_pip_option("--pre")

    assert list(made.conda_channels) == ["conda-forge", "pytorch"]
    assert list(made.pip_options) == [
        "--extra-index-url https://two",
        "--index-url https://one",
    ]
    assert list(made.pip_packages) == ["pandas"]


def test_the_last_requirement_wins():
    """Requirements of several sources become one list."""
    merged = CondaDependencies.merge_requirements(["a==1", "b", "A==2"])

    assert merged == ["A==2", "b"]


def test_files(tmp_path):
    """What is saved is loaded again."""
    made = CondaDependencies.create(pip_packages=["pandas"], python_version="3.12")
    relative = made.save_to_file(str(tmp_path))
    loaded = CondaDependencies(str(tmp_path / relative))

    assert relative == "conda_dependencies.yml"
    assert made == loaded
    assert loaded.get_python_version() == "3.12"
    assert made != "something else"


def test_any_python(tmp_path):
    """A file need not name an interpreter."""
    file = tmp_path / "conda.yml"
    file.write_text("dependencies: [numpy]\n")

    assert CondaDependencies(str(file)).get_python_version() is None


@pytest.mark.parametrize(
    "text", ["[1]", "name: x\ndependencies: numpy", "a: [", "5"], ids=repr
)
def test_refused_files(tmp_path, text):
    """What is no conda file is refused on one line."""
    file = tmp_path / "conda.yml"
    file.write_text(text)

    with pytest.raises(DeclarationError, match=r"conda\.yml") as caught:
        CondaDependencies(str(file))
    assert "\n" not in str(caught.value)


def test_a_missing_file():
    """The path is named."""
    with pytest.raises(DeclarationError, match=r"nowhere\.yml cannot be read"):
        CondaDependencies("nowhere.yml")
