"""Documents of version 2 in a folder of their own, with a workspace beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from azml_pipelines import Workspace
from azml_pipelines.azure_v2.pipeline_job import load_pipeline_job

DOCUMENTS = Path(__file__).parent / "documents"


@pytest.fixture
def workspace(tmp_path):
    """An empty workspace; the documents are copied beside it."""
    shutil.copytree(DOCUMENTS, tmp_path / "documents")
    return Workspace.create("documents", path=tmp_path, show_output=False)


@pytest.fixture
def run_document(workspace, tmp_path):
    """Run a pipeline job to its end; the outputs of the run come by name."""

    def run(name, *assignments):
        job = load_pipeline_job(
            workspace, tmp_path / "documents" / name / "pipeline.yml", assignments
        )
        found = job.submit()
        found.wait_for_completion(show_output=False, raise_on_error=False)
        assert found.get_status() == "Finished", found.state().error
        return found, {one.name: Path(one.path) for one in found.output_places()}

    return run
