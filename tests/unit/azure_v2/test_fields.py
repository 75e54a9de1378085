"""Every key is honoured, has no effect, or is refused; each says so."""

from __future__ import annotations

import warnings

import pytest

from azml_pipelines import Datastore
from azml_pipelines.azure_v2 import counterparts, typed_invocation
from azml_pipelines.azure_v2.deployment import load_batch_deployment
from azml_pipelines.azure_v2.document import read_document
from azml_pipelines.azure_v2.model_job import overridden
from azml_pipelines.azure_v2.model_reference import deployed_model
from azml_pipelines.azure_v2.pipeline_job import load_pipeline_job
from azml_pipelines.azure_v2.section import Refused, Section, Unused, fates
from azml_pipelines.errors import BadDocumentError

PIPELINE = """
type: pipeline
inputs:
  texts: {type: uri_folder, path: ./texts}
  size: 7
jobs:
  score:
    type: parallel
    compute: local
    inputs:
      texts: ${{parent.inputs.texts}}
    outputs:
      rows: {type: uri_file}
    input_data: ${{inputs.texts}}
    task:
      code: ./code
      entry_script: score.py
      environment: {image: any}
      append_row_to: ${{outputs.rows}}
  say:
    type: command
    compute: local
    command: echo hello
    environment: {image: any}
"""
MODEL = """
name: scored
endpoint_name: scores
type: model
model: {path: ./model.txt}
code_configuration: {code: ./code, scoring_script: score.py}
environment: {image: any}
compute: local
settings: {mini_batch_size: 2}
"""


def sections():
    """Return every section that a document may have."""
    assert typed_invocation  # its section is one of them
    found, waiting = [], [Section]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found.append(kind)
    return sorted({one for one in found if one.__name__[0] != "_"}, key=repr)


KINDS = [kind for kind in sections() if kind is not Section]
CASES = [
    pytest.param(kind, key, fate, id=f"{kind.__name__}.{key}")
    for kind in KINDS
    for key, fate in fates(kind)
]


@pytest.mark.parametrize(("kind", "key", "fate"), CASES)
def test_no_key_is_without_a_word(kind, key, fate):
    """It becomes something, or the reason why not stands beside it."""
    if fate is None:
        assert counterparts.counterpart(kind, key), "say what it becomes"
    else:
        assert isinstance(fate, Unused | Refused)
        assert len(fate.why) > 10


@pytest.fixture(autouse=True)
def files(write):
    """What the documents refer to."""
    write("texts/0.txt", "zero")
    write("code/score.py", "def run(mini_batch): return mini_batch\n")
    write("model.txt", "1")


@pytest.fixture
def steps_of(job_of, workspace, tmp_path):
    """Return the steps of the pipeline with one value set, and its settings."""
    (tmp_path / "store").mkdir()
    Datastore.register_local_folder(workspace, "elsewhere", str(tmp_path / "store"))

    def read(path, value):
        job = job_of(PIPELINE, (path, value))
        return job, {step.name: step for step in job.pipeline.graph.steps}

    return read


def config(steps):
    """Return the configuration of the parallel step."""
    return steps["score"].parallel_run_config


