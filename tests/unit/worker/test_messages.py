"""Messages say the same on both sides of the border."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.data.operations import Operation
from azml_pipelines.data.partition_format import Partition
from azml_pipelines.data.table import Table
from azml_pipelines.worker.frames import ProtocolError
from azml_pipelines.worker.messages import (
    Bundle,
    Exit,
    FailedTry,
    NodeStart,
    UserError,
    WorkerInput,
    WorkerStart,
)

# Lone surrogates stand for bytes of file names that are not UTF-8.
TEXT = st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"]))
NUMBER = st.integers(0, 2**63)

TYPES = st.dictionaries(
    TEXT,
    st.builds(
        ColumnType,
        kind=st.sampled_from(["integer", "datetime"]),
        formats=st.lists(TEXT).map(tuple),
        decimal_mark=TEXT,
    ),
)
PARTITION = st.builds(Partition, format=TEXT, prefix=TEXT, types=TYPES)
TABLE = st.builds(
    Table,
    format=TEXT,
    options=st.dictionaries(TEXT, TEXT),
    types=TYPES,
    columns=st.none() | st.lists(TEXT).map(tuple),
    include_path=st.booleans(),
    partition=st.none() | PARTITION,
    operations=st.lists(
        st.builds(
            Operation,
            kind=st.sampled_from(["take", "keep", "filter"]),
            columns=st.lists(TEXT).map(tuple),
            count=NUMBER,
            expression=st.none() | st.lists(TEXT),
        )
    ).map(tuple),
)
INPUT = st.builds(
    WorkerInput,
    name=TEXT,
    kind=st.sampled_from(["file", "tabular"]),
    root=TEXT,
    path=st.none() | TEXT,
    table=st.none() | TABLE,
    partition=st.none() | PARTITION,
    keys=st.lists(TEXT).map(tuple),
)
NODE = st.builds(
    NodeStart,
    node=TEXT,
    entry_kind=TEXT,
    source_directory=TEXT,
    entry_script=TEXT,
    inputs=st.lists(INPUT, max_size=3),
    output_action=TEXT,
    output_directory=TEXT,
    parts=TEXT,
    logs=TEXT,
    arguments=st.lists(TEXT),
    environment=st.dictionaries(TEXT, TEXT),
    startup=st.lists(TEXT),
)
USER_ERROR = st.builds(UserError, TEXT, TEXT, TEXT, TEXT)
FAILED = st.builds(
    FailedTry,
    NUMBER,
    NUMBER,
    TEXT,
    NUMBER,
    USER_ERROR,
    st.floats(0, 1e9),
    st.booleans(),
)


@given(message=NODE)
def test_what_a_node_gets(message):
    """Inputs, arguments and variables arrive as they were."""
    assert message == NodeStart.decode(message.encode())


@given(message=FAILED)
def test_failures(message):
    """Whatever user code has raised, the agent reads the same."""
    assert message == FailedTry.decode(message.encode())


@given(message=USER_ERROR)
def test_user_errors(message):
    """Text of any kind arrives."""
    assert message == UserError.decode(message.encode())


@given(message=st.builds(WorkerStart, NUMBER, TEXT, TEXT))
def test_starts(message):
    """A number, a name and a part arrive."""
    assert message == WorkerStart.decode(message.encode())


@given(message=st.builds(Exit, NUMBER, st.integers(-64, 255)))
def test_exits(message):
    """Signals stay negative."""
    assert message == Exit.decode(message.encode())


@given(message=st.builds(Bundle, NUMBER, NUMBER, NUMBER, st.binary()))
def test_bundles(message):
    """The lines travel as they are, whatever their bytes."""
    assert message == Bundle.decode(message.encode())


@pytest.mark.parametrize("kind", [NodeStart, WorkerStart, Exit, UserError, FailedTry])
def test_garbage_is_refused(kind):
    """A message that is no JSON object is named as such."""
    with pytest.raises(ProtocolError):
        kind.decode(b"\x00\x01")


def test_messages_are_values():
    """Nobody changes a message after it was made."""
    message = WorkerStart(1, "process000", "a.part")

    with pytest.raises(AttributeError):
        message.number = 2
