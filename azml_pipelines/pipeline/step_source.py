"""The folder that is copied for a step, and the script in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from azml_pipelines.argument_checks import check_path
from azml_pipelines.errors import DeclarationError
from azml_pipelines.wording import shown

__all__ = ["StepSource", "absolute_folder", "find_source"]


@dataclass(frozen=True)
class StepSource:
    """The folder that is copied for a run, and the script in it."""

    directory: Path | None
    """Absolute; None when nothing is copied."""
    entry_script: str
    """Relative to ``directory``, with forward slashes; empty when there is none."""

    @property
    def folder(self) -> str:
        """The folder as text; empty when nothing is copied."""
        return "" if self.directory is None else str(self.directory)


def find_source(
    step: str,
    script: str,
    source_directory: Path | None,
    default_source_directory: str | None = None,
    *,
    setting: str = "entry_script",
) -> StepSource:
    """Return the folder of a step and the script in it, as they are now.

    Args:
        step: Name of the step, for the message.
        script: As the user wrote it.
        source_directory: Of the step, if it has one.
        default_source_directory: Used when it has none; the current directory if None.
        setting: What the user calls the script.

    Raises:
        DeclarationError: The folder or the script does not exist.
    """
    folder = source_directory or absolute_folder(step, default_source_directory or ".")
    found = Path(os.path.normpath(Path(folder or ".", script)))
    what = setting.replace("_name", "").replace("_", " ")
    if not os.path.isfile(found):  # noqa: PTH113 - no to what no system can have
        msg = (
            f"Step {shown(step)}: there is no {what} {shown(script)} in "
            f"{shown(str(folder))}. Mend {setting} or source_directory."
        )
        raise DeclarationError(msg)
    if folder is not None and found.is_relative_to(folder):
        return StepSource(folder, found.relative_to(folder).as_posix())
    if source_directory is None:
        return StepSource(found.parent, found.name)
    msg = (
        f"Step {shown(step)}: {setting}={shown(script)} lies outside of "
        f"{shown(str(folder))}. Only what is inside of source_directory is copied."
    )
    raise DeclarationError(msg)


def absolute_folder(step: str, directory: str | None) -> Path | None:
    """Return a folder that exists, or None for None.

    Raises:
        DeclarationError: It does not exist, or is no folder.
    """
    if directory is None:
        return None
    check_path(f"Step {shown(step)}: source_directory", directory)
    folder = Path(os.path.normpath(Path(directory).absolute()))
    # Unlike pathlib, os.path says no to a path that no system can have.
    if not os.path.isdir(folder):  # noqa: PTH112
        what = "is no folder" if os.path.exists(folder) else "does not exist"  # noqa: PTH110
        msg = (
            f"Step {shown(step)}: source_directory {shown(directory)} {what}. Mend the "
            "path."
        )
        raise DeclarationError(msg)
    return folder
