"""What the how-to page tells a reader to type works as it stands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from azml_pipelines import PipelineRun

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "publish-and-call-by-rest.md"


def block(language, containing):
    """Return the code block of the page that holds a text."""
    pattern = rf"(?ms)^```{language}\n(.*?)^```"
    blocks = re.findall(pattern, PAGE.read_text())
    (found,) = [one for one in blocks if containing in one]
    return found


def run_in(workspace, command):
    """Run a command in the workspace's folder with this interpreter as `python`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=workspace.folder.root,
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
        text=True,
        timeout=100,
    ).stdout


def test_the_python_lines_start_a_run(server, declared, workspace, rows):
    """They post with the header and get an id."""
    declared.publish("scoring")
    lines = block("python", "requests.post") + "\nprint(run_id)\n"

    said = run_in(workspace, [sys.executable, "-c", lines])

    assert b"0.txt python" in rows(PipelineRun.get(workspace, said.split()[-1]))


def test_the_curl_lines_start_a_run(server, declared, workspace, rows):
    """With the token out of its file, once however often they are repeated."""
    declared.publish("scoring")
    lines = block("bash", "curl")

    first = json.loads(run_in(workspace, ["bash", "-ec", lines]))
    again = json.loads(run_in(workspace, ["bash", "-ec", lines]))

    assert first["Id"] == again["Id"]
    assert b"0.txt curl" in rows(PipelineRun.get(workspace, first["Id"]))
