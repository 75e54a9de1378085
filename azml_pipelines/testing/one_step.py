"""Real runs of one step: a script as text, a folder of empty files, what came out."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines import (
    Dataset,
    Environment,
    Experiment,
    ParallelRunConfig,
    ParallelRunStep,
    Pipeline,
    PipelineData,
)
from azml_pipelines.store.run_reader import Failure, read_failures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines import DatasetConsumptionConfig, PipelineRun, Workspace

__all__ = ["OUTPUT", "OneStep"]

OUTPUT = "parallel_run_step.txt"
"""Name of the output file."""
_MOST_FAILURES = 100_000


@dataclass(frozen=True)
class OneStep:
    """Submits pipelines of the one step ``score`` and reads what became of them."""

    workspace: Workspace
    folder: Path
    """Where inputs and sources are put."""
    item_name: str = "{:05d}.txt"
    """Name of an input file, from its number."""

    def data(self, files: int) -> Path:
        """Return a folder of that many empty files, made when it is first asked for."""
        folder = self.folder / f"data-{files}"
        if not folder.exists():
            folder.mkdir()
            for number in range(files):
                name = folder / self.item_name.format(number)
                os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
        return folder

    def pipeline(
        self,
        script: str,
        *,
        files: int = 10,
        arguments: Sequence[str] | None = None,
        reads: DatasetConsumptionConfig | None = None,
        **config: object,
    ) -> Pipeline:
        """Declare the pipeline.

        Args:
            script: Text of the entry script.
            files: Files of the input.
            arguments: Of the step.
            reads: The input, in place of those files.
            config: Goes to ``ParallelRunConfig``.
        """
        digest = hashlib.sha256(script.encode()).hexdigest()[:12]
        source = self.folder / f"source-{digest}"
        source.mkdir(exist_ok=True)
        (source / "score.py").write_text(script)
        settings: dict[str, Any] = {
            "environment": Environment("current"),
            "source_directory": str(source),
            "entry_script": "score.py",
            "error_threshold": -1,
            "output_action": "append_row",
            "compute_target": "local",
            "node_count": 1,
            "process_count_per_node": 2,
            "mini_batch_size": 1,
            **config,
        }
        if reads is None:
            dataset = Dataset.File.from_files(str(self.data(files)))
            reads = dataset.as_named_input("files").as_mount()
        step = ParallelRunStep(
            name="score",
            parallel_run_config=ParallelRunConfig(**settings),
            inputs=[reads],
            output=PipelineData(
                "rows", datastore=self.workspace.get_default_datastore()
            ),
            arguments=arguments,
            # What is looked at here is how runs go, so each of them has to.
            allow_reuse=False,
        )
        return Pipeline(workspace=self.workspace, steps=[step])

    def submit(
        self,
        script: str,
        *,
        files: int = 10,
        arguments: Sequence[str] | None = None,
        reads: DatasetConsumptionConfig | None = None,
        **config: object,
    ) -> PipelineRun:
        """Submit and return at once; see ``pipeline``."""
        pipeline = self.pipeline(
            script, files=files, arguments=arguments, reads=reads, **config
        )
        return Experiment(self.workspace, "tests").submit(pipeline)

    def output_path(self, run: PipelineRun) -> Path:
        """Return where the output of a run is, or will be."""
        place = run.find_step_run("score")[0].get_output_data("rows")
        root = Path(place.datastore.settings.url.removeprefix("file://"))
        return root / place.path_on_datastore / OUTPUT

    def failures(self, run: PipelineRun) -> list[Failure]:
        """Return every failed try."""
        step = run.state().steps[0]
        return list(read_failures(run.folder, step.step_run_id, most=_MOST_FAILURES))

    def orchestrator(self, run: PipelineRun) -> int | None:
        """Return the process id of a run's orchestrator; None when there was none yet.

        Reads only: the last writer to close would tidy up what a kill left behind.
        """
        place = f"{run.folder.journal.resolve().as_uri()}?mode=ro"
        journal = sqlite3.connect(place, uri=True, timeout=10)
        try:
            row = journal.execute("SELECT pid FROM run").fetchone()
        finally:
            journal.close()
        return row[0] if row else None
