"""Wrong values of what version 1 does not have, and of what we take care of besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from azml_pipelines import Pipeline, PipelineData
from azml_pipelines.plan.describe import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

NAN, INF = float("nan"), float("inf")
HUGE = "x" * 2**20
SURROGATE = "a\udc80b"
CONTROL = "a\x1b[31m\r\nb"
SIZES = [0, -1, "2GG", "", "-1KB", "1e3", True, 1.5, NAN, INF, b"1", [1], HUGE, CONTROL]

CONFIG = {
    "memory_limit_per_process": ("'512MB'", SIZES),
    "max_result_bytes": ("'512MB'", [*SIZES, None]),
    "on_failed_mini_batch": (
        "'fail' or 'bisect'",
        ["", "Fail", "bisection", None, 5, True, b"fail", [], HUGE, CONTROL, SURROGATE],
    ),
}
VARIABLES = [
    ({"AZML_RUN_ID": "1"}, "AZML_"),
    ({"AZML_": "1"}, "AZML_"),
]


def config_cases() -> Iterator[tuple]:
    """Settings of a configuration, and variables that are ours."""
    for field, (accepted, values) in CONFIG.items():
        for value in values:
            yield (
                field,
                value,
                accepted,
                lambda kit, f=field, v=value: kit.config(**{f: v}),
            )
    for variables, accepted in VARIABLES:
        yield (
            next(iter(variables)),
            None,
            accepted,
            lambda kit, v=variables: kit.plan(config={"environment_variables": v}),
        )


def graph_cases() -> Iterator[tuple]:
    """Steps that read what they write."""

    def alone(kit):
        output = PipelineData("rows")
        step = kit.step(inputs=[output.as_dataset()], output=output)
        return describe(Pipeline(kit.workspace, [step]))

    def beside(kit):
        output = PipelineData("rows")
        step = kit.step(side_inputs=[output], output=output)
        return describe(Pipeline(kit.workspace, [step]))

    yield "score-texts -> score-texts", None, "Remove", alone
    yield "score-texts -> score-texts", None, "Remove", beside


CASES = [case for cases in (config_cases, graph_cases) for case in cases()]


@pytest.mark.parametrize(
    ("field", "value", "accepted", "call"),
    [pytest.param(*case, id=f"{n} {case[0]}") for n, case in enumerate(CASES)],
)
def test_bad_extensions(refused, field, value, accepted, call):
    """One line, at most 300 characters: the field, the value, what is accepted."""
    said = refused(call, field, value, accepted)

    assert field in said
    assert accepted in said


def test_the_order_of_steps_does_not_matter(kit):
    """A step may be named before the one whose output it reads."""
    output = PipelineData("first_rows")
    later = kit.step(name="later", inputs=[output.as_dataset()])
    first = kit.step(name="first", output=output)
    described = describe(Pipeline(kit.workspace, [later, first]))

    assert ["first", "later"] == [step.name for step in described.steps]


def test_a_long_chain_of_steps(kit):
    """They are described, each once, in an order that works."""
    previous, steps = None, []
    for number in range(200):
        output = PipelineData(f"rows_{number}")
        inputs = {"inputs": [previous.as_dataset()]} if previous else {}
        steps.append(kit.step(name=f"step-{number}", output=output, **inputs))
        previous = output
    described = describe(Pipeline(kit.workspace, [steps[-1]]))

    assert [f"step-{n}" for n in range(200)] == [s.name for s in described.steps]


def test_a_variable_that_changes_every_program(kit):
    """It is allowed, and said."""
    with pytest.warns(UserWarning, match="LD_PRELOAD"):
        kit.plan(config={"environment_variables": {"LD_PRELOAD": "x.so"}})
