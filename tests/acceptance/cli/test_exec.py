"""``azml exec``, in processes of its own: it changes what can be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def execute(tmp_path):
    """Run a script with version 1's names."""

    def run(text, *arguments, options=()):
        (tmp_path / "script.py").write_text(text)
        azml = Path(sys.executable).with_name("azml")
        return subprocess.run(
            [azml, "exec", *options, "script.py", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_script_runs_as_python_would_run_it(execute):
    """Its arguments are its own, its neighbours importable, its exit code kept."""
    done = execute(
        "import sys\n"
        "from azureml.core import Workspace\n"
        "import azml_pipelines\n"
        "assert Workspace is azml_pipelines.Workspace\n"
        "assert __name__ == '__main__'\n"
        "print(sys.argv)\n"
        "sys.exit(3)\n",
        "--help",
        "-x",
        "1",
    )

    assert (3, "") == (done.returncode, done.stderr)
    assert "['script.py', '--help', '-x', '1']\n" == done.stdout


def test_what_a_script_raises_is_shown_with_its_own_lines(execute):
    """A name that needs Azure says so where it is used."""
    done = execute("from azureml.pipeline.steps import AutoMLStep\nAutoMLStep()\n")

    assert 2 == done.returncode
    assert "line 2, in <module>" in done.stderr
    assert "importer.py" not in done.stderr
    assert "AutoMLStep needs Azure" in done.stderr.splitlines()[-1]


def test_an_installed_sdk_is_kept_or_replaced_as_asked(execute, tmp_path, monkeypatch):
    """One line that says where it is; `--replace-sdk` takes ours."""
    package = tmp_path / "site" / "azureml" / "core"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("VERSION = 'real'\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    script = "import azureml.core\nprint(azureml.core.VERSION == 'real')\n"

    refused = execute(script)
    replaced = execute(script, options=["--replace-sdk"])

    assert (2, "") == (refused.returncode, refused.stdout)
    assert 1 == len(refused.stderr.splitlines())
    assert str(package.parent) in refused.stderr
    assert (0, "False\n") == (replaced.returncode, replaced.stdout)
