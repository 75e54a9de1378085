"""Configurations as YAML files, in version 1's format."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from azml_pipelines import (
    DeclarationError,
    Environment,
    ParallelRunConfig,
    PipelineParameter,
)

INLINE = """
parallel_run_config:
  mini_batch_size: {size}
  error_threshold: 10
  output_action: summary_only
  node_count: 2
  entry_script: score.py
  environment: {environment}
"""
KEYS = {
    "mini_batch_size",
    "partition_keys",
    "error_threshold",
    "output_action",
    "logging_level",
    "compute_target_name",
    "node_count",
    "process_count_per_node",
    "entry_script",
    "source_directory",
    "description",
    "run_invocation_timeout",
    "run_max_try",
    "append_row_file_name",
    "environment",
    "environment_variables",
    "allowed_failed_count",
    "allowed_failed_percent",
}


@pytest.fixture
def load(workspace, tmp_path):
    """Write a file and load it."""

    def load(text):
        file = tmp_path / "config.yml"
        file.write_text(text)
        return ParallelRunConfig.load_yaml(workspace, str(file))

    return load


def test_round_trip(config_of, workspace, tmp_path):
    """What is saved is loaded again, with what version 1 forgets to write."""
    file = str(tmp_path / "config.yml")
    config = config_of(
        mini_batch_size="10KB",
        allowed_failed_count=3,
        allowed_failed_percent=5.5,
        environment_variables={"LANGUAGE": "de"},
        append_row_file_name="scores.txt",
        description="Ünïcode",
    )
    config.environment.docker.base_image = "python:3"
    config.save_to_yaml(file)
    loaded = ParallelRunConfig.load_yaml(workspace, file)

    assert type(loaded) is ParallelRunConfig
    assert vars(config) | {"environment": None} == vars(loaded) | {"environment": None}
    assert config.environment.definition() == loaded.environment.definition()


def test_keys_of_the_file(config_of, tmp_path):
    """One key at the top; version 1's keys below, and the two that it forgets."""
    file = tmp_path / "config.yml"
    config_of().save_to_yaml(str(file))
    content = yaml.safe_load(file.read_text())

    assert list(content) == ["parallel_run_config"]
    assert set(content["parallel_run_config"]) == KEYS


def test_parameters_are_written_as_their_default(config_of, tmp_path):
    """A file knows no parameters."""
    file = tmp_path / "config.yml"
    config_of(node_count=PipelineParameter("nodes", 3)).save_to_yaml(str(file))

    assert yaml.safe_load(file.read_text())["parallel_run_config"]["node_count"] == 3


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("5", 5),
        ("1KB", 1024),
        ("null", None),
        ("500 rows", "500 rows"),
        ("auto", "auto"),
    ],
)
def test_sizes_are_read_as_text(load, written, size):
    """Numbers and units both work, written by hand."""
    config = load(INLINE.format(size=written, environment="{name: scoring}"))

    assert size == config.mini_batch_size


@pytest.mark.parametrize("size", [7, "10KB", "500 rows", "auto"])
def test_a_size_is_written_with_its_unit(config_of, workspace, tmp_path, size):
    """Read again, 10 kilobytes do not become 10,240 files."""
    file = str(tmp_path / "config.yml")
    config = config_of(mini_batch_size=size)
    config.save_to_yaml(file)
    loaded = ParallelRunConfig.load_yaml(workspace, file)
    content = yaml.safe_load(Path(file).read_text())["parallel_run_config"]

    assert size == content["mini_batch_size"]
    assert type(config.mini_batch_size) is type(loaded.mini_batch_size)
    assert config.mini_batch_size == loaded.mini_batch_size


def test_an_environment_in_another_file(load, tmp_path):
    """Text is the path of a YAML file beside this one."""
    (tmp_path / "environment.yml").write_text(
        "name: other\npython: {userManagedDependencies: true}\n"
    )
    config = load(INLINE.format(size=5, environment="environment.yml"))

    assert config.environment.name == "other"
    assert config.environment.python.user_managed_dependencies


def test_environments_the_old_way(load, tmp_path, workspace):
    """A folder, or the name of a registered environment."""
    Environment("saved").save_to_directory(str(tmp_path / "saved"))
    Environment("known").register(workspace)
    text = INLINE.format(size=5, environment="null")
    from_folder = load(f"{text}  environment_dir_path: {tmp_path / 'saved'}\n")
    by_name = load(f"{text}  environment_name: known\n")

    assert from_folder.environment.name == "saved"
    assert by_name.environment.name == "known"


VALID = INLINE.format(size=5, environment="{name: scoring}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("a: [", "is not YAML", id="no YAML"),
        pytest.param("steps: []", "has no 'parallel_run_config'", id="another file"),
        pytest.param(
            VALID.replace("node_count: 2", ""),
            "lacks node_count",
            id="a key is missing",
        ),
        pytest.param(
            INLINE.format(size="10 MB", environment="{}"),
            "mini_batch_size",
            id="a bad value",
        ),
        pytest.param(
            INLINE.format(size=5, environment="null"),
            "has no environment",
            id="no environment",
        ),
        pytest.param(
            INLINE.format(size=5, environment="{python: [1]}"),
            "does not describe an environment: python",
            id="a bad environment",
        ),
        pytest.param(
            INLINE.format(size=5, environment="missing.yml"),
            "missing.yml cannot be read",
            id="environment file missing",
        ),
        pytest.param(
            f"{VALID}  compute_target_name: gone\n", "'gone'", id="unknown compute"
        ),
    ],
)
def test_refused(load, text, says):
    """A file that cannot be used is a ValueError on one line."""
    with pytest.raises(DeclarationError, match=says) as caught:
        load(text)

    assert "\n" not in str(caught.value)


def test_a_missing_file(workspace):
    """The path is named."""
    with pytest.raises(DeclarationError, match=r"nowhere\.yml cannot be read"):
        ParallelRunConfig.load_yaml(workspace, "nowhere.yml")
