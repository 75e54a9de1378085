"""Every row of version 1's table of ParallelRunConfig arguments (section 20)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from azml_pipelines import (
    AmlCompute,
    ComputeTarget,
    DeclarationError,
    ParallelRunConfig,
    PipelineParameter,
)

FORBIDDEN_IN_FILE_NAME = '~"#%&*:<>?/\\{|}'


def cluster(maximum_node_count):
    """A compute target object, as far as a configuration looks at it."""
    limit = SimpleNamespace(maximum_node_count=maximum_node_count)
    return SimpleNamespace(name="cpu-cluster", scale_settings=limit)


def test_defaults(config_of):
    """What is not given is version 1's default, and stays an attribute."""
    config = config_of()

    assert config.process_count_per_node is None
    assert config.mini_batch_size is None
    assert config.description is None
    assert config.logging_level == "INFO"
    assert config.run_invocation_timeout == 60
    assert config.run_max_try == 3
    assert config.append_row_file_name is None
    assert config.allowed_failed_count is None
    assert config.allowed_failed_percent is None
    assert config.partition_keys is None
    assert config.environment_variables == {}


@pytest.mark.parametrize(
    ("argument", "default"),
    [("logging_level", "INFO"), ("run_invocation_timeout", 60), ("run_max_try", 3)],
)
def test_none_means_the_default(config_of, argument, default):
    """None is accepted where version 1 accepts it."""
    config = config_of(**{argument: None})

    assert default == getattr(config, argument)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("5", 5, id="digits are a number"),
        pytest.param("1KB", 1024, id="kilobytes"),
        pytest.param("10mb", 10 * 1024**2, id="lower case"),
        pytest.param("2Gb", 2 * 1024**3, id="mixed case"),
        pytest.param(7, 7, id="a number stays"),
        pytest.param(0, 0, id="a number is not range checked here"),
        pytest.param(-3, -3, id="not even a negative one"),
    ],
)
def test_mini_batch_size_becomes_a_number_in_place(config_of, given, kept):
    """Text is converted when the configuration is made."""
    config = config_of(mini_batch_size=given)

    assert kept == config.mini_batch_size


@pytest.mark.parametrize(
    "argument",
    [
        "mini_batch_size",
        "process_count_per_node",
        "node_count",
        "logging_level",
        "run_invocation_timeout",
        "run_max_try",
    ],
)
def test_a_parameter_is_kept_unchecked(config_of, argument):
    """The value of a parameter is only known at submission."""
    parameter = PipelineParameter("any", "not a number")
    config = config_of(compute_target=cluster(1), **{argument: parameter})

    assert parameter is getattr(config, argument)
    assert config.parameters == [parameter]


ACCEPTED = [
    pytest.param({"error_threshold": -1}, id="error_threshold -1 ignores failures"),
    pytest.param({"error_threshold": True}, id="error_threshold bool passes as int"),
    pytest.param({"output_action": "Append_Row"}, id="output_action in any case"),
    pytest.param({"allowed_failed_count": -1}, id="allowed_failed_count -1"),
    pytest.param({"allowed_failed_percent": 0}, id="allowed_failed_percent 0"),
    pytest.param({"allowed_failed_percent": 100}, id="allowed_failed_percent 100"),
    pytest.param({"allowed_failed_percent": 2.5}, id="allowed_failed_percent 2.5"),
    pytest.param({"partition_keys": ["store"]}, id="partition_keys of text"),
    pytest.param({"partition_keys": []}, id="partition_keys empty"),
    pytest.param(
        {"partition_keys": PipelineParameter("keys", '["store"]')},
        id="partition_keys as JSON in a parameter",
    ),
    pytest.param({"process_count_per_node": 1}, id="process_count_per_node 1"),
    pytest.param(
        {"node_count": 4, "compute_target": cluster(4)}, id="node_count at the limit"
    ),
    pytest.param(
        {"node_count": 999, "compute_target": "cpu-cluster"},
        id="node_count unchecked with a name",
    ),
    pytest.param({"compute_target": ("cpu", "AmlCompute")}, id="compute by name, type"),
    pytest.param({"compute_target": None}, id="compute_target none is this machine"),
    pytest.param({"run_invocation_timeout": 0.5}, id="run_invocation_timeout 0.5"),
    pytest.param({"run_max_try": 1}, id="run_max_try 1"),
    pytest.param({"logging_level": "chatty"}, id="logging_level is not checked here"),
    pytest.param(
        {"output_action": "summary_only", "append_row_file_name": "a/b"},
        id="append_row_file_name unchecked with summary_only",
    ),
    pytest.param({"append_row_file_name": "out 1.txt"}, id="append_row_file_name"),
]


