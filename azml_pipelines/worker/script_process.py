"""A forked child runs one script or command, as if it had been started by itself."""

from __future__ import annotations

import os
import runpy
import shutil
import sys
from typing import TYPE_CHECKING

from azml_pipelines.masking import Masker
from azml_pipelines.worker.process import (
    limit_memory,
    run_startup,
    take_streams,
)
from azml_pipelines.worker.user_errors import describe_error

if TYPE_CHECKING:
    from azml_pipelines.worker.forkserver import ScriptOrder
    from azml_pipelines.worker.messages import ScriptStart

__all__ = ["run_script", "run_settled_script", "settle_script"]

_SHELL = "/bin/sh"


def run_script(order: ScriptOrder) -> int:
    """Run the script or command of ``order`` to its end; return its exit code."""
    start = order.start
    take_streams(order.outputs)
    try:
        limit_memory(start.memory_limit)
        settle_script(start)
        if not start.script:
            _become_command(start)
        run_settled_script(start)
    except SystemExit as error:
        return _exit_code(error.code)
    except BaseException as error:  # noqa: BLE001 - the user's own, reported like Python does
        note_error(error, start)
        return 1
    return 0


def settle_script(start: ScriptStart) -> None:
    """Take on folder, variables, arguments and import path of a script."""
    os.environ.update(start.environment)
    os.chdir(start.folder)
    if not start.script:
        return
    path = os.path.join(start.folder, start.script)
    # The first is where Python looks for a script's neighbours, the second version 1's.
    folders = dict.fromkeys((os.path.dirname(path), start.folder))
    sys.path[:0] = list(folders)
    sys.argv = [path, *start.arguments]
    run_startup(start.startup)


def run_settled_script(start: ScriptStart) -> None:
    """Run the script in the present process.

    Raises:
        BaseException: Whatever the script raises.
    """
    runpy.run_path(os.path.join(start.folder, start.script), run_name="__main__")


def note_error(error: BaseException, start: ScriptStart) -> None:
    """Print what a script raised, and leave it to whoever started the script."""
    masker = Masker.of_environment(os.environ)
    described = describe_error(error, start.folder, masker)
    print(described.traceback, file=sys.stderr, end="", flush=True)  # noqa: T201
    temporary = f"{start.error_file}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(described.encode())
        os.replace(temporary, start.error_file)
    except OSError as problem:  # a full disk must not hide what was printed
        print(f"(not written down: {problem})", file=sys.stderr)  # noqa: T201


def _become_command(start: ScriptStart) -> None:
    """Let a shell take the place of this process; it finds our Python first."""
    places = [os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)]
    os.environ["PATH"] = os.pathsep.join(places)
    shell = shutil.which("bash") or _SHELL
    os.execv(shell, [shell, "-c", " ".join(start.arguments)])  # noqa: S606 - it is one


def _exit_code(code: object) -> int:
    """Return the exit code of ``sys.exit(code)``; text is printed, as Python does."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr, flush=True)  # noqa: T201
    return 1
