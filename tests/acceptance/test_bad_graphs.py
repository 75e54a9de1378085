"""Steps that do not fit together, and calls with wrong arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azml_pipelines import (
    Environment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    PipelineParameter,
    StepSequence,
)
from azml_pipelines.plan.describe import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

HUGE = "x" * 2**20
SURROGATE = "a\udc80b"
CONTROL = "a\x1b[31m\r\nb"


class Evil:
    """An object that does not want to be shown."""

    def __repr__(self):
        raise RuntimeError("no text for you")


def graph_cases() -> Iterator[tuple]:
    """Steps that do not fit together, and calls with wrong names."""
    for steps in [None, 5, "score", (), {}, [None], [5], [PipelineData("x")], Evil()]:
        yield (
            "step",
            None,
            "StepSequence",
            lambda kit, s=steps: Pipeline(kit.workspace, s),
        )
        yield "step", None, "StepSequence", lambda _, s=steps: StepSequence([s])
    for entry in [None, "x", 5, PipelineData("x"), Evil()]:
        yield "inputs", None, "Pass", lambda kit, e=entry: kit.step(inputs=[e])
        yield (
            "argument",
            None,
            "--model_name",
            lambda kit, e=entry: kit.step(
                arguments=[e if not isinstance(e, str) else "x"]
            ),
        )
    yield (
        "PipelineData(name='x')",
        None,
        "side_inputs",
        lambda kit: kit.step(arguments=["--a", PipelineData("x")]),
    )
    for reserved in ["mini_batch_size", "output", "logging_level", "partition_keys"]:
        yield (
            reserved,
            f"--{reserved}",
            "reserved",
            lambda kit, r=reserved: kit.step(arguments=[f"--{r}", "1"]),
        )
    for target in ["nowhere", "", HUGE, CONTROL]:
        yield (
            "compute target",
            None,
            "local",
            lambda kit, t=target: kit.plan(config={"compute_target": t}),
        )


def connection_cases() -> Iterator[tuple]:
    """Outputs and inputs that do not meet."""

    def twice(kit):
        output = PipelineData("rows")
        first, second = (kit.step(name=n, output=output) for n in ("one", "two"))
        return Pipeline(kit.workspace, [first, second])

    def circle(kit):
        first, second = (kit.step(name=n) for n in ("one", "two"))
        first.run_after(second)
        second.run_after(first)
        return describe(Pipeline(kit.workspace, [first, second]))

    def unwritten(kit):
        side = PipelineData("nobody")
        return Pipeline(kit.workspace, [kit.step(side_inputs=[side])])

    yield "'rows'", "one", "output of its own", twice
    yield "one -> two -> one", None, "Remove", circle
    yield "'nobody'", None, "output of a step", unwritten
    yield (
        "mixes",
        None,
        "one kind",
        lambda kit: kit.step(
            inputs=[kit.files().as_named_input("a"), kit.table().as_named_input("b")]
        ),
    )
    yield (
        "'a'",
        None,
        "name of its own",
        lambda kit: kit.step(inputs=[kit.files().as_named_input("a")] * 2),
    )


def call_cases() -> Iterator[tuple]:
    """Misspelt and missing arguments."""
    for call in (ParallelRunConfig, ParallelRunStep, PipelineParameter, PipelineData,
                 Pipeline, Environment):  # fmt: skip
        for name in ("nam", "nodecount", HUGE, SURROGATE):
            yield (
                call.__name__,
                name,
                "It accepts",
                lambda _, c=call, n=name: c(**{n: 1}),
            )
        yield call.__name__, None, "needs", lambda _, c=call: c()
    for given in [5, "a=1", ["a"], Evil()]:
        yield (
            "pipeline_parameters",
            given,
            "names and values",
            lambda kit, g=given: kit.submit(pipeline_parameters=g),
        )
        yield "tags", given, "names and values", lambda kit, g=given: kit.submit(tags=g)


CASES = [
    case for cases in (graph_cases, connection_cases, call_cases) for case in cases()
]


@pytest.mark.parametrize(
    ("field", "value", "accepted", "call"),
    [pytest.param(*case, id=f"{n} {case[0]}") for n, case in enumerate(CASES)],
)
def test_bad_graphs(refused, field, value, accepted, call):
    """One line, at most 300 characters: the field, the value, what is accepted."""
    said = refused(call, field, value, accepted)

    assert field in said
    assert accepted in said
