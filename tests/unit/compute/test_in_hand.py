"""One line says what a worker process has in hand, and since when."""

from __future__ import annotations

import pytest

from azml_pipelines.compute.in_hand import describe_in_hand
from azml_pipelines.worker.messages import Bundle
from azml_pipelines.worker.page import Phase, Running

NAME = "node000 process001 (pid 42)"


@pytest.mark.parametrize(
    ("count", "running", "text"),
    [
        pytest.param(
            5,
            Running(7, Phase.RUNNING, 90.0, 3),
            "mini-batches 4-8, try 2, run() of mini-batch 7 for 10 s",
            id="inside of the user's code",
        ),
        pytest.param(
            1,
            Running(4, Phase.LOADING, 99.6, 3),
            "mini-batch 4, try 2, reading or writing of mini-batch 4 for 0 s",
            id="beside it",
        ),
        pytest.param(
            2, None, "mini-batches 4-5, try 2, between two mini-batches", id="idle"
        ),
    ],
)
def test_what_and_since_when(count, running, text):
    """The bundle, the mini-batch, what is done with it, and the seconds."""
    found = describe_in_hand(NAME, Bundle(4, count, 2, b""), running, 100.0)

    assert found == f"{NAME}: {text}"
