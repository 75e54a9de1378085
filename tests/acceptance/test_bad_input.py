"""T17: whatever is wrong with an input is said on one line, and nothing is created.

Each row names a field, some wrong values and a word of what is accepted instead. Where
version 1 accepts a value, so do we, whatever else could be wished for: booleans count
as whole numbers, ``mini_batch_size`` may be any int until a run is submitted, a failing
count has no upper limit, ``run_invocation_timeout`` and ``run_max_try`` only have to be
above 0, and ``allowed_failed_percent`` may be a boolean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azml_pipelines import (
    Datastore,
    Experiment,
    Model,
    PipelineData,
    PipelineParameter,
    Workspace,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NAN, INF = float("nan"), float("inf")
HUGE = "x" * 2**20
SURROGATE = "a\udc80b"
CONTROL = "a\x1b[31m\r\nb"


class Evil:
    """An object that does not want to be shown."""

    def __repr__(self):
        raise RuntimeError("no text for you")


# Argument of ParallelRunConfig: what is accepted, and what its constructor refuses.
NOT_TEXT = [None, 5, b"x", ["x"], object(), Evil(), PipelineParameter("p", "x")]
CONFIG = {
    "environment": ("Environment", [None, "scoring", 5, {}, Evil()]),
    "entry_script": ("text", [*NOT_TEXT, "a\0b.py", SURROGATE + ".py", CONTROL]),
    "error_threshold": (
        "whole number",
        [-2, -100, 1.0, NAN, INF, "10%", "1", "", None, b"1", [], {}, Evil()],
    ),
    "output_action": (
        "append_row",
        ["append", "AppendRow", "", " append_row", "summary", HUGE, SURROGATE, CONTROL,
         None, 5, b"append_row", ["append_row"], Evil()],
    ),
    "compute_target": ("compute target", [5, 1.5, b"local", [], {}, True, Evil()]),
    "process_count_per_node": (
        "from 1 on, 'auto', or None",
        [0, -1, NAN, "2", "two", "Auto", "auto ", "", b"2", [2], {}, HUGE, CONTROL,
         Evil()],
    ),
    "node_count": ("whole number", [None, b"1", [1], {}]),
    "mini_batch_size": (
        "'10KB', '1MB' or '2GB', '500 rows' (tables), or 'auto'",
        ["", "5  rows", "rows", "-5 rows", "1.5 rows", "auto ", "automatic", "-1KB",
         "10XB", "1e3", "5 files", "1.5", " 5", "10 MB", "5b", "KB",
         "1KBKB", "0x10", "9" * 5000, HUGE, CONTROL, SURROGATE, 1.5, NAN, b"5", [5], {},
         Evil()],
    ),
    "source_directory": ("text", [5, b"x", ["x"], Evil(), "a\0b", "a\x1bb", SURROGATE]),
    "run_invocation_timeout": (
        "above 0",
        [0, -5, -0.1, INF, -INF, NAN, "60s", "60", b"60", [], {}, Evil()],
    ),
    "run_max_try": ("above 0", [0, -1, INF, NAN, "3", b"3", [], {}, Evil()]),
    "append_row_file_name": (
        "file name",
        ["a/b", "../x", "/etc/passwd", "a\\b", "a\0", ".", "..", "a*", "a?", "<a>",
         "a|b", "~a", 'a"b', "a#", "a%", "a&", "a:b", "{a}", "x" * 256, "é" * 128, HUGE,
         CONTROL, SURROGATE, 5, b"x", ["x"], Evil()],
    ),
    "allowed_failed_count": ("whole number", [-2, 1.0, NAN, "10", b"1", [], Evil()]),
    "allowed_failed_percent": (
        "0 to 100",
        [-1, -0.01, 100.01, 101, NAN, INF, "5", b"5", [], Evil()],
    ),
    "partition_keys": (
        "list of column names",
        ["user", 5, b"user", [5], [None], [b"a"], {"a": 1},
         PipelineParameter("k", "[" * 9999), PipelineParameter("k", "{}"),
         PipelineParameter("k", "[1]"), Evil()],
    ),
    "environment_variables": ("mapping", [5, "A=1", ["A"], b"A", True, Evil()]),
}  # fmt: skip

# The same, refused when a pipeline is submitted.
SUBMITTED = {
    "node_count": ("equal to", [0, -1, 10**6, 2**70]),
    "process_count_per_node": (
        "from 1 to 1000, or 'auto'", [1001, 10**6, 2**70, 2.5, INF],
    ),
    "mini_batch_size": ("from 1 to 10**18", [0, -1, "0", "0KB", 10**19, 2**70]),
    "run_max_try": ("integer", [2.5]),
    "logging_level": ("INFO", ["TRACE", "", "warn!", 7, HUGE, CONTROL]),
    "environment_variables": (
        "Give text",
        [{"A=B": "1"}, {"": "1"}, {"A\0": "1"}, {5: "1"}, {"A": None}, {"A": "\0"},
         {"A": b"1"}, {"A": ["1"]}, {"A": Evil()}, {"TOKEN": ["hunter2"]}],
    ),
    "entry_script": (
        "entry_script",
        ["missing.py", "../scripts", ".", "/etc/passwd", "../outside.py", "", HUGE],
    ),
    "source_directory": ("path", ["/nowhere/at/all", "/etc/passwd", HUGE]),
}  # fmt: skip

# Argument of ParallelRunStep.
STEP = {
    "name": (
        "3 to 32 characters",
        ["", "A", "1a2", "a_b", "ab", "x" * 33, "abc-", "-abc", "a b c", "Abc", "café",
         "🙂🙂🙂", "../x", "con.", "a/b", "abc\n", HUGE, CONTROL, SURROGATE, None, 5,
         b"abc", ["abc"], Evil()],
    ),
    "parallel_run_config": ("ParallelRunConfig", [None, "config", 5, {}, Evil()]),
    "inputs": ("inputs=[", [None, [], (), "texts", 5, {}, b"x", Evil()]),
    "output": (
        "PipelineData",
        [None, "rows", 5, [PipelineData("rows")], {}, b"rows", True, Evil()],
    ),
    "side_inputs": ("list", ["x", 5, {"a": 1}, b"x", Evil()]),
    "arguments": (
        "Pass",
        ["--a", 5, {"a": 1}, b"--a", ["--a", None], ["--a", ["b"]], ["--a", {}],
         ["--a", b"x"], ["--a", object()], ["--a", Evil()]],
    ),
    "allow_reuse": ("True or False", ["yes", 1, 0, None, "True", [], Evil()]),
}  # fmt: skip


def config_cases() -> Iterator[tuple]:
    """What configurations and steps are made of."""
    for field, (accepted, values) in CONFIG.items():
        for value in values:
            yield (
                field,
                value,
                accepted,
                lambda kit, f=field, v=value: kit.config(**{f: v}),
            )
    for field, (accepted, values) in SUBMITTED.items():
        for value in values:
            shown = (
                None if field.endswith(("script", "directory", "variables")) else value
            )
            yield (
                field,
                shown,
                accepted,
                lambda kit, f=field, v=value: kit.plan(config={f: v}),
            )
    for field, (accepted, values) in STEP.items():
        for value in values:
            shown = None if field == "arguments" else value
            yield (
                field,
                shown,
                accepted,
                lambda kit, f=field, v=value: kit.step(**{f: v}),
            )


def parameter_cases() -> Iterator[tuple]:
    """Names, defaults and overrides of PipelineParameters."""
    for name in [
        "",
        None,
        5,
        b"x",
        "a=b",
        "a\nb",
        "x" * 256,
        HUGE,
        SURROGATE,
        [],
        Evil(),
    ]:
        yield "name", name, "255", lambda _, n=name: PipelineParameter(n, 1)
    for value in [None, [], {}, b"x", (1,), object(), Evil(), {1}]:
        yield "'p'", value, "DataPath", lambda _, v=value: PipelineParameter("p", v)
    wrong = {
        "int": (5, ["1", 1.0, None, b"1", [], HUGE, SURROGATE, Evil()]),
        "str": ("5", [1, True, 1.5, None, b"1", [], Evil()]),
        "float": (60.0, [1, "60", True, None, [], Evil()]),
        "bool": (True, ["yes", 1.5, None, []]),
    }
    for kind, (default, values) in wrong.items():
        for value in values:
            yield (
                "'p'",
                value,
                kind,
                lambda kit, d=default, v=value: kit.plan(
                    {"p": v}, arguments=["--p", PipelineParameter("p", d)]
                ),
            )
    for name in ["q", "", "P", "p ", HUGE, CONTROL, SURROGATE, 5, None]:
        yield (
            "arameter",
            name,
            "p (int)",
            lambda kit, n=name: kit.plan(
                {n: 1}, arguments=["--p", PipelineParameter("p", 1)]
            ),
        )


def bound_cases() -> Iterator[tuple]:
    """Settings that got their value from a parameter."""
    bound = {
        "node_count": 0,
        "run_max_try": -1,
        "mini_batch_size": "5 MB",
        "process_count_per_node": "all",
    }
    for field, value in bound.items():
        yield (
            field,
            value,
            "parameter 'p'",
            lambda kit, f=field, v=value: kit.plan(
                config={f: PipelineParameter("p", v)}
            ),
        )


BAD_NAMES = ["", "a b", "a/b", "../x", CONTROL, SURROGATE, HUGE, None, 5, b"x", Evil()]


def name_cases() -> Iterator[tuple]:
    """Names of everything that has one."""
    bad = BAD_NAMES
    for name in [*bad, "a", "-abc", "x" * 34]:
        yield (
            "Workspace name",
            name,
            "3 to 33",
            lambda kit, n=name: Workspace.create(n, path=kit.root / "other"),
        )
    for name in [*bad, "a.b", "-a", "x" * 256, "'; DROP TABLE runs; --"]:
        yield (
            "Experiment name",
            name,
            "1 to 255",
            lambda kit, n=name: Experiment(kit.workspace, n),
        )


def data_name_cases() -> Iterator[tuple]:
    """Names of data and where it lies."""
    bad = BAD_NAMES
    for name in [*bad, "a-b", "é" * 300]:
        yield (
            "PipelineData name",
            name,
            "underscores",
            lambda _, n=name: PipelineData(n),
        )
    for name in [*bad[1:7], 5, b"x", "1a", "a-b"]:
        yield (
            "input or output",
            name,
            "underscores",
            lambda kit, n=name: kit.files().as_named_input(n),
        )
    for name in [*bad, "a-b", "x" * 256]:
        yield (
            "datastore_name",
            name,
            "letters",
            lambda kit, n=name: Datastore.register_local_folder(
                kit.workspace, n, kit.root
            ),
        )
    for name in [*bad[:-4], "a b"]:
        yield (
            "name",
            name,
            "letters",
            lambda kit, n=name: Model.register(
                kit.workspace, kit.root / "table.csv", n
            ),
        )
    for name in ["", None, 5, "  "]:
        yield (
            "name",
            name,
            "name=",
            lambda kit, n=name: kit.files().register(kit.workspace, n),
        )


CASES = [
    case
    for cases in (
        config_cases,
        parameter_cases,
        bound_cases,
        name_cases,
        data_name_cases,
    )
    for case in cases()
]


@pytest.mark.parametrize(
    ("field", "value", "accepted", "call"),
    [pytest.param(*case, id=f"{n} {case[0]}") for n, case in enumerate(CASES)],
)
def test_bad_input(refused, field, value, accepted, call):
    """One line, at most 300 characters: the field, the value, what is accepted."""
    said = refused(call, field, value, accepted)

    assert field in said
    assert accepted in said


def test_a_misspelt_argument_is_recognised(kit):
    """The closest name is offered."""
    with pytest.raises(TypeError, match="Did you mean 'node_count'"):
        kit.config(nodecount=2)


def test_there_are_enough_cases():
    """At least 400."""
    assert len(CASES) >= 400
