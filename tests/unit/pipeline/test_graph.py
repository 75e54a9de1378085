"""Which step needs which."""

from __future__ import annotations

import subprocess
import sys

import pytest

from azml_pipelines import DeclarationError, PipelineData
from azml_pipelines.errors import CycleError
from azml_pipelines.pipeline.graph import build_graph
from azml_pipelines.pipeline.step import PipelineStep


class Step(PipelineStep):
    """A step that only reads and writes."""

    def __init__(self, name, reads=(), writes=()):
        super().__init__(name, inputs=reads, outputs=writes)
        for data in writes:
            data.producer = self

    def reads(self):
        """See ``PipelineStep``."""
        return self.inputs

    def writes(self):
        """See ``PipelineStep``."""
        return self.outputs


@pytest.fixture
def data():
    """Two places for data."""
    return PipelineData("x"), PipelineData("y")


def test_order_follows_data_and_run_after(data):
    """Steps come after those they need, and otherwise as they were listed."""
    x, _ = data
    reader, other, writer = Step("reader", [x]), Step("other"), Step("writer", (), [x])
    writer.run_after(other)
    graph = build_graph([reader, writer, other])

    assert graph.in_order() == (other, writer, reader)
    assert graph.needed_by(reader) == (writer,)
    assert graph.needed_by(writer) == (other,)


def test_needed_steps_are_added(data):
    """Producers and predecessors, and those that they need."""
    x, y = data
    first, second = Step("first", (), [x]), Step("second", [x], [y])
    before = Step("before")
    first.run_after(before)
    last = Step("last", [y])

    assert build_graph([last]).in_order() == (before, first, second, last)


def test_nothing_is_added_unasked(data):
    """Without closure, what is missing is named."""
    x, _ = data
    Step("writer", (), [x])

    with pytest.raises(DeclarationError, match="'reader' needs step 'writer'"):
        build_graph([Step("reader", [x])], resolve_closure=False)


def test_a_listed_producer_wins(data):
    """Making a step again, as notebooks do, does not drag the new one in."""
    x, _ = data
    old, reader = Step("writer", (), [x]), Step("reader", [x])
    Step("writer", (), [x])

    assert build_graph([old, reader]).in_order() == (old, reader)


def test_nobody_writes(data):
    """Data without a producer is a ValueError that names step and data."""
    x, _ = data

    with pytest.raises(ValueError, match="'reader' reads PipelineData 'x'"):
        build_graph([Step("reader", [x])])


def test_two_write(data):
    """Two producers of one output are a ValueError that names both."""
    x, _ = data
    steps = [Step("first", (), [x]), Step("second", (), [x])]

    with pytest.raises(ValueError, match="'first' and 'second' both write"):
        build_graph(steps)


def test_steps_that_are_listed_in_order_need_no_search():
    """A library that takes 0.1 s to load is left to pipelines that are not."""
    code = (
        "import sys\n"
        "from azml_pipelines.pipeline.graph import build_graph\n"
        "from azml_pipelines.pipeline.step import PipelineStep\n"
        "class Step(PipelineStep):\n"
        "    def reads(self): return ()\n"
        "    def writes(self): return ()\n"
        "first, second = Step('first'), Step('second')\n"
        "second.run_after(first)\n"
        "graph = build_graph([first, second])\n"
        "print(graph.in_order() == (first, second), 'networkx' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True)

    assert found.stdout == "True False\n"


def test_cycles_are_drawn(data):
    """A circle of data and run_after is named as a path."""
    x, y = data
    first, second = Step("first", [y], [x]), Step("second", [x], [y])
    graph = build_graph([first, second])

    with pytest.raises(CycleError) as caught:
        graph.in_order()
    assert "first -> second -> first" in str(caught.value)
    assert caught.value.steps == ("first", "second", "first")


def test_a_step_cannot_wait_for_itself():
    """The shortest circle."""
    step = Step("only")
    step.run_after(step)

    with pytest.raises(CycleError, match="only -> only"):
        build_graph([step]).in_order()
