"""What the scripts of a step have noted and kept, read from the run's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azml_pipelines.errors import UserErrorException
from azml_pipelines.run.run_details import files_below
from azml_pipelines.run.run_notes import artifact_path, copy_to
from azml_pipelines.store.reuse_record import read_reuse
from azml_pipelines.store.run_records import fold_metrics, fold_texts, read_records
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.plan.run_plan import OutputPlan
    from azml_pipelines.store.reuse_record import ReuseRecord
    from azml_pipelines.store.run_records import Record
    from azml_pipelines.store.workspace_folder import StepFolder

__all__ = ["NotedStep"]


class NotedStep:
    """Metrics, tags, properties and files of one step; nothing here changes them."""

    @property
    def folder(self) -> StepFolder:
        """The folder of the step; an extension of version 1."""
        raise NotImplementedError

    @property
    def reused_from(self) -> str | None:
        """The run whose result stands in for this step; an extension of version 1."""
        record = self._reused()
        return None if record is None else record.run_id

    @property
    def reused_outputs(self) -> tuple[OutputPlan, ...]:
        """Where the outputs of a reused step lie; none for one that ran (ours)."""
        record = self._reused()
        return () if record is None else record.outputs

    @property
    def reuse_properties(self) -> dict[str, str]:
        """What version 1 says of a reused step, in its words (ours)."""
        record = self._reused()
        if record is None:
            return {}
        return {
            "azureml.isreused": "true",
            "azureml.reusedrunid": str(record.step_run_id),
            "azureml.reusedpipeline": str(record.run_id),
        }

    def _reused(self) -> ReuseRecord | None:
        record = read_reuse(self.folder)
        return None if record is None or record.decision != "reused" else record

    @property
    def properties(self) -> dict[str, str]:
        """What its scripts have set."""
        return fold_texts(self._records(), "property")

    @property
    def tags(self) -> dict[str, str]:
        """Those that its scripts have set."""
        return fold_texts(self._records(), "tag")

    def get_tags(self) -> dict[str, str]:
        """Return the tags."""
        return self.tags

    def get_properties(self) -> dict[str, str]:
        """Return the properties."""
        return self.properties

    def get_metrics(
        self,
        name: str | None = None,
        recursive: bool = False,
        run_type: object = None,
        populate: bool = False,
    ) -> dict[str, Any]:
        """Return what its scripts have logged, by name; only ``name`` if it is given.

        A name that was logged several times has a list of values. Of a script that was
        tried several times, the last try counts.
        """
        found = fold_metrics(self._records())
        return found if name is None else {k: v for k, v in found.items() if k == name}

    def _records(self) -> list[Record]:
        return read_records(self.folder.metrics)

    def get_file_names(self) -> list[str]:
        """Return the names of the step's log files, and of what its scripts kept."""
        logs = [f"logs/{name}" for name in files_below(self.folder.logs)]
        return logs + [
            one for one in files_below(self.folder.artifacts) if one not in logs
        ]

    def download_file(self, name: str, output_file_path: str | None = None) -> None:
        """Copy a file that ``get_file_names`` has named.

        Args:
            name: Of the file.
            output_file_path: A file, or a folder that exists; the current directory if
                None.

        Raises:
            UserErrorException: There is no such file.
        """
        source = artifact_path(self.folder.artifacts, name)
        if not source.is_file():
            source = artifact_path(self.folder.root, name)
        if name not in self.get_file_names():
            msg = f"The step has no file {shown(name)}."
            raise UserErrorException(msg)
        copy_to(source, output_file_path)
