"""What is typed wrong: one line, the right exit code, no traceback, nothing made."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

MAIN = "from azml_pipelines.cli.main import main; main()"
LONGEST = 300
HUGE = "x" * 100_000
STRANGE = [
    "nowhere",
    "",
    "../x",
    "/etc/passwd",
    "'; DROP TABLE runs; --",
    "\x1b[31m",
    HUGE,
]
COMMANDS = ["show", "logs", "cancel", "resume", "resubmit"]

WRONG = [
    (["unknown"], 2, "unknown"),
    (["shwo"], 2, "shwo"),
    (["--unknown"], 2, "--unknown"),
    (["show"], 2, "RUN"),
    (["logs"], 2, "RUN"),
    (["submit"], 2, "FILE"),
    (["submit", "nowhere.py"], 2, "nowhere.py"),
    (["submit", "."], 2, "FILE"),
    (["submit", HUGE], 2, "FILE"),
    (["submit", "pipe.py", "-p"], 2, "-p"),
    (["submit", "pipe.py", "-p", "size"], 2, "NAME=VALUE"),
    (["submit", "pipe.py", "-p", "=5"], 2, "NAME=VALUE"),
    (["submit", "pipe.py", "-p", HUGE], 2, "NAME=VALUE"),
    (["submit", "pipe.py", "-p", "siez=5"], 2, "Did you mean 'size'"),
    (["submit", "pipe.py", "-p", "size=0"], 2, "mini_batch_size"),
    (["submit", "pipe.py", "-p", "size=5 files"], 2, "mini_batch_size"),
    (["submit", "pipe.py", "-p", "texts=nowhere.txt"], 2, "texts"),
    (["submit", "pipe.py", "-p", f"texts={HUGE}"], 2, "texts"),
    (["submit", "pipe.py", "-e", "a b"], 2, "Experiment name"),
    (["submit", "pipe.py", "-e", "../x"], 2, "Experiment name"),
    (["submit", "pipe.py", "-e", HUGE], 2, "Experiment name"),
    (["submit", "pipe.py", "--wait", "--now"], 2, "--now"),
    (["show", "latest", "--json", "--watch"], 2, "--json and --watch"),
    (["show", "latest", "extra"], 2, "extra"),
    (["logs", "latest", "nostep"], 4, "nostep"),
    (["logs", "latest", HUGE], 4, "no step"),
    (["resubmit", "latest", "-p", "siez=5"], 2, "Did you mean 'size'"),
    (["resubmit", "latest", "-p", "size=0"], 2, "mini_batch_size"),
    (["runs", "--all"], 2, "--all"),
    (["serve", "--script", "source/score.py", "--timeout", "nan"], 2, "seconds"),
    (["serve", "--script", "source/score.py", "--timeout", "inf"], 2, "range"),
    (["serve", "--script", "source/score.py", "--timeout", "0"], 2, "range"),
    (["serve", "--script", "nowhere.py"], 2, "nowhere.py"),
    (["serve", "--script", "source/score.py", "--token", "abc"], 2, "env:NAME"),
    (["model", "show", HUGE], 4, "no model is called"),
    (["model", "show", "../x"], 4, "no model is called"),
    (["schedule", "show", "a\udc80b"], 2, "UTF-8"),
    (["pipeline", "show", "a\udc80b"], 2, "UTF-8"),
    (["batch-endpoint", "show", "a\udc80b"], 2, "UTF-8"),
    (["schedule", "history", "x", "-n", "-5"], 2, "range"),
    (["schedule", "create", "a"], 2, "PIPELINE_ID"),
    (["scheduler", "--install", "--uninstall"], 2, "exclude each other"),
    (["scheduler", "--once", "--install"], 2, "exclude each other"),
    (["schedule", "create", "-f", "nowhere.yml"], 2, "nowhere.yml"),
    (["job", "create", "-f", "nowhere.yml"], 2, "nowhere.yml"),
    (["job", "create", "-f", "pipe.py"], 2, "pipe.py"),
    (["batch-endpoint", "invoke", "-n", "nowhere", "--input", "x"], 2, "nowhere"),
    (["convert", HUGE], 4, "No run is called"),
    (["datastore", "add", "far", "nope://x/y"], 2, "nope://"),
    (["datastore", "add", "far", "s3://bucket", "-o", "x"], 2, "NAME=VALUE"),
    *(
        ([command, run], 4, "No run is called")
        for command in COMMANDS
        for run in STRANGE
    ),
]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [pytest.param(*case, id=f"{n} {case[0][0]}") for n, case in enumerate(WRONG)],
)
def test_one_line(here, type_command, words, code, said):
    """It says what is wrong with what, and ends with the number for that."""
    before = sorted(here.rglob("*"))
    result = type_command(*words)
    last = result.stderr.strip().splitlines()[-1]

    assert code == result.exit_code
    assert said in last
    assert len(last) <= LONGEST
    assert last.isprintable()
    assert "Traceback" not in result.output
    assert {path.name for path in sorted(here.rglob("*")) if path not in before} <= {
        "__pycache__"
    }


def test_outside_of_a_workspace(tmp_path, monkeypatch, type_command):
    """The way to make one is named."""
    monkeypatch.chdir(tmp_path)
    result = type_command("runs")

    assert 2 == result.exit_code
    assert "azml init" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["{", "[]", "5", "[" * 100_000, "\xff", '{"a": 1}'])
def test_a_broken_config(tmp_path, monkeypatch, type_command, content):
    """The file is named."""
    (tmp_path / "config.json").write_text(content, encoding="latin-1")
    monkeypatch.chdir(tmp_path)
    result = type_command("runs")

    assert 2 == result.exit_code
    assert "config.json" in result.stderr
    assert 1 == len(result.stderr.strip().splitlines())
    assert len(result.stderr) <= LONGEST


def test_standard_input_may_be_closed(here, finished_id):
    """Nothing is asked, so nothing is read."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "show", finished_id],
        cwd=here,
        capture_output=True,
        check=False,
        preexec_fn=lambda: os.close(0),
    )

    assert 0 == done.returncode


def in_a_terminal(words, folder):
    """Return the bytes that a command writes to a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *words],
        cwd=folder,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "dumb", "NO_COLOR": "1"},
    )
    os.close(follower)
    written = b""
    try:
        while block := os.read(leader, 1 << 16):
            written += block
    except OSError:  # the end of a terminal
        pass
    process.wait(30)
    os.close(leader)
    return written


def test_logs_in_a_terminal(here, finished_id):
    """What a script printed cannot move the cursor, set the title or fake a line."""
    logs = next((here / ".azml" / "runs" / finished_id).glob("steps/*/logs"))
    evil = logs / "user" / "stdout" / "evil.txt"
    evil.write_bytes(b"ok\n\x1b]0;title\x07\x1b[2J\rfake\x9b1m\xff\t\xe2\x80\xaeend\n")
    try:
        written = in_a_terminal(["logs", finished_id, "read-texts"], here)
        piped = subprocess.run(
            [sys.executable, "-c", MAIN, "logs", finished_id, "read-texts"],
            cwd=here,
            capture_output=True,
            check=True,
        ).stdout
    finally:
        evil.unlink()

    assert b"\x1b" not in written
    assert b"\\x1b]0;title\\x07\\x1b[2J\\rfake\\x9b1m\\xff    \\u202eend" in written
    assert b"\x1b]0;title\x07" in piped
