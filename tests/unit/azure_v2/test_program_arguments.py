"""Flags of the runtime among the arguments of a script."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from azml_pipelines.azure_v2.document import Document
from azml_pipelines.azure_v2.program_arguments import runtime_flags
from azml_pipelines.errors import BadDocumentError

PLACE = Document(Path("a.yml"), {}).top / "task" / "program_arguments"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("arguments", "values", "rest"),
    [
        pytest.param(["--mine", "1"], {}, ["--mine", "1"], id="of the script"),
        pytest.param(
            ["--error_threshold", "5"], {"error_threshold": "5"}, [], id="of ours"
        ),
        pytest.param(
            ["--error_threshold=5"], {"error_threshold": "5"}, [], id="equals sign"
        ),
        pytest.param(
            ["--error_threshold", "5", "--error_threshold", "6"],
            {"error_threshold": "6"},
            [],
            id="the last one wins",
        ),
        pytest.param(
            ["--resource_monitor_interva", "20", "x"],
            {"resource_monitor_interval": "20"},
            ["--resource_monitor_interval", "20", "x"],
            id="a beginning that is one flag's alone",
        ),
        pytest.param(["--a", "1"], {}, ["--a", "1"], id="one that is not"),
        pytest.param(
            ["--log", "/tmp/x"], {}, ["--log", "/tmp/x"], id="a path is no level"
        ),
        pytest.param(
            ["--append_row_dataframe_header", "True"],
            {"append_row_dataframe_header": "True"},
            ["--append_row_dataframe_header", "True"],
            id="one that the plan reads from the arguments",
        ),
        pytest.param(["--amlbi_async_mode", "False"], {"amlbi_async_mode": "False"},
                     ["--amlbi_async_mode", "False"], id="switched off"),
    ],
)  # fmt: skip
def test_flags_are_found(arguments, values, rest):
    """What is ours is a setting, what is not goes to the script as it is."""
    found = runtime_flags(arguments, PLACE)

    assert (found.values, list(found.rest)) == (values, rest)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--error_threshold", "-2"], "give -1 to"),
        (["--error_threshold", "many"], "give a number"),
        (["--allowed_failed_percent", "101"], "give 0 to 100"),
        (["--task_overhead_timeout", "259201"], "give 0 to 259200"),
        (["--logging_level", "loud"], "give one of DEBUG"),
        (["--resume_from", "1"], "azml resume RUN"),
        (["--amlbi_async_mode", "True"], "max_concurrency_per_instance"),
        (["--amlbi_file_format", "jsonl"], "MLTable"),
    ],
)
def test_values_that_cannot_be_are_refused(arguments, reason):
    """The flag, its value, and what it may be."""
    with pytest.raises(BadDocumentError, match=reason):
        runtime_flags(arguments, PLACE)


@pytest.mark.parametrize(
    "flag",
    [
        "task_overhead_timeout",
        "progress_update_timeout",
        "first_task_creation_timeout",
        "copy_logs_to_parent",
        "metrics_name_prefix",
        "push_metrics_to_parent",
        "resource_monitor_interval",
        "profiling_module",
    ],
)
def test_flags_without_an_effect_say_so(flag):
    """One line with the reason; the script still finds them."""
    with pytest.warns(UserWarning, match=f"--{flag} has no effect: ."):
        found = runtime_flags([f"--{flag}", "7"], PLACE)

    assert list(found.rest) == [f"--{flag}", "7"]


@pytest.mark.parametrize(
    "flag", ["append_row_safe_output", "amlbi_dataframe_mixed_types"]
)
def test_flags_for_what_is_always_so_are_silent(flag):
    """Nothing is said about what is granted anyway."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = runtime_flags([f"--{flag}", "true"], PLACE)

    assert list(found.rest) == [f"--{flag}", "true"]
