"""``EntryScript``: where an entry script logs to, and where its output belongs."""

from __future__ import annotations

import logging
import os
import tempfile
import threading

from azml_pipelines.masking import Masker

__all__ = ["EntryScript"]

_LOGGER = "EntryScript"
_FORMAT = "%(asctime)s|%(name)s|%(levelname)s|%(process)d|%(message)s"
_PROCESS_OUTSIDE = "process000"


class EntryScript:
    """What an entry script may ask about its place; one object per process.

    Inside of a run the answers come from the worker process. Outside, as in a unit
    test of the script, the logger is an ordinary one and the folders are temporary.
    """

    _instance: EntryScript | None = None
    _lock = threading.Lock()

    def __new__(cls) -> EntryScript:  # noqa: PYI034 - Self is newer than Python 3.9
        """Return the one object of this process."""
        with cls._lock:
            if cls._instance is None:
                cls._instance = super().__new__(cls)
            return cls._instance

    @property
    def logger(self) -> logging.Logger:
        """Writes to ``logs/user/entry_script_log/<node>/<process>.log.txt``."""
        logger = logging.getLogger(_LOGGER)
        folder = os.environ.get("AZML_LOG_DIR")
        if folder:
            self._write_to(os.path.join(folder, f"{self.agent_name}.log.txt"), logger)
        return logger

    @property
    def log_dir(self) -> str:
        """The folder of that file, for log files that the script writes by itself."""
        return os.environ.get("AZML_LOG_DIR") or self._temporary("logs")

    @property
    def output_dir(self) -> str:
        """The folder of the step's output; it exists."""
        return os.environ.get("AZUREML_BI_OUTPUT_PATH") or self._temporary("output")

    @property
    def agent_name(self) -> str:
        """The name of this process on its node: ``process000``, ``process001``, etc."""
        return os.environ.get("AZML_PROCESS") or _PROCESS_OUTSIDE

    @property
    def working_dir(self) -> str:
        """The folder in which the script runs."""
        return os.getcwd()

    def _write_to(self, path: str, logger: logging.Logger) -> None:
        with self._lock:
            for handler in logger.handlers:
                if isinstance(handler, _LogFile):
                    if handler.baseFilename == os.path.abspath(path):
                        return
                    logger.removeHandler(handler)
                    handler.close()
            os.makedirs(os.path.dirname(path), exist_ok=True)
            logger.addHandler(_LogFile(path))
            # The root logger prints to stderr, which has a file of its own.
            logger.propagate = False

    def _temporary(self, name: str) -> str:
        with self._lock:
            root: str | None = self.__dict__.get("_root")
            if root is None:
                root = tempfile.mkdtemp(prefix="entry-script-")
                self.__dict__["_root"] = root
            folder = os.path.join(root, name)
            os.makedirs(folder, exist_ok=True)
            return folder


class _LogFile(logging.FileHandler):
    """The file of this process; made when the first line is written."""

    def __init__(self, path: str) -> None:
        super().__init__(path, encoding="utf-8", delay=True, errors="backslashreplace")
        self.setFormatter(logging.Formatter(_FORMAT))
        self._masker = Masker.of_environment(os.environ)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without the secrets of this process."""
        return self._masker.text(super().format(record))
