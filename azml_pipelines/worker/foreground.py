"""The inside of a worker process in the present one, where a debugger works.

Nothing is forked and no stream is redirected. What a worker changes around itself is
put back at the end: folder, arguments, variables, import path, modules, logging.
"""

from __future__ import annotations

import contextlib
import linecache
import logging
import os
import sys
import sysconfig
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.loading import load_mini_batch
from azml_pipelines.worker.context import context_of
from azml_pipelines.worker.entry import entries
from azml_pipelines.worker.process import input_reader, output_action_of, settle_in

if TYPE_CHECKING:
    from types import ModuleType, TracebackType

    from azml_pipelines.data.output_action import Rows
    from azml_pipelines.worker.messages import NodeStart

__all__ = ["PROCESS", "Foreground", "Surroundings", "hide_modules"]

PROCESS = "process000"
_OWN_PACKAGE = __name__.partition(".")[0]
_VERSION_1 = ("azureml", "azureml_user")
_LOGGERS = ("", "EntryScript")


class Foreground:
    """Has entry, inputs and output action of a node while its block lasts.

    Args:
        node: What a worker process would be started with. A memory limit is left out:
            it would hold for the debugger too, and could not be taken back.
        source_directory: Where the user's own files lie. Modules that were imported
            from there are out of sight, so that the scripts of the run are imported.
    """

    def __init__(self, node: NodeStart, source_directory: str = "") -> None:
        self._node = replace(node, memory_limit=None)
        self._source_directory = source_directory

    def __enter__(self) -> Foreground:  # noqa: PYI034 - Self is newer than Python 3.9
        """Settle in as a worker process does."""
        self._before = Surroundings.now()
        try:
            hide_modules(self._source_directory, self._node.source_directory)
            from pathlib import Path  # noqa: PLC0415 - as the worker process does

            settle_in(self._node, PROCESS, Path(self._node.logs))
            self.action = output_action_of(self._node)
            self.entry = entries.get(self._node.entry_kind)(self._node)
            self.inputs = [input_reader(item) for item in self._node.inputs]
        except BaseException:
            self._before.restore(self._node.source_directory)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put everything back; of an error, the lines of the script are kept."""
        _keep_lines(trace, self._node.source_directory)
        self._before.restore(self._node.source_directory)

    def run(self, index: int, line: bytes) -> Rows:
        """Run one mini-batch from ``init()`` to ``shutdown()`` and return its rows.

        Raises:
            BaseException: Whatever the entry script raises.
        """
        self.entry.init()
        try:
            mini_batch = load_mini_batch(line, self.inputs)
            context = context_of(line, self.inputs, index)
            result = self.entry.run(mini_batch, context) if len(mini_batch) else []
            rows = self.action.rows(result)
        except BaseException:
            # What it has started would outlive this; what is looked for is the first.
            with contextlib.suppress(Exception):
                self.entry.shutdown()
            raise
        self.entry.shutdown()
        return rows


@dataclass(frozen=True)
class Surroundings:
    """What a worker process changes, as it was before."""

    folder: str
    argv: list[str]
    environ: dict[str, str]
    path: list[str]
    meta_path: list[Any]
    modules: dict[str, ModuleType]
    loggers: dict[str, tuple[list[logging.Handler], int, bool]]

    @classmethod
    def now(cls) -> Surroundings:
        """Remember everything, and leave the loggers without handlers."""
        loggers = {}
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            loggers[name] = (list(logger.handlers), logger.level, logger.propagate)
            # Not closed, as logging.basicConfig(force=True) would do: they come back.
            logger.handlers.clear()
        return cls(
            os.getcwd(),
            sys.argv,
            dict(os.environ),
            list(sys.path),
            list(sys.meta_path),
            dict(sys.modules),
            loggers,
        )

    def restore(self, source_directory: str) -> None:
        """Put everything back, and forget the modules of ``source_directory``."""
        os.chdir(self.folder)
        sys.argv = self.argv
        os.environ.clear()
        os.environ.update(self.environ)
        sys.path[:] = self.path
        sys.meta_path[:] = self.meta_path
        for name, module in list(sys.modules.items()):
            theirs = name.partition(".")[0] in _VERSION_1
            if theirs or _is_below(module, source_directory):
                del sys.modules[name]
        for name, module in self.modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module
        for name, (handlers, level, propagate) in self.loggers.items():
            logger = logging.getLogger(name)
            for handler in logger.handlers:
                handler.close()
            logger.handlers[:] = handlers
            logger.setLevel(level)
            logger.propagate = propagate


def hide_modules(users: str, nodes: str) -> None:
    """Take away what a fresh process would not have: the user's own modules.

    These are the modules of the user's source directory, and those from elsewhere that
    have the name of a file in the node's copy. Libraries stay: many cannot be imported
    twice.
    """
    names = {entry.partition(".")[0] for entry in os.listdir(nodes)}
    libraries = [sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")]
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if top in {"__main__", _OWN_PACKAGE}:
            continue
        if any(_is_below(module, folder) for folder in libraries):
            continue
        if (users and _is_below(module, users)) or (
            top in names and isinstance(getattr(module, "__file__", None), str)
        ):
            del sys.modules[name]


def _is_below(module: object, folder: str) -> bool:
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return False
    return os.path.abspath(file).startswith(os.path.join(folder, ""))


def _keep_lines(trace: TracebackType | None, folder: str) -> None:
    """Have tracebacks show the lines of files that are about to be removed."""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(os.path.join(folder, "")):
            lines = linecache.getlines(file)
            # Without a time of change an entry is never compared with its file.
            linecache.cache[file] = (sum(map(len, lines)), None, lines, file)
        trace = trace.tb_next
