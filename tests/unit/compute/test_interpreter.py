"""A Python that does not know our package finds it, and nothing that lies beside it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from azml_pipelines.compute.interpreter import CURRENT, Interpreter, link_package


@pytest.fixture
def foreign(tmp_path):
    """A bare environment of this Python."""
    place = tmp_path / "bare"
    making = [sys.executable, "-m", "venv", "--without-pip", str(place)]
    subprocess.run(making, check=True)
    folder = link_package(tmp_path / "links")
    return Interpreter(str(place / "bin" / "python"), str(folder))


@pytest.mark.parametrize("safe", ["", "1"])
def test_a_foreign_python_runs_our_modules(foreign, tmp_path, safe):
    """From any folder, with whatever it is told about safe paths."""
    (tmp_path / "registry.py").write_text("raise SystemExit('not this one')")
    command = foreign.command("azml_pipelines.worker", "no number")
    variables = foreign.variables({**os.environ, "PYTHONSAFEPATH": safe})
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "invalid literal for int() with base 10: 'no number'" in done.stderr


def test_what_lies_beside_our_package_is_not_found(foreign):
    """Neither through the link nor through the variables of the current Python."""
    code = "import sys; sys.path.append(sys.argv[1]); import azml_pipelines, pandas"
    variables = foreign.variables(
        {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONHOME": sys.prefix,
        }
    )
    done = subprocess.run(
        [foreign.executable, "-c", code, foreign.package_folder],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr.endswith("No module named 'pandas'\n")


def test_its_programs_are_found_first(foreign):
    """As in an environment that somebody has activated."""
    variables = foreign.variables({"PATH": "/usr/bin", "VIRTUAL_ENV": "/other"})
    place = os.path.dirname(foreign.executable)  # noqa: PTH120 - text

    assert variables["PATH"] == f"{place}{os.pathsep}/usr/bin"
    assert variables["VIRTUAL_ENV"] == os.path.dirname(place)  # noqa: PTH120 - text


def test_the_current_python_is_called_as_ever():
    """With its own paths and variables."""
    assert CURRENT.command("x.y", "1")[1:] == ["-P", "-m", "x.y", "1"]
    assert CURRENT.variables({"PYTHONPATH": "/a"}) == {"PYTHONPATH": "/a"}


def test_the_link_is_made_once(tmp_path):
    """By whoever comes first."""
    assert link_package(tmp_path) == link_package(tmp_path)
    assert [one.name for one in link_package(tmp_path).iterdir()] == ["azml_pipelines"]
