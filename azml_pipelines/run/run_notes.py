"""Where the current process notes what its script logs, and where it keeps files."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from azml_pipelines.errors import UserErrorException
from azml_pipelines.store.run_records import Record, RecordFile, read_records
from azml_pipelines.store.workspace_folder import RunFolder
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["RunNotes", "artifact_path", "copy_to", "plain_value"]


@dataclass(frozen=True)
class RunNotes:
    """The notes and files of a step run, a pipeline run or a child of one."""

    folder: Path
    """Of the notes: one file per process."""
    file: str
    """Name of that of this process."""
    artifacts: Path

    @classmethod
    def of_step(cls) -> RunNotes:
        """Return those of the step that this process works for."""
        environment = os.environ
        run = RunFolder(Path(environment["AZML_RUN_FOLDER"]))
        step = run.step(environment["AZUREML_RUN_ID"])
        process = (environment.get("AZML_NODE"), environment.get("AZML_PROCESS"))
        name = environment.get("AZML_TRY") or ".".join(filter(None, process))
        return cls(step.metrics, f"{name or 'process'}.jsonl", step.artifacts)

    @classmethod
    def of_run(cls) -> RunNotes:
        """Return those of the pipeline run."""
        environment = os.environ
        run = RunFolder(Path(environment["AZML_RUN_FOLDER"]))
        file = f"{environment['AZUREML_RUN_ID']}-{os.getpid()}.jsonl"
        return cls(run.metrics, file, run.artifacts)

    def child(self, child_id: str) -> RunNotes:
        """Return those of a child."""
        place = self.folder / "children" / child_id
        return RunNotes(place, self.file, self.artifacts / "children" / child_id)

    def children(self) -> list[str]:
        """Return the ids of the children that this process has made, in this try."""
        made = sorted(self.folder.glob(f"children/*/{self.file}"))
        return [file.parent.name for file in made]

    def add(self, kind: str, name: str, value: object) -> None:
        """Note something.

        Raises:
            UserErrorException: It cannot be written down.
        """
        try:
            RecordFile(self.folder / self.file).append(Record(kind, str(name), value))
        except OSError as error:
            msg = f"{kind} {shown(name)} cannot be written down: {error}"
            raise UserErrorException(msg) from error

    def read(self) -> list[Record]:
        """Return all notes so far, those of other processes too."""
        return read_records(self.folder)

    def keep(self, name: str, source: str | os.PathLike[str] | BinaryIO) -> None:
        """Keep a file under ``name``; it appears whole or not at all.

        Raises:
            UserErrorException: There is no such file, or the name leads elsewhere.
        """
        place = artifact_path(self.artifacts, name)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = place.with_name(f".{place.name}.{uuid4().hex}")
        try:
            if isinstance(source, (str, os.PathLike)):
                shutil.copyfile(source, temporary)
            else:
                with temporary.open("wb") as file:
                    shutil.copyfileobj(source, file)
            temporary.replace(place)
        except FileNotFoundError as error:
            msg = f"upload of {shown(name)}: there is no file {shown(str(source))}."
            raise UserErrorException(msg) from error
        finally:
            temporary.unlink(missing_ok=True)


def artifact_path(artifacts: Path, name: object) -> Path:
    """Return where an artifact of this name lies.

    Raises:
        UserErrorException: The name is empty, absolute or leads out of the folder.
    """
    path = PurePosixPath(str(name))
    if not str(name).strip() or path.is_absolute() or ".." in path.parts:
        msg = (
            f"{shown(name)} cannot name a file of a run. Give a relative path such as "
            "'outputs/model.bin'."
        )
        raise UserErrorException(msg)
    return artifacts / path


def copy_to(source: Path, place: str | None) -> None:
    """Copy a kept file.

    Args:
        source: The file.
        place: A file, or a folder that exists; the current directory if None.
    """
    target = Path(place or ".")
    target = target / source.name if target.is_dir() else target
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


def plain_value(name: str, value: Any) -> Any:  # noqa: ANN401 - numbers of any library
    """Return a metric's value as JSON can hold it: numbers of numpy become Python's.

    Raises:
        UserErrorException: It is no number, text, truth value, or list or dict of such.
    """
    convert = getattr(value, "tolist", None)
    if callable(convert):
        value = convert()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): plain_value(name, one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(name, one) for one in value]
    msg = (
        f"Metric {shown(name)} got {shown(value)} ({type(value).__name__}). Give "
        "numbers, text, or lists of them."
    )
    raise UserErrorException(msg)