@pytest.mark.parametrize("given", ACCEPTED)
def test_accepted(config_of, given):
    """What version 1 accepts is accepted and kept as it was written."""
    config = config_of(**given)

    assert given == {name: getattr(config, name) for name in given}


REFUSED = [
    pytest.param({"environment": None}, id="environment missing"),
    pytest.param({"environment": "scoring"}, id="environment is only a name"),
    pytest.param({"output_action": "append"}, id="output_action unknown"),
    pytest.param({"error_threshold": -2}, id="error_threshold below -1"),
    pytest.param({"error_threshold": 1.0}, id="error_threshold float"),
    pytest.param({"error_threshold": "1"}, id="error_threshold text"),
    pytest.param({"error_threshold": None}, id="error_threshold missing"),
    pytest.param(
        {"error_threshold": PipelineParameter("p", 1)}, id="error_threshold parameter"
    ),
    pytest.param({"allowed_failed_count": -2}, id="allowed_failed_count below -1"),
    pytest.param({"allowed_failed_count": 1.5}, id="allowed_failed_count float"),
    pytest.param({"allowed_failed_percent": -0.1}, id="allowed_failed_percent -0.1"),
    pytest.param({"allowed_failed_percent": 100.1}, id="allowed_failed_percent 100.1"),
    pytest.param({"allowed_failed_percent": "5"}, id="allowed_failed_percent text"),
    pytest.param(
        {"allowed_failed_percent": float("nan")}, id="allowed_failed_percent nan"
    ),
    pytest.param(
        {"mini_batch_size": 5, "partition_keys": ["store"]}, id="two ways of splitting"
    ),
    pytest.param({"mini_batch_size": "1.5MB"}, id="mini_batch_size decimal"),
    pytest.param({"mini_batch_size": "10 MB"}, id="mini_batch_size blank"),
    pytest.param({"mini_batch_size": "10b"}, id="mini_batch_size bare b"),
    pytest.param({"mini_batch_size": "1kbkb"}, id="mini_batch_size doubled unit"),
    pytest.param({"mini_batch_size": "-5"}, id="mini_batch_size sign"),
    pytest.param({"mini_batch_size": ""}, id="mini_batch_size empty"),
    pytest.param({"mini_batch_size": 1.5}, id="mini_batch_size float"),
    pytest.param({"partition_keys": "store"}, id="partition_keys text"),
    pytest.param({"partition_keys": ["store", 1]}, id="partition_keys with a number"),
    pytest.param(
        {"partition_keys": PipelineParameter("keys", "store")},
        id="partition_keys parameter is no JSON",
    ),
    pytest.param(
        {"partition_keys": PipelineParameter("keys", '{"store": 1}')},
        id="partition_keys parameter is no JSON list",
    ),
    pytest.param({"process_count_per_node": 0}, id="process_count_per_node 0"),
    pytest.param(
        {"node_count": 0, "compute_target": cluster(4)}, id="node_count 0 of 4"
    ),
    pytest.param(
        {"node_count": 5, "compute_target": cluster(4)}, id="node_count 5 of 4"
    ),
    pytest.param({"run_invocation_timeout": 0}, id="run_invocation_timeout 0"),
    pytest.param({"run_invocation_timeout": -1}, id="run_invocation_timeout negative"),
    pytest.param(
        {"run_invocation_timeout": float("inf")}, id="run_invocation_timeout endless"
    ),
    pytest.param({"run_max_try": 0}, id="run_max_try 0"),
    pytest.param({"run_max_try": -3}, id="run_max_try negative"),
    *(
        pytest.param({"append_row_file_name": f"a{c}b"}, id=f"append_row_file_name {c}")
        for c in FORBIDDEN_IN_FILE_NAME
    ),
    pytest.param({"append_row_file_name": ".."}, id="append_row_file_name is a folder"),
    pytest.param({"append_row_file_name": 5}, id="append_row_file_name number"),
    pytest.param(
        {"entry_script": PipelineParameter("p", "score.py")},
        id="entry_script parameter",
    ),
    pytest.param({"source_directory": 5}, id="source_directory number"),
    pytest.param({"compute_target": 1}, id="compute_target number"),
]


