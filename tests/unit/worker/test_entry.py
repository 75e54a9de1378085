"""The seam to user code."""

from __future__ import annotations

import pytest

from azml_pipelines.errors import UserErrorException
from azml_pipelines.worker.entry import MiniBatchContext, entries
from azml_pipelines.worker.script_entry import ScriptEntry


def test_scripts_are_an_entry_kind():
    """Under the name that plans carry."""
    assert entries.get("script") is ScriptEntry


def test_an_unknown_kind_is_named():
    """And so are those that are known."""
    with pytest.raises(UserErrorException, match=r"'scipt'.*known: .*script"):
        entries.get("scipt")


def test_a_context_is_of_the_first_attempt():
    """Unless somebody says otherwise."""
    context = MiniBatchContext(3)
    assert MiniBatchContext(3, 2).retry_count == 1

    assert (context.minibatch_index, context.mini_batch_id, context.attempt) == (
        3,
        3,
        1,
    )
