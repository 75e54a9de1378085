"""``azml resume``."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def project(make_project):
    """These tests resume, so they have a project of their own."""
    return make_project()


def test_what_is_kept_is_said_and_knobs_are_taken(here, failed_id, type_command):
    """The id is the output; the rest is talk."""
    result = type_command(
        "resume", failed_id, "--node-count", 2, "--run-invocation-timeout", 9, "--wait"
    )
    override = here / ".azml" / "runs" / failed_id / "resume.1.json"

    assert (1, failed_id) == (result.exit_code, result.stdout.strip())
    assert (
        "read-texts: keeps 0 finished mini-batches (0 rows), 1 to do" in result.stderr
    )
    assert '"node_count": 2' in override.read_text()


def test_a_changed_script_is_refused(here, failed_id, type_command):
    """One line with what has changed, unless it is allowed."""
    (here / "source" / "neighbour.py").write_text("")
    refused = type_command("resume", failed_id)
    allowed = type_command("resume", failed_id, "--allow-changed", "--wait")
    (here / "source" / "neighbour.py").unlink()

    assert (2, "") == (refused.exit_code, refused.stdout)
    assert "added neighbour.py" in refused.stderr
    assert "--allow-changed" in refused.stderr
    assert 1 == allowed.exit_code
    assert "not used: step 'read-texts': added neighbour.py" in allowed.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--node-count", "0"], "node_count=0", id="no node"),
        pytest.param(
            ["--process-count-per-node", "two"],
            "process_count_per_node='two': give a whole number from 1 to 1000, or "
            "'auto'",
            id="no count",
        ),
        pytest.param(["--compute-target", "moon"], "'moon'", id="unknown compute"),
        pytest.param(["-p", "size=9"], "parameter 'size': '9' instead", id="value"),
        pytest.param(["-p", "sice=9"], "Did you mean 'size'", id="no parameter"),
    ],
)
def test_what_cannot_be(here, failed_id, type_command, words, said):
    """Nothing is started."""
    result = type_command("resume", failed_id, *words)

    assert (2, "") == (result.exit_code, result.stdout)
    assert said in result.stderr
