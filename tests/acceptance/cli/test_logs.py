"""``azml logs``."""

from __future__ import annotations


def test_the_users_errors_are_listed_first(here, failed_id, type_command):
    """Names as in version 1, below the folder that holds them."""
    result = type_command("logs", failed_id)
    step, first, *_ = result.stdout.splitlines()

    assert result.exit_code == 0
    assert step.startswith(f"step read-texts: Failed, logs in {here}")
    assert first.endswith(" bytes  user/error.txt")
    assert "  user/stdout/" in result.stdout


def test_the_logs_of_a_step_are_printed(here, failed_id, finished_id, type_command):
    """Tracebacks of the script, then what it printed."""
    failed = type_command("logs", failed_id, "read-texts").stdout
    finished = type_command("logs", finished_id, "read-texts").stdout

    assert failed.startswith("==> user/error.txt <==\n")
    assert "Traceback (most recent call last):" in failed
    assert "mini-batch of 1" in finished
    assert "sys/" not in finished


def test_an_unknown_step_ends_with_four(here, finished_id, type_command):
    """The closest names are in the message."""
    result = type_command("logs", finished_id, "reed-texts")

    assert result.exit_code == 4
    assert "closest: read-texts." in result.stderr
