"""Barriers between steps."""

from __future__ import annotations

import pytest

from azml_pipelines import PipelineData, StepSequence
from azml_pipelines.pipeline.step import PipelineStep
from azml_pipelines.pipeline.step_sequence import flatten_steps


@pytest.fixture
def steps():
    """Four steps."""
    return [PipelineStep(name) for name in "abcd"]


def test_barriers(steps):
    """Each element waits for the whole one before it; a list runs side by side."""
    a, b, c, d = steps
    sequence = StepSequence(steps=[a, [b, c], d])

    assert [a, b, c, d] == list(sequence)
    assert [a] == b.run_after_steps == c.run_after_steps
    assert [b, c] == d.run_after_steps
    assert a.run_after_steps == []


def test_sequences_nest(steps):
    """A sequence inside of a sequence is one element with barriers of its own."""
    a, b, c, d = steps
    StepSequence([StepSequence([a, b]), [], [c, d]])

    assert [a] == b.run_after_steps
    assert [a, b] == c.run_after_steps == d.run_after_steps


def test_flattening(steps):
    """Lists nest, a step counts once, an output stands for its step."""
    a, b, *_ = steps
    output = PipelineData("x")
    output.producer = b

    assert [a, b] == flatten_steps([a, [[output], a], b])


@pytest.mark.parametrize("element", [("a",), "a", None, PipelineData("x")], ids=repr)
def test_what_is_no_step(element):
    """A tuple, text or an output of nobody is version 1's NotImplementedError."""
    with pytest.raises(NotImplementedError, match="cannot be a step"):
        flatten_steps([element])


def test_run_after_takes_steps(steps):
    """Once each, and nothing else."""
    a, b, *_ = steps
    b.run_after(a)
    b.run_after(a)

    assert [a] == b.run_after_steps
    with pytest.raises(ValueError, match="which is no step"):
        b.run_after([a])


@pytest.mark.parametrize("name", ["", None], ids=repr)
def test_steps_have_names(name):
    """A nameless step is refused."""
    with pytest.raises(ValueError, match="needs a name"):
        PipelineStep(name)