SCORE, TASK, SAY = "jobs.score", "jobs.score.task", "jobs.say"
HONOURED = [
    ("experiment_name", "other", lambda job, _: job.experiment == "other"),
    ("description", "why", lambda job, _: job.pipeline.description == "why"),
    ("tags", "{a: 1}", lambda job, _: job.tags == {"a": "1"}),
    ("name", "n", lambda job, _: job.tags == {"name": "n"}),
    ("display_name", "n", lambda job, _: job.tags == {"display_name": "n"}),
    ("settings.continue_on_step_failure", "true",
     lambda job, _: job.continue_on_step_failure),
    ("settings.force_rerun", "true", lambda job, _: job.force_rerun),
    ("settings.default_datastore", "azureml:elsewhere",
     lambda job, _: job.pipeline.default_datastore == "elsewhere"),
    ("settings.default_compute", "local",
     lambda _, steps: config(steps).compute_target == "local"),
    (f"{SCORE}.mini_batch_size", "5", lambda _, s: config(s).mini_batch_size == 5),
    (f"{SCORE}.mini_batch_size", "'5'", lambda _, s: config(s).mini_batch_size == 5),
    (f"{SCORE}.mini_batch_size", "10 kb",
     lambda _, s: str(config(s).mini_batch_size).lower().startswith("10")),
    (f"{SCORE}.mini_batch_size", "${{parent.inputs.size}}",
     lambda _, s: config(s).mini_batch_size == 7),
    (f"{SCORE}.resources.instance_count", "3", lambda _, s: config(s).node_count == 3),
    (f"{SCORE}.max_concurrency_per_instance", "4",
     lambda _, s: config(s).process_count_per_node == 4),
    (f"{SCORE}.error_threshold", "6", lambda _, s: config(s).error_threshold == 6),
    (f"{SCORE}.mini_batch_error_threshold", "0",
     lambda _, s: config(s).allowed_failed_count == 0),
    (f"{SCORE}.mini_batch_error_threshold", "-1",
     lambda _, s: config(s).allowed_failed_count is None),
    (f"{SCORE}.logging_level", "debug",
     lambda _, s: config(s).logging_level == "DEBUG"),
    (f"{SCORE}.retry_settings.max_retries", "0",
     lambda _, s: config(s).run_max_try == 1),
    (f"{SCORE}.retry_settings.timeout", "9",
     lambda _, s: config(s).run_invocation_timeout == 9),
    (f"{SCORE}.environment_variables", "{A: 1}",
     lambda _, s: config(s).environment_variables == {"A": "1"}),
    (f"{SCORE}.is_deterministic", "false", lambda _, s: not s["score"].allow_reuse),
    (f"{TASK}.program_arguments", "--allowed_failed_percent 5 --x 1",
     lambda _, s: config(s).allowed_failed_percent == 5
     and len(s["score"].arguments) == 2),
    (f"{TASK}.append_row_to", "null",
     lambda _, s: config(s).output_action == "summary_only"),
    (f"{TASK}.environment.conda_file", "{dependencies: [python=3.12]}",
     lambda _, s: "3.12" in str(config(s).environment.definition())),
    (f"{TASK}.environment.image", "other",
     lambda _, s: config(s).environment.docker.base_image == "other"),
    (f"{SCORE}.outputs.rows.path", "azureml://datastores/elsewhere/paths/a/b.csv",
     lambda _, s: (s["score"].output.path_template, s["score"].output.file_name,
                   s["score"].output.datastore.name) == ("a", "b.csv", "elsewhere")),
    (f"{SCORE}.outputs.rows.name", "kept",
     lambda _, s: s["score"].output.registrations[0].name == "kept"),
    (f"{SCORE}.inputs.texts", "{path: ./texts, path_on_compute: /tmp/x}",
     lambda _, s: s["score"].input_ports[0].path_on_compute == "/tmp/x"),
    (f"{SAY}.command", "ls -l", lambda _, s: s["say"].command[0].parts == ("ls -l",)),
    (f"{SAY}.code", "./code", lambda _, s: s["say"].directory().name == "code"),
    (f"{SAY}.limits.timeout", "11", lambda _, s: s["say"].limits.timeout == 11),
    (f"{SAY}.environment_variables", "{A: b}",
     lambda _, s: s["say"].environment_variables == {"A": "b"}),
    (f"{SAY}.is_deterministic", "false", lambda _, s: not s["say"].allow_reuse),
]  # fmt: skip


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize(("path", "value", "holds"), HONOURED)
def test_it_is_honoured(steps_of, path, value, holds):
    """What the document says is what the step has; nothing is said about it."""
    with warnings.catch_warnings():
        # Of a pipeline whose steps have nothing to do with each other.
        warnings.filterwarnings("ignore", message=".*Step.*")
        job, steps = steps_of(path, value)

    assert holds(job, steps)


UNUSED = [
    ("properties", "{a: 1}"),
    ("identity", "{type: managed}"),
    (f"{SCORE}.identity", "{type: managed}"),
    (f"{SCORE}.properties", "{a: 1}"),
    (f"{SCORE}.compute", "azureml:cluster"),
    (f"{SCORE}.resources.instance_type", "Standard_DS3"),
    (f"{SCORE}.resources.shm_size", "2g"),
    (f"{SCORE}.resources.docker_args", "--gpus all"),
    (f"{SCORE}.resources.properties", "{a: 1}"),
    (f"{SCORE}.resources.locations", "[a]"),
    (f"{SCORE}.resources.max_instance_count", "3"),
    (f"{SCORE}.resources.instance_count", "-1"),
    (f"{SCORE}.queue_settings", "{job_tier: spot}"),
    (f"{SCORE}.output_data", "x"),
    (f"{SCORE}.outputs.rows.version", "1"),
    (f"{TASK}.environment", "azureml:unknown:1"),
    (f"{TASK}.environment.os_type", "linux"),
    (f"{TASK}.environment.build", "{path: .}"),
    (f"{TASK}.environment.inference_config", "{a: 1}"),
    (f"{SAY}.resources.instance_count", "2"),
    ("settings.default_datastore", "nowhere"),
]


