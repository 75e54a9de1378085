"""A script of a step in the present process, for debuggers."""

from __future__ import annotations

import time
import traceback
from bdb import BdbQuit
from typing import TYPE_CHECKING

from azml_pipelines.compute.script_runner import ScriptEnd
from azml_pipelines.engine.script_executor import ScriptExecutor
from azml_pipelines.errors import RunCanceledError
from azml_pipelines.worker.foreground import Surroundings, hide_modules
from azml_pipelines.worker.messages import UserError
from azml_pipelines.worker.script_process import run_settled_script, settle_script
from azml_pipelines.worker.user_errors import describe_error

if TYPE_CHECKING:
    from azml_pipelines.compute.script_runner import ScriptLogs
    from azml_pipelines.worker.messages import ScriptStart

__all__ = ["InProcessScript"]


class InProcessScript(ScriptExecutor):
    """Runs a script without a process of its own: no timeout, no memory limit."""

    def run(self, start: ScriptStart, logs: ScriptLogs) -> ScriptEnd:  # noqa: ARG002 - shown, not kept
        """See ``ScriptExecutor``.

        Raises:
            RunCanceledError: Ctrl-C, or the debugger was left with ``quit``.
        """
        began = time.monotonic()
        before = Surroundings.now()
        try:
            hide_modules(self._step.source_directory, start.folder)
            settle_script(start)
            run_settled_script(start)
        except (KeyboardInterrupt, BdbQuit) as error:
            msg = "the run was interrupted"
            raise RunCanceledError(msg) from error
        except SystemExit as error:
            if error.code not in {None, 0}:
                text = f"it ended with exit code {error.code}"
                wrong = UserError(f"exit code {error.code}", text)
                return ScriptEnd(time.monotonic() - began, "exit", wrong)
        except BaseException as error:  # noqa: BLE001 - the user's own, shown and reported
            traceback.print_exception(error)
            described = describe_error(error, start.folder)
            return ScriptEnd(time.monotonic() - began, "exception", described)
        finally:
            before.restore(start.folder)
        return ScriptEnd(time.monotonic() - began)
