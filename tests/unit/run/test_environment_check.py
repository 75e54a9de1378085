"""What submit says about environments before anything is written."""

from __future__ import annotations

import pytest

from azml_pipelines import CondaDependencies, DeclarationError, Environment
from azml_pipelines.testing.one_step import OneStep

SCRIPT = "def run(mini_batch): return mini_batch\n"


@pytest.fixture
def job(workspace, tmp_path):
    """A one-step pipeline."""
    return OneStep(workspace, tmp_path)


def test_packages_that_are_not_here_are_named(job):
    """One line, with what to do; the run goes on in the current interpreter."""
    environment = Environment("old")
    environment.python.conda_dependencies = CondaDependencies.create(
        pip_packages=["no-such-package==7", "pytest"], conda_packages=["pandas=0.1"]
    )

    with pytest.warns(UserWarning, match="Environment 'old' declares") as caught:
        job.pipeline(SCRIPT, environment=environment).submit("tests", debug=True)

    [warning] = [str(one.message) for one in caught if "'old'" in str(one.message)]
    assert "pandas==0.1.* (here: " in warning
    assert "no-such-package==7 (not installed)" in warning
    assert "pytest" not in warning
    assert "build='venv'" in warning


def test_a_debug_run_has_one_process(job):
    """A step with an interpreter of its own is refused, and nothing is written."""
    pipeline = job.pipeline(SCRIPT, environment=Environment("own", build="venv"))

    with pytest.raises(DeclarationError, match="a debug run has only the present"):
        pipeline.submit("tests", debug=True)

    assert not list(job.workspace.folder.runs.glob("*"))
