"""Documents of version 2, made from text."""

from __future__ import annotations

import textwrap

import pytest

from azml_pipelines import Workspace
from azml_pipelines.azure_v2.pipeline_job import load_pipeline_job


@pytest.fixture
def write(tmp_path):
    """Write a file with its folders, and return its path."""

    def write_file(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
        return path

    return write_file


@pytest.fixture
def workspace(tmp_path):
    """An empty workspace."""
    return Workspace.create("unit", path=tmp_path / "workspace", show_output=False)


@pytest.fixture
def job_of(workspace, write):
    """Read a pipeline job that is given as text."""

    def read(text, *assignments):
        return load_pipeline_job(workspace, write("pipeline.yml", text), assignments)

    return read
