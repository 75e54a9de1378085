"""Where things lie in a workspace's folder. Paths only; nothing is read or written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "STORAGE_FOLDER",
    "PublishedFolder",
    "RunFolder",
    "StepFolder",
    "WorkspaceFolder",
]

STORAGE_FOLDER = ".azml"


@dataclass(frozen=True)
class StepFolder:
    """The files of one step of a run."""

    root: Path

    @property
    def snapshot(self) -> Path:
        """The step's source directory as it was at submission."""
        return self.root / "snapshot"

    @property
    def mini_batches(self) -> Path:
        """The frozen list of mini-batches, one line each."""
        return self.root / "mini_batches.jsonl"

    @property
    def parts(self) -> Path:
        """Rows as the workers wrote them, before they are committed."""
        return self.root / "parts"

    @property
    def parts_removed(self) -> Path:
        """Exists when the parts were removed after the step had finished."""
        return self.root / "parts.removed"

    @property
    def failed_items_csv(self) -> Path:
        """Every item that failed for good, for people; written when the step ends."""
        return self.root / "failed_items.csv"

    @property
    def failed_items_jsonl(self) -> Path:
        """The same for programs, one line of JSON each."""
        return self.root / "failed_items.jsonl"

    @property
    def inputs(self) -> Path:
        """Remote inputs as workers see them; gone when the step has ended."""
        return self.root / "inputs"

    @property
    def output(self) -> Path:
        """What the step writes, until it is brought to a remote store."""
        return self.root / "output"

    def side_output(self, name: str) -> Path:
        """The same, of a side output."""
        return self.root / "side_outputs" / name

    @property
    def artifacts(self) -> Path:
        """What scripts uploaded, and what they left in ``outputs`` and ``logs``."""
        return self.root / "artifacts"

    @property
    def metrics(self) -> Path:
        """What scripts have noted: metrics, tags; one file per process."""
        return self.root / "metrics"

    @property
    def nodes(self) -> Path:
        """One working directory per node."""
        return self.root / "nodes"

    @property
    def logs(self) -> Path:
        """Logs in version 1's layout."""
        return self.root / "logs"

    @property
    def fingerprint(self) -> Path:
        """What the step's result depends on, as far as it is known."""
        return self.root / "fingerprint.json"

    @property
    def contents(self) -> Path:
        """What each file of the inputs held, one line of JSON each."""
        return self.root / "contents.jsonl"

    @property
    def reuse(self) -> Path:
        """Whether an earlier result stands in for this step, and why or why not."""
        return self.root / "reuse.json"

    @property
    def taken_over(self) -> Path:
        """What an incremental run has taken over; there when that is done."""
        return self.root / "taken_over.json"

    @property
    def stalls(self) -> Path:
        """What was in hand when nothing moved any more, if that has ever happened."""
        return self.logs / "sys" / "stalls.txt"


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    root: Path

    @property
    def plan(self) -> Path:
        """The frozen plan."""
        return self.root / "plan.json"

    @property
    def definition(self) -> Path:
        """The pipeline as declared, parameters unresolved, for resubmission."""
        return self.root / "definition.json"

    @property
    def journal(self) -> Path:
        """What has happened so far."""
        return self.root / "run.db"

    @property
    def log(self) -> Path:
        """What the orchestrator prints."""
        return self.root / "orchestrator.log"

    @property
    def reserve(self) -> Path:
        """Room on the disk, given back when the end has to be written."""
        return self.root / "reserve"

    @property
    def cancel_request(self) -> Path:
        """Exists when somebody asked the run to stop."""
        return self.root / "cancel.request"

    @property
    def metrics(self) -> Path:
        """What scripts have noted about the whole run."""
        return self.root / "metrics"

    @property
    def artifacts(self) -> Path:
        """What scripts have uploaded to the whole run."""
        return self.root / "artifacts"

    @property
    def steps(self) -> Path:
        """The folders of all steps."""
        return self.root / "steps"

    def step(self, step_run_id: str) -> StepFolder:
        """Return the folder of one step."""
        return StepFolder(self.steps / step_run_id)


@dataclass(frozen=True)
class PublishedFolder:
    """The files of one published pipeline; they never change."""

    root: Path

    @property
    def definition(self) -> Path:
        """The pipeline as declared; its sources are relative to ``root``."""
        return self.root / "definition.json"

    def beside(self, name: str) -> PublishedFolder:
        """Return another folder next to this one."""
        return PublishedFolder(self.root.with_name(name))


@dataclass(frozen=True)
class WorkspaceFolder:
    """The files of a workspace; ``root`` holds its ``config.json``."""

    root: Path

    @property
    def storage(self) -> Path:
        """Everything but the configuration."""
        return self.root / STORAGE_FOLDER

    @property
    def config(self) -> Path:
        """Who the workspace is, and what it keeps elsewhere."""
        return self.root / "config.json"

    @property
    def catalog(self) -> Path:
        """The catalog, unless the configuration names a server."""
        return self.storage / "catalog.db"

    @property
    def datastores(self) -> Path:
        """The folders of datastores that have no place of their own."""
        return self.storage / "datastores"

    def datastore(self, name: str) -> Path:
        """Return the folder of a datastore that has no place of its own."""
        return self.datastores / name

    @property
    def models(self) -> Path:
        """The files of all registered models."""
        return self.storage / "models"

    def model(self, name: str, version: int) -> Path:
        """Return the folder with the files of one version of a model."""
        return self.models / name / str(version)

    @property
    def kept_models(self) -> Path:
        """MLflow models that runs score, each called by its digest."""
        return self.storage / "kept-models"

    def published(self, pipeline_id: str) -> PublishedFolder:
        """Return the folder of a published pipeline."""
        return PublishedFolder(self.storage / "published" / pipeline_id)

    @property
    def drafts(self) -> Path:
        """The folders of drafts of pipelines."""
        return self.storage / "drafts"

    def draft(self, draft_id: str) -> PublishedFolder:
        """Return the folder of a draft, which has a pipeline as a published one has."""
        return PublishedFolder(self.drafts / draft_id)

    @property
    def components(self) -> Path:
        """The folders of registered components: ``<name>/<version>``."""
        return self.storage / "components"

    @property
    def deployments(self) -> Path:
        """The folders of batch deployments: their documents and their code."""
        return self.storage / "deployments"

    @property
    def locks(self) -> Path:
        """Files whose locks keep two processes from submitting one request twice."""
        return self.storage / "locks"

    @property
    def api_token(self) -> Path:
        """What the REST server asks for; only its owner may read it."""
        return self.storage / "api.token"

    @property
    def api_port(self) -> Path:
        """Where the REST server listens, or would."""
        return self.storage / "api.json"

    @property
    def cache(self) -> Path:
        """Files of remote stores that were fetched, for all runs."""
        return self.storage / "cache"

    @property
    def content_cache(self) -> Path:
        """Checksums of files that were read before."""
        return self.storage / "contents.db"

    @property
    def results(self) -> Path:
        """The index of results that may stand in for a later step."""
        return self.storage / "results"

    @property
    def runs(self) -> Path:
        """The folders of all runs."""
        return self.storage / "runs"

    def run(self, run_id: str) -> RunFolder:
        """Return the folder of a run."""
        return RunFolder(self.runs / run_id)
