"""``azml dataset|model|environment|compute|pipeline``: list and show."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from azml_pipelines import (
    AmlCompute,
    ComputeTarget,
    Dataset,
    Environment,
    Model,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.cli.main import azml


@pytest.fixture
def filled(workspace, tmp_path, monkeypatch):
    """A workspace in which something of each kind is registered; we are in it."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "score.py").write_text("def run(mini_batch): return mini_batch")
    data = Dataset.File.from_files(str(source))
    data.register(workspace, "texts", "first")
    Model.register(workspace, str(source / "score.py"), "digits", description="good")
    environment = Environment("scoring").register(workspace)
    settings = AmlCompute.provisioning_configuration(max_nodes=2)
    ComputeTarget.create(workspace, "cluster", settings)
    config = ParallelRunConfig(
        source_directory=str(source),
        entry_script="score.py",
        error_threshold=0,
        output_action="append_row",
        environment=environment,
        compute_target="cluster",
        node_count=1,
    )
    step = ParallelRunStep(
        "score-texts",
        parallel_run_config=config,
        inputs=[data.as_named_input("texts")],
        output=PipelineData("rows"),
    )
    Pipeline(workspace, [step]).publish("nightly", "each night", "1.0")
    monkeypatch.chdir(workspace.folder.root)
    return workspace


def type_(*words):
    """Return what a command prints."""
    result = CliRunner().invoke(azml, words)
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    ("noun", "name", "kind"),
    [
        ("dataset", "texts", {"version": 1, "kind": "file", "description": "first"}),
        ("model", "digits", {"version": 1, "description": "good"}),
        ("environment", "scoring", {"version": 1}),
        ("compute", "cluster", {"type": "AmlCompute"}),
    ],
)
def test_what_is_registered_is_listed_and_shown(filled, noun, name, kind):
    """A line for people; for programs JSON, whose list holds what show prints."""
    assert any(line.startswith(name) for line in type_(noun, "list").splitlines())
    listed = {one["name"]: one for one in json.loads(type_(noun, "list", "--json"))}
    shown = json.loads(type_(noun, "show", name, "--json"))

    assert listed[name] == shown
    assert kind.items() <= shown.items()
    assert name in type_(noun, "show", name)


def test_a_published_pipeline_is_listed_and_shown(filled):
    """By its id, with what a caller needs."""
    (listed,) = json.loads(type_("pipeline", "list", "--json"))
    shown = json.loads(type_("pipeline", "show", listed["id"], "--json"))

    assert listed.items() <= shown.items()
    assert (shown["name"], shown["version"]) == ("nightly", "1.0")
    assert shown["steps"] == ["score-texts"]
    assert shown["endpoint"].endswith(listed["id"])
    assert listed["id"] in type_("pipeline", "list")


def test_disabled_pipelines_are_listed_when_asked_for(filled):
    """They are not in the way otherwise."""
    filled.catalog.published.set_status(
        filled.catalog.published.newest_first()[0].id, "Disabled"
    )

    assert type_("pipeline", "list") == ""
    assert "Disabled" in type_("pipeline", "list", "--all")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dataset", "show", "nothing"), "registered: 'texts'"),
        (("dataset", "show", "texts:x"), "is no number; type NAME:2"),
        (("dataset", "show", "texts:7"), "version 7"),
        (("model", "show", "nothing"), "digits"),
        (("environment", "show", "nothing"), "registered: scoring"),
        (("compute", "show", "nothing"), "known: local, cluster"),
        (("pipeline", "show", "nothing"), "azml pipeline list"),
    ],
)
def test_what_is_not_there_is_named(filled, words, said):
    """In one line, with what there is."""
    result = CliRunner().invoke(azml, words)

    assert result.exit_code in {2, 4}
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
