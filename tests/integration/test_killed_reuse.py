"""An orchestrator that is killed while it reuses: resumed, it makes the same bytes."""

from __future__ import annotations

import pytest

from azml_pipelines import PipelineData
from azml_pipelines.failpoints import REUSE_POINTS, SCRIPT_POINTS

MAKES = """
import os, sys
for folder in sys.argv[1:]:
    os.makedirs(folder)
    with open(os.path.join(folder, "a.txt"), "w") as file:
        file.write(f"of {os.path.basename(folder)}")
"""
JOINS = """
import sys
from pathlib import Path
text = "".join(Path(folder, "a.txt").read_text() for folder in sys.argv[2:])
Path(sys.argv[1]).write_text(text)
"""
FAULTS = [
    *(f"{name}=kill@1" for name in REUSE_POINTS if name.startswith("reuse.")),
    *(f"{name}=kill@1" for name in SCRIPT_POINTS),
    # The reused step has ended by then, and is not decided about again.
    *("step.end=kill@1", "step.end=kill@2", "run.end=kill@1"),
]


@pytest.fixture
def submit(steps):
    """Submit two scripts; the second one says ``end`` behind what the first made."""

    def submitted(end: str):
        one, two, joined = (PipelineData(name) for name in ("one", "two", "joined"))
        make = steps.script(MAKES, "make", arguments=[one, two], outputs=[one, two])
        join = steps.script(
            JOINS + f"Path(sys.argv[1]).open('a').write({end!r})\n",
            "join",
            arguments=[joined, one, two],
            inputs=[one, two],
            outputs=[joined],
        )
        run = steps.submit(make, join)
        run.wait_for_completion(show_output=False, raise_on_error=False)
        return run

    return submitted


def reused(run):
    """Return which steps have the result of which run."""
    return {step.name: step.reused_from for step in run.state().steps}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_killed_run_reuses_what_it_would_have(steps, submit, monkeypatch, fault):
    """The first step is reused once, the second one runs, and later runs reuse both."""
    first = submit("!")
    monkeypatch.setenv("AZML_FAILPOINTS", fault)
    killed = submit("?")
    monkeypatch.delenv("AZML_FAILPOINTS")
    status = killed.get_status()
    killed.resume()
    killed.wait_for_completion(show_output=False)
    later = submit("?")

    assert status == "Failed"
    assert killed.get_status() == "Finished"
    assert reused(killed) == {"make": first.id, "join": None}
    assert steps.place(killed, "joined").read_text() == "of oneof two?"
    assert reused(later) == {"make": first.id, "join": killed.id}
    assert [finding.text for finding in killed.verify() if not finding.ok] == []
