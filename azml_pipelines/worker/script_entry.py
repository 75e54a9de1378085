"""The entry script: a Python file with ``init()``, ``run()`` and ``shutdown()``."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import os
import sys
from typing import TYPE_CHECKING, Any

from azml_pipelines.worker.entry import EntryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from azml_pipelines.worker.entry import MiniBatchContext
    from azml_pipelines.worker.messages import NodeStart

__all__ = ["ScriptEntry"]

_POSITIONAL = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)
_MOST_ARGUMENTS = 2


class ScriptEntry:
    """Loads an entry script and calls its functions.

    The script is imported under its own file name from the node's copy of the source
    directory, so that ``__file__`` is real and its neighbours can be imported.
    """

    def __init__(self, start: NodeStart) -> None:
        self._path = os.path.join(start.source_directory, start.entry_script)
        self._name = os.path.basename(start.entry_script)
        self._run: Callable[..., Any] | None = None
        self._with_context = False
        self._shutdown: Callable[[], Any] | None = None

    def init(self) -> None:
        """Import the script and call its ``init()``, if it has one.

        Raises:
            EntryError: The script has no usable ``run()``.
            BaseException: Whatever the script itself raises.
        """
        module = self._load()
        run = self._checked_run(module)
        self._run = run
        self._with_context = _wanted_arguments(run) > 1
        self._shutdown = getattr(module, "shutdown", None)
        init = getattr(module, "init", None)
        if init is not None:
            init()

    def run(self, mini_batch: Any, context: MiniBatchContext) -> Any:  # noqa: ANN401 - the user's
        """Call ``run(mini_batch)``, with the context if it takes a second argument."""
        run = self._run
        if run is None:
            msg = "run() was called before init()"
            raise EntryError(msg)
        if self._with_context:
            return run(mini_batch, context)
        return run(mini_batch)

    def shutdown(self) -> None:
        """Call the script's ``shutdown()``, if it has one."""
        if self._shutdown is not None:
            self._shutdown()

    def _load(self) -> ModuleType:
        name = os.path.splitext(self._name)[0]
        spec = importlib.util.spec_from_file_location(name, self._path)
        if spec is None or spec.loader is None:
            msg = f"entry_script {self._name}: expected a Python file that ends in .py"
            raise EntryError(msg)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    def _checked_run(self, module: ModuleType) -> Callable[..., Any]:
        run: Callable[..., Any] | None = getattr(module, "run", None)
        if not callable(run):
            own = [
                key for key, value in vars(module).items() if inspect.isroutine(value)
            ]
            close = difflib.get_close_matches("run", own, n=1, cutoff=0.4)
            hint = f" (did you mean run instead of {close[0]}?)" if close else ""
            msg = (
                f"entry_script {self._name} needs a function run(mini_batch); "
                f"found: {', '.join(sorted(own)) or 'no function'}{hint}"
            )
            raise EntryError(msg)
        for name in ("init", "run", "shutdown"):
            if inspect.iscoroutinefunction(getattr(module, name, None)):
                msg = (
                    f"entry_script {self._name}: {name}() is async; "
                    "expected a plain function"
                )
                raise EntryError(msg)
        if not 1 <= _wanted_arguments(run) <= _MOST_ARGUMENTS:
            msg = (
                f"entry_script {self._name}: run{inspect.signature(run)} cannot be "
                "called; expected run(mini_batch) or run(mini_batch, context)"
            )
            raise EntryError(msg)
        return run


def _wanted_arguments(run: Callable[..., Any]) -> int:
    """Return how many arguments ``run`` wants by position; 0 when it takes none.

    From the second one on, a default makes a parameter the script's own business.
    """
    try:
        parameters = inspect.signature(run).parameters.values()
    except (TypeError, ValueError):
        return 1
    plain = [item for item in parameters if item.kind in _POSITIONAL]
    later = [item for item in plain[1:] if item.default is item.empty]
    variadic = any(item.kind is item.VAR_POSITIONAL for item in parameters)
    return max(len(plain[:1]), variadic) + len(later)
