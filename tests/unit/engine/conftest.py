"""What the tests of the engine share: a plan, its folder, its journal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from azml_pipelines.data.definition import DatasetDefinition, DataSource
from azml_pipelines.data.mini_batch_size import MiniBatchSize
from azml_pipelines.pipeline.parallel_run_settings import ParallelRunSettings
from azml_pipelines.plan.run_plan import (
    InputPlan,
    OutputPlan,
    ParallelRunStepPlan,
    RunPlan,
    WorkspacePlan,
)
from azml_pipelines.store.journal import Journal
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.workspace_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


SETTINGS = {"entry_script": "score.py", "mini_batch_size": MiniBatchSize(5, "files")}


@dataclass
class Planned:
    """A run of one step, written down and claimed."""

    folder: RunFolder
    plan: RunPlan
    journal: Journal

    @property
    def step(self) -> ParallelRunStepPlan:
        """The only step."""
        return self.plan.steps[0]


@pytest.fixture
def file_input(tmp_path: Path) -> Callable[..., InputPlan]:
    """Plan an input over a folder of this test."""

    def file_input(name: str = "images", mode: Any = "mount") -> InputPlan:
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        source = DataSource(url=tmp_path.as_uri(), path=f"data/{name}")
        dataset = DatasetDefinition(kind="file", sources=(source,))
        return InputPlan(name=name, mode=mode, dataset=dataset)

    return file_input


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[Callable[..., Planned]]:
    """Write down a run whose only step has these settings and fields."""
    journals: list[Journal] = []

    def planned(fields: dict[str, Any] | None = None, **settings: Any) -> Planned:
        step = ParallelRunStepPlan(
            step_run_id="step-1",
            name="predict",
            source_directory=str(tmp_path),
            **{
                "settings": ParallelRunSettings(**{**SETTINGS, **settings}),
                "inputs": (),
                "output": OutputPlan(
                    name="rows",
                    datastore="store",
                    url=tmp_path.as_uri(),
                    path_on_datastore="azureml/step-1/rows",
                ),
                **(fields or {}),
            },
        )
        plan = RunPlan(
            run_id="run-1",
            experiment="digits",
            workspace=WorkspacePlan(
                name="testing",
                root=str(tmp_path),
                subscription_id="subscription",
                resource_group="group",
            ),
            steps=(step,),
        )
        folder = RunFolder(tmp_path / "run-1")
        folder.step(step.step_run_id).root.mkdir(parents=True)
        Journal.create(folder.journal, plan, b"")
        journal = Journal(folder.journal)
        journals.append(journal)
        owner = Owner.of_process(os.getpid())
        assert owner is not None
        journal.claim(owner)
        return Planned(folder, plan, journal)

    yield planned
    for journal in journals:
        journal.close()
