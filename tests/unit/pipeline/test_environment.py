"""Environments: assigned like in version 1, recorded, registered."""

from __future__ import annotations

import json

import pytest

from azml_pipelines import (
    CondaDependencies,
    DeclarationError,
    Environment,
    NotAvailableError,
    UserErrorException,
)
from azml_pipelines.pipeline.environment import DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE
from azml_pipelines.pipeline.environment_sections import (
    ContainerRegistry,
    SparkPackage,
)


@pytest.fixture
def scoring():
    """An environment in which everything is assigned."""
    environment = Environment(name="scoring")
    environment.python.conda_dependencies = CondaDependencies.create(["x"], ["pandas"])
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = "/usr/bin/python3"
    environment.python.conda_dependencies_file = "conda.yml"
    environment.docker.enabled = True
    environment.docker.base_image = DEFAULT_GPU_IMAGE
    environment.docker.base_dockerfile = "FROM x"
    environment.docker.shm_size = "2g"
    environment.docker.arguments = ["--ipc=host"]
    environment.docker.shared_volumes = False
    environment.docker.base_image_registry.address = "registry.example"
    environment.docker.base_image_registry.username = "ada"
    environment.docker.base_image_registry.password = "secret"  # noqa: S105
    environment.docker.platform.os = "Linux"
    environment.spark.packages = [SparkPackage("g", "a", "1")]
    environment.spark.repositories = ["https://repo"]
    environment.spark.precache_packages = False
    environment.environment_variables = {"LANGUAGE": "de"}
    environment.inferencing_stack_version = "latest"
    return environment


def test_everything_assigned_is_kept(scoring):
    """A definition holds all of it but the password."""
    again = Environment.from_definition(scoring.definition())

    assert scoring.definition() == again.definition()
    assert again.docker.enabled is True
    assert again.docker.base_image == DEFAULT_GPU_IMAGE
    assert list(again.python.conda_dependencies.pip_packages) == ["pandas"]
    assert again.spark.packages == [SparkPackage("g", "a", "1")]
    assert "secret" not in scoring.definition().model_dump_json()
    assert "secret" not in repr(scoring.docker)


def test_clone(scoring):
    """A copy of its own, with another name."""
    copy = scoring.clone("other")
    copy.environment_variables["LANGUAGE"] = "en"

    assert (copy.name, copy.version) == ("other", None)
    assert scoring.environment_variables == {"LANGUAGE": "de"}
    assert copy.docker.base_image_registry.password == "secret"  # noqa: S105


def test_register_makes_versions(workspace, scoring):
    """The same environment is the same version again."""
    first = scoring.register(workspace)
    again = scoring.register(workspace)
    scoring.environment_variables = {}
    second = scoring.register(workspace)

    assert (first.version, again.version, second.version) == ("1", "1", "2")
    assert Environment.get(workspace, "scoring").version == "2"
    older = Environment.get(workspace, name="scoring", version="1")
    assert older.environment_variables == {"LANGUAGE": "de"}
    assert list(Environment.list(workspace)) == ["scoring"]


@pytest.mark.parametrize("name", ["AzureML-TensorFlow-2.3-GPU", "Microsoft-x"])
def test_curated_environments(workspace, name):
    """They are always there, and nobody can register one."""
    curated = Environment.get(workspace, name=name, version="12.3")

    assert name == curated.name
    assert curated.version == "12.3"
    with pytest.raises(UserErrorException, match="reserved"):
        curated.register(workspace)


@pytest.mark.parametrize("version", [None, "7", "newest"], ids=repr)
def test_unknown_environments(workspace, scoring, version):
    """What is not registered is named, beside what is."""
    scoring.register(workspace)

    with pytest.raises(UserErrorException, match="'gone'"):
        Environment.get(workspace, "gone", version)