@pytest.mark.parametrize(("path", "value"), UNUSED)
def test_it_has_no_effect_and_says_so(steps_of, path, value):
    """One line, with the place and the reason."""
    with pytest.warns(UserWarning, match=":") as said:
        steps_of(path, value)

    last = path.rpartition(".")[2]
    assert [one for one in said if f"{last}: " in str(one.message)]


REFUSED = [
    ("services", "{a: 1}"),
    ("jobs.score.services", "{a: 1}"),
    ("settings.on_init", "x"),
    ("settings.on_finalize", "x"),
    ("inputs.texts.datastore", "x"),
    ("unknown", "1"),
    (f"{SCORE}.unknown", "1"),
    (f"{SCORE}.mini_batch_size", "1.5mb"),
    (f"{SCORE}.mini_batch_size", "0"),
    (f"{SCORE}.error_threshold", "-5"),
    (f"{SCORE}.mini_batch_error_threshold", "-2"),
    (f"{SCORE}.max_concurrency_per_instance", "0"),
    (f"{SCORE}.logging_level", "WARN"),
    (f"{SCORE}.retry_settings.timeout", "0"),
    (f"{SCORE}.retry_settings.timeout", "259201"),
    (f"{SCORE}.retry_settings.max_retries", "-1"),
    (f"{SCORE}.retry_settings.tries", "1"),
    (f"{SCORE}.resources.instance_count", "0"),
    (f"{SCORE}.resources.unknown", "0"),
    (f"{SCORE}.input_data", "${{inputs.text}}"),
    (f"{SCORE}.inputs.texts", "{path: ./texts, mode: rw_mount}"),
    (f"{SCORE}.inputs.texts", "{path: ./texts, type: uri_folder, mode: eval_mount}"),
    (f"{SCORE}.outputs.rows.mode", "ro_mount"),
    (f"{SCORE}.outputs.rows.path", "azureml://datastores/nowhere/paths/a"),
    (f"{TASK}.type", "function"),
    (f"{TASK}.model", "azureml:m:1"),
    (f"{TASK}.entry_script", "no.py"),
    (f"{TASK}.code", "./no"),
    (f"{TASK}.append_row_to", "${{outputs.no}}"),
    (f"{TASK}.environment.channels", "[a]"),
    (f"{TASK}.environment.dependencies", "[a]"),
    (f"{TASK}.environment.conda_file", "./no.yml"),
    (f"{SAY}.distribution", "{type: mpi}"),
    (f"{SAY}.additional_includes", "[a]"),
    (f"{SAY}.command", "''"),
    (f"{SAY}.limits.timeout", "-1"),
    (f"{SAY}.component", "azureml:c:1"),
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("path", "value"), REFUSED)
def test_it_is_refused(steps_of, path, value):
    """One line that begins with the file and names the place."""
    with pytest.raises(BadDocumentError) as found:
        steps_of(path, value)

    [line] = found.value.problems
    assert line.startswith("pipeline.yml:")
    assert "\n" not in line
    assert line.endswith((".", "?"))


SETTINGS = [
    ("settings.mini_batch_size", "'5'", "mini_batch_size", 5),
    ("settings.max_concurrency_per_instance", "3", "max_concurrency_per_instance", 3),
    ("settings.instance_count", "2", "instance_count", 2),
    ("resources.instance_count", "2", "instance_count", 2),
    ("settings.error_threshold", "4", "error_threshold", 4),
    ("error_threshold", "4", "error_threshold", 4),
    ("settings.output_action", "SUMMARY_ONLY", "output_action", "summary_only"),
    ("settings.output_file_name", "x.txt", "output_file_name", "x.txt"),
    ("settings.retry_settings.max_retries", "0", "max_retries", 0),
    ("settings.retry_settings.timeout", "5", "timeout", 5),
    ("settings.logging_level", "DEBUG", "logging_level", "debug"),
    ("settings.environment_variables", "{A: 1}", "environment_variables", {"A": "1"}),
    ("environment_variables", "{A: 1}", "environment_variables", {"A": "1"}),
    ("settings", "{}", "mini_batch_size", 10),
]


