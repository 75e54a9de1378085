"""What tests of bad input share: a workspace to break, and what an error has to say."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import pytest

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
    Workspace,
)
from azml_pipelines.errors import AzmlError
from azml_pipelines.plan.compiler import compile_plan
from azml_pipelines.plan.describe import describe
from azml_pipelines.plan.run_plan import WorkspacePlan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LONGEST = 300


class Kit(NamedTuple):
    """What cases are made of: a workspace, a folder with a script, some data."""

    root: Path
    workspace: Workspace

    def config(self, **given):
        return ParallelRunConfig(
            **{
                "environment": Environment("scoring"),
                "entry_script": "score.py",
                "error_threshold": -1,
                "output_action": "append_row",
                "compute_target": "local",
                "node_count": 1,
                "source_directory": str(self.root / "scripts"),
            }
            | given
        )

    def files(self):
        return Dataset.File.from_files(str(self.root / "texts"))

    def table(self):
        return Dataset.Tabular.from_delimited_files(str(self.root / "table.csv"))

    def step(self, config=None, **given):
        return ParallelRunStep(
            **{
                "name": "score-texts",
                "parallel_run_config": config or self.config(),
                "inputs": [self.files().as_named_input("texts")],
                "output": PipelineData("rows"),
            }
            | given
        )

    def plan(self, values=None, config=None, **given):
        """Do all that a submission does before anything is written."""
        step = self.step(config and self.config(**config), **given)
        definition = describe(Pipeline(self.workspace, [step]))
        where = WorkspacePlan(name="w", root=str(self.root))
        return compile_plan(
            definition, values or {}, run_id="1", experiment="e", workspace=where
        )

    def submit(self, **given):
        step = self.step()
        return Experiment(self.workspace, "bad").submit(
            Pipeline(self.workspace, [step]), **given
        )


@pytest.fixture(scope="session")
def kit(tmp_path_factory) -> Kit:
    """One workspace for all cases: none of them may change it."""
    root = tmp_path_factory.mktemp("bad")
    (root / "scripts").mkdir()
    (root / "scripts" / "score.py").write_text("def run(mini_batch): return []\n")
    (root / "texts").mkdir()
    (root / "texts" / "1.txt").write_text("1")
    (root / "table.csv").write_text("a,b\n1,2\n")
    (root / "empty.csv").touch()
    workspace = Workspace.create("testing", path=root / "place", show_output=False)
    workspace.prepare_storage()
    list(workspace.datastores)
    return Kit(root, workspace)


def everything(root: Path) -> list[str]:
    """Return every path below ``root``."""
    return sorted(str(path) for path in root.rglob("*"))


@pytest.fixture
def refused(kit):
    """Demand one line with field, value and what is accepted, and nothing done."""

    def demand(
        call: Callable[[Kit], object], field: str, value: object, accepted: str
    ) -> str:
        before = everything(kit.root)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            with pytest.raises(AzmlError) as caught:
                call(kit)
        said = str(caught.value)

        assert len(said) <= LONGEST
        assert said.isprintable(), said
        assert field in said, said
        assert accepted in said, said
        # Long ones are cut and strange ones escaped: their beginning has to be there.
        if isinstance(value, (int, float, bytes, list, dict)):
            assert repr(value)[:6] in said, said
        assert before == everything(kit.root)
        return said

    return demand