def test_made_from_files(tmp_path):
    """Conda files, requirements and Dockerfiles."""
    conda, pip = tmp_path / "conda.yml", tmp_path / "requirements.txt"
    conda.write_text("dependencies: [numpy]\n")
    pip.write_text("# comment\npandas>=2  # why\n\n-r other.txt\n")
    docker = tmp_path / "Dockerfile"
    docker.write_text("FROM x\n")
    from_conda = Environment.from_conda_specification("a", str(conda))
    from_pip = Environment.from_pip_requirements("a", str(pip), pip_version="24")
    from_image = Environment.from_docker_image(
        "a", "img", ContainerRegistry("host"), conda_specification=str(conda)
    )
    from_dockerfile = Environment.from_dockerfile("a", str(docker))
    from_text = Environment.from_dockerfile("a", "FROM y\n", pip_requirements=str(pip))
    existing = Environment.from_existing_conda_environment("a", "base")

    assert list(from_conda.python.conda_dependencies.conda_packages) == ["numpy"]
    packages = from_pip.python.conda_dependencies
    assert list(packages.pip_packages) == ["pandas>=2"]
    assert list(packages.pip_options) == ["-r other.txt"]
    assert list(packages.conda_packages) == ["pip=24"]
    assert from_image.docker.base_image == "img"
    assert from_image.docker.base_image_registry.address == "host"
    assert from_dockerfile.docker.base_dockerfile == "FROM x\n"
    assert from_dockerfile.python.conda_dependencies is None
    assert from_text.docker.base_dockerfile == "FROM y\n"
    assert existing.python.base_conda_environment == "base"


def test_refused_files(tmp_path):
    """A missing file, or two of them, is a ValueError."""
    with pytest.raises(DeclarationError, match="cannot be read"):
        Environment.from_pip_requirements("a", str(tmp_path / "gone.txt"))
    with pytest.raises(DeclarationError, match="both"):
        Environment.from_docker_image("a", "img", None, "conda.yml", "pip.txt")


def test_folders(tmp_path, scoring):
    """What is saved is loaded again; version 1's extra keys are ignored."""
    folder = tmp_path / "environment"
    scoring.save_to_directory(str(folder))
    file = folder / "azureml_environment.json"
    content = json.loads(file.read_text()) | {"databricks": {}, "version": None}
    file.write_text(json.dumps(content))
    loaded = Environment.load_from_directory(str(folder))

    assert scoring.definition() == loaded.definition()
    assert content["python"]["userManagedDependencies"] is True
    assert (folder / "conda_dependencies.yml").is_file()


def test_folders_are_replaced_with_care(tmp_path, scoring):
    """Only when asked to, and only if it was an environment."""
    folder, other = tmp_path / "environment", tmp_path / "thesis"
    scoring.save_to_directory(str(folder))
    other.mkdir()
    (other / "chapter.txt").touch()

    with pytest.raises(UserErrorException, match="overwrite=True"):
        scoring.save_to_directory(str(folder))
    scoring.save_to_directory(str(folder), overwrite=True)
    with pytest.raises(UserErrorException, match="holds no environment"):
        scoring.save_to_directory(str(other), overwrite=True)
    assert (other / "chapter.txt").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "does not describe an environment"),
        ('{"docker": {"enabled": []}}', r"docker\.enabled"),
    ],
)
def test_damaged_folders(tmp_path, text, says):
    """Said on one line."""
    (tmp_path / "azureml_environment.json").write_text(text)

    with pytest.raises(DeclarationError, match=says) as caught:
        Environment.load_from_directory(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_an_empty_folder(tmp_path):
    """There is nothing to load."""
    with pytest.raises(DeclarationError, match="No environment can be read"):
        Environment.load_from_directory(str(tmp_path))


def test_conda_dependencies_are_conda_dependencies(scoring):
    """A list in their place is noticed when the environment is written down."""
    scoring.python.conda_dependencies = ["pandas"]

    with pytest.raises(DeclarationError, match="Assign a CondaDependencies"):
        scoring.definition()


def test_builds_are_done(workspace, scoring, capsys):
    """Nothing is built, so a build has succeeded at once."""
    build = scoring.build(workspace)
    build.wait_for_completion(show_output=True)
    scoring.build_local(workspace).wait_for_completion(show_output=False)

    assert build.status == "Succeeded"
    assert "current interpreter" in capsys.readouterr().out


def test_what_needs_azure(workspace, scoring):
    """One clear error."""
    with pytest.raises(NotAvailableError):
        scoring.get_image_details(workspace)
    with pytest.raises(NotAvailableError):
        Environment.from_docker_build_context("a", None)


def test_private_wheels(workspace, tmp_path):
    """A wheel is used where it lies."""
    wheel = tmp_path / "mine-1-py3-none-any.whl"
    wheel.touch()

    assert wheel.as_uri() == Environment.add_private_pip_wheel(workspace, str(wheel))
    with pytest.raises(UserErrorException, match="no wheel"):
        Environment.add_private_pip_wheel(workspace, "gone.whl")


def test_images_are_names():
    """Users print them and pass them on."""
    assert isinstance(DEFAULT_CPU_IMAGE, str)
    assert "cuda" in DEFAULT_GPU_IMAGE