@pytest.mark.parametrize("given", REFUSED)
def test_refused_with_value_error(config_of, given):
    """What version 1 refuses is a ValueError, on one line, that names the argument."""
    with pytest.raises(ValueError, match=next(iter(given))) as caught:
        config_of(**given)

    assert isinstance(caught.value, DeclarationError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        pytest.param(
            {"output_action": None}, AttributeError, id="output_action missing"
        ),
        pytest.param(
            {"process_count_per_node": "2"}, TypeError, id="process_count_per_node text"
        ),
        pytest.param(
            {"node_count": "2", "compute_target": cluster(4)},
            TypeError,
            id="node_count text",
        ),
        pytest.param(
            {"run_invocation_timeout": "60"},
            TypeError,
            id="run_invocation_timeout text",
        ),
        pytest.param({"run_max_try": "3"}, TypeError, id="run_max_try text"),
    ],
)
def test_refused_with_another_error(config_of, given, error):
    """Where version 1 lets another error escape, it is that one and a ValueError."""
    with pytest.raises(error, match=next(iter(given))) as caught:
        config_of(**given)

    assert isinstance(caught.value, DeclarationError)


def test_order_of_checks(config_of):
    """With everything wrong, problems are reported in version 1's order."""
    wrong = {
        "environment": None,
        "output_action": "append",
        "error_threshold": -2,
        "allowed_failed_count": -2,
        "allowed_failed_percent": 101,
        "partition_keys": "store",  # beside mini_batch_size
        "mini_batch_size": "10 MB",
        "process_count_per_node": 0,
        "node_count": 9,
        "run_invocation_timeout": 0,
        "run_max_try": 0,
        "append_row_file_name": "a/b",
    }
    reported = []
    for argument in list(wrong):
        with pytest.raises(ValueError, match=argument) as caught:
            config_of(compute_target=cluster(4), **wrong)
        reported.append(str(caught.value))
        del wrong[argument]

    assert "exclude each other" in reported[5]
    assert isinstance(config_of(compute_target=cluster(4), **wrong), ParallelRunConfig)


def test_mini_batch_size_is_checked_before_partition_keys(config_of):
    """Partition keys alone are checked, after the size."""
    with pytest.raises(ValueError, match="partition_keys"):
        config_of(partition_keys="store", process_count_per_node=0)


def test_text_is_stripped(config_of, scripts):
    """Blanks around a script or folder are not part of its name."""
    config = config_of(entry_script=" score.py ", source_directory=f" {scripts}\n")

    assert config.entry_script == "score.py"
    assert str(scripts) == config.source_directory


def test_environment_variables_can_be_emptied(config_of):
    """Assigning None makes an empty mapping."""
    config = config_of(environment_variables={"A": "1"})
    config.environment_variables = None

    assert config.environment_variables == {}


def test_a_compute_target_object_limits_nodes(config_of, workspace):
    """An ``AmlCompute`` knows how many nodes it has."""
    settings = AmlCompute.provisioning_configuration(vm_size="any", max_nodes=2)
    target = ComputeTarget.create(workspace, "cpu-cluster", settings)

    assert config_of(compute_target=target, node_count=2).compute_target is target
    with pytest.raises(ValueError, match="'cpu-cluster' has 1 to 2 nodes"):
        config_of(compute_target=target, node_count=3)


def test_the_count_of_processes_may_be_left_to_the_run(config_of):
    """Ours; the one word, beside version 1's numbers."""
    assert config_of(process_count_per_node="auto").process_count_per_node == "auto"
