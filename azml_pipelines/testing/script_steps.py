"""Real runs of script steps: scripts as text, and what became of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines import Experiment, Pipeline, PythonScriptStep

if TYPE_CHECKING:
    from azml_pipelines import PipelineRun, Workspace
    from azml_pipelines.pipeline.step import PipelineStep

__all__ = ["ScriptSteps"]


@dataclass(frozen=True)
class ScriptSteps:
    """Makes steps of scripts that are given as text, and runs them."""

    workspace: Workspace
    folder: Path
    """Where sources are put."""

    def source(self, text: str) -> str:
        """Return a folder with the script ``main.py``."""
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        folder = self.folder / f"source-{digest}"
        folder.mkdir(exist_ok=True)
        (folder / "main.py").write_text(text)
        return str(folder)

    def script(
        self,
        text: str,
        name: str | None = None,
        **fields: Any,  # noqa: ANN401 - the step's own
    ) -> PythonScriptStep:
        """Return a step that runs a script."""
        return PythonScriptStep(
            "main.py", name=name, source_directory=self.source(text), **fields
        )

    def submit(self, *steps: PipelineStep, **keywords: Any) -> PipelineRun:  # noqa: ANN401 - of submit
        """Start a run of these steps."""
        pipeline = Pipeline(self.workspace, list(steps))
        return Experiment(self.workspace, "tests").submit(pipeline, **keywords)

    def run(self, *steps: PipelineStep, **keywords: Any) -> PipelineRun:  # noqa: ANN401 - of submit
        """Run these steps to their end, whatever it is."""
        run = self.submit(*steps, **keywords)
        run.wait_for_completion(show_output=False, raise_on_error=False)
        return run

    def statuses(self, run: PipelineRun) -> dict[str, str]:
        """Return the status of each step, by name."""
        return {step.name: step.status for step in run.state().steps}

    def place(self, run: PipelineRun, name: str) -> Path:
        """Return where an output lies, or would."""
        return {one.name: Path(one.path) for one in run.output_places()}[name]
