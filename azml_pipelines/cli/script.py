"""Runs a user's script and looks at what it leaves: pipelines, and runs of its own."""

from __future__ import annotations

import runpy
import sys
import sysconfig
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from azml_pipelines.cli.exit_code import USAGE
from azml_pipelines.cli.found_run import runs_since
from azml_pipelines.errors import UserErrorException
from azml_pipelines.printable import printable
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from azml_pipelines.pipeline.pipeline import Pipeline
    from azml_pipelines.run.pipeline_run import PipelineRun
    from azml_pipelines.run.workspace import Workspace

__all__ = ["ScriptResult", "exec_script", "run_script"]

_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class ScriptResult:
    """What a script left behind."""

    pipelines: list[tuple[str, Pipeline]]
    """Different ones, each with the first variable that holds it."""
    submitted: list[PipelineRun]
    """Runs that were started meanwhile, the first one first."""


def run_script(file: Path, *, debug: bool = False) -> ScriptResult:
    """Run ``file`` in this process, the way ``python FILE`` does.

    Args:
        debug: When the script fails, show the lines of libraries too.

    Raises:
        click.exceptions.Exit: The script failed; its error has been shown.
        UserErrorException: It ended itself with ``sys.exit``.
    """
    started = time.time()
    with _main_script(file), _UsersError(file, debug=debug):
        variables = runpy.run_path(str(file), run_name="__main__")
    workspaces = {one.folder.root: one for one in _workspaces(variables)}
    return ScriptResult(
        pipelines=list(_pipelines(variables)),
        submitted=[
            run
            for workspace in workspaces.values()
            for run in runs_since(workspace, started)
        ],
    )


def exec_script(file: Path, arguments: Sequence[str], *, debug: bool = False) -> None:
    """Run ``file`` in this process as ``python FILE ARGUMENTS`` does, and no more.

    Raises:
        click.exceptions.Exit: The script failed; its error has been shown.
        SystemExit: It ended itself.
    """
    with _main_script(file, arguments), _UsersError(file, debug=debug, may_exit=True):
        runpy.run_path(str(file), run_name="__main__")


@contextmanager
def _main_script(file: Path, given: Sequence[str] = ()) -> Iterator[None]:
    """Give the script ``sys.argv`` and ``sys.path`` as it expects them.

    The path stays: what the pipeline refers to may be imported later.
    """
    arguments = sys.argv
    sys.argv = [str(file), *given]
    sys.path.insert(0, str(file.absolute().parent))
    try:
        yield
    finally:
        sys.argv = arguments


class _UsersError:
    """Shows what a script raises, with the lines of the user's own files only."""

    def __init__(self, file: Path, *, debug: bool, may_exit: bool = False) -> None:
        self._file = file
        self._debug = debug
        self._may_exit = may_exit

    def __enter__(self) -> None:
        """Nothing to do before."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process in place of an error."""
        if error is None or isinstance(error, KeyboardInterrupt):
            return
        if isinstance(error, SystemExit):
            if self._may_exit:
                return
            msg = (
                f"{shown(str(self._file))} ended itself with "
                f"sys.exit({shown(error.code)}) before its pipeline could be read; "
                "remove that line."
            )
            raise UserErrorException(msg) from None
        described = traceback.TracebackException.from_exception(error)
        if not self._debug:
            _leave_out_libraries(described)
        for line in "".join(described.format()).splitlines():
            click.echo(printable(line), err=True)
        raise click.exceptions.Exit(USAGE) from None


def _leave_out_libraries(described: traceback.TracebackException) -> None:
    link: traceback.TracebackException | None = described
    while link is not None:
        link.stack = traceback.StackSummary.from_list(
            [frame for frame in link.stack if _is_users(frame.filename)]
        )
        link = link.__cause__ or link.__context__
        if link is not None and not link.stack:
            # Not even started by a line of the user's: how a library works inside.
            described.__cause__ = described.__context__ = None
            break


def _is_users(name: str) -> bool:
    file = Path(name)
    if name.startswith("<") or file.is_relative_to(_PACKAGE):
        return False
    libraries = {sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")}
    return not any(file.is_relative_to(folder) for folder in libraries)


def _pipelines(variables: Mapping[str, Any]) -> Iterator[tuple[str, Pipeline]]:
    from azml_pipelines.pipeline.pipeline import Pipeline  # noqa: PLC0415 - slow to load

    seen: set[int] = set()
    for name, value in variables.items():
        if isinstance(value, Pipeline) and id(value) not in seen:
            seen.add(id(value))
            yield name, value


def _workspaces(variables: Mapping[str, Any]) -> Iterator[Workspace]:
    """Yield where the script may have submitted to: what it knows, and right here."""
    from azml_pipelines.run.workspace import Workspace  # noqa: PLC0415 - slow to load

    for here in Workspace.list().values():
        yield from here
    yield from (value for value in variables.values() if isinstance(value, Workspace))
    for _, pipeline in _pipelines(variables):
        yield cast("Workspace", pipeline.workspace)