@pytest.mark.parametrize(("path", "value", "name", "expected"), SETTINGS)
def test_settings_of_a_deployment(write, path, value, name, expected):
    """Also those that Azure ignores at the top with ``type: model``."""
    file = write("deployment.yml", MODEL)

    found = load_batch_deployment(file, [(path, value)]).settings
    assert getattr(found, name) == expected


def model_of(file, assignments, workspace):
    """Read a deployment and find its model."""
    found = load_batch_deployment(file, assignments)
    return deployed_model(found.content["model"], "m", workspace, found.place)


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("mini_batch_size", "3", "unknown key"),
        ("retry_settings", "{}", "unknown key"),
        ("settings.mini_batch_size", "-3", "greater than or equal to 1"),
        ("settings.mini_batch_size", "5.7", "valid integer"),
        ("settings.output_action", "AppendRow", "give append_row"),
        ("settings.logging_level", "loud", "debug, info, warning"),
        ("settings.error_threshold", "-2", "greater than or equal to -1"),
        ("settings.unknown", "1", "unknown key"),
        ("name", "1st", "a letter first"),
        ("name", "ab", "3 to 32"),
        ("type", "online", "give model or pipeline"),
        ("code_configuration.scoring_script", "null", "scoring_script"),
        ("model.datastore", "x", "azureml://datastores"),
    ],
)
def test_bad_deployments(write, workspace, path, value, problem):
    """One line each; what Azure lets load and then fails is refused now."""
    file = write("deployment.yml", MODEL)

    with pytest.raises(BadDocumentError, match=problem):
        model_of(file, [(path, value)], workspace)


def test_two_instance_counts_are_one_too_many(write):
    """Neither of them wins."""
    file = write("deployment.yml", MODEL)
    both = [("resources.instance_count", "2"), ("settings.instance_count", "2")]

    with pytest.raises(BadDocumentError, match="Leave one of them out"):
        load_batch_deployment(file, both)


def test_a_file_name_without_rows_is_refused(write):
    """It would never be written."""
    file = write("deployment.yml", MODEL)
    both = [("settings.output_action", "summary_only"),
            ("settings.output_file_name", "x")]  # fmt: skip

    with pytest.raises(BadDocumentError, match="has no effect with output_action"):
        load_batch_deployment(file, both)


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        ({"mini_batch_size": "3"}, "mini_batch_size", 3),
        ({"compute": {"instance_count": 2}}, "instance_count", 2),
        ({"instance_count": 2}, "instance_count", 2),
        ({"retry_settings": {"max_retries": 1}}, "max_retries", 1),
        ({"retry_settings": {"timeout": 1}}, "timeout", 1),
        ({"error_threshold": 1}, "error_threshold", 1),
        ({"output_file_name": "a"}, "output_file_name", "a"),
        ({"output_action": "summary_only"}, "output_action", "summary_only"),
        ({"logging_level": "debug"}, "logging_level", "debug"),
        ({"max_concurrency_per_instance": 2}, "max_concurrency_per_instance", 2),
        ({"environment_variables": {"A": 1}}, "environment_variables", {"A": "1"}),
    ],
)
def test_overrides_of_an_invocation(write, given, name, expected):
    """Those of Azure, its own examples' keys, and those that it refuses."""
    file = write("deployment.yml", MODEL)
    settings = load_batch_deployment(file).settings

    changed = overridden(settings, given, read_document(file).top)
    assert getattr(changed, name) == expected


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_environments_are_built_when_asked(workspace, write):
    """Those with a conda file, and no others."""
    text = PIPELINE.replace("{image: any}", "{conda_file: {dependencies: [pip]}}", 1)
    job = load_pipeline_job(workspace, write("pipeline.yml", text), build="venv")
    steps = {step.name: step for step in job.pipeline.graph.steps}

    assert config(steps).environment.python.build == "venv"
    assert steps["say"].environment.python.build is None
