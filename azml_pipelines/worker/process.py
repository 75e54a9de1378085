"""A forked child becomes a worker process: streams, folder, variables, arguments."""

from __future__ import annotations

import logging
import os
import resource
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Optional, TextIO

from azml_pipelines.data.loading import FileInput, InputFacts, TableInput
from azml_pipelines.data.output_action import output_actions
from azml_pipelines.data.output_format import FormattedRows
from azml_pipelines.data.supply import SuppliedInput
from azml_pipelines.masking import Masker
from azml_pipelines.worker.entry import entries
from azml_pipelines.worker.frames import send_frame
from azml_pipelines.worker.loop import Worker
from azml_pipelines.worker.messages import INIT_FAILED
from azml_pipelines.worker.page import Page
from azml_pipelines.worker.part_file import PartFile
from azml_pipelines.worker.to_csv_settings import read_to_csv_settings
from azml_pipelines.worker.user_errors import UserErrors, describe_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from azml_pipelines.data.output_action import OutputAction
    from azml_pipelines.worker.forkserver import ChildOrder
    from azml_pipelines.worker.messages import NodeStart, WorkerInput

__all__ = [
    "input_reader",
    "limit_memory",
    "output_action_of",
    "run_startup",
    "settle_in",
    "take_streams",
    "work",
]

_LOG_FORMAT = "%(asctime)s|%(name)s|%(levelname)s|%(process)d|%(message)s"


def work(order: ChildOrder) -> int:
    """Be the worker process that ``order`` describes; return its exit code."""
    node, process = order.node, order.start.process
    logs = Path(node.logs)
    take_streams(order.outputs)
    try:
        settle_in(node, process, logs)
        action = output_action_of(node)
    except Exception as error:  # noqa: BLE001 - whatever it is, the agent has to hear of it
        masker = Masker.of_environment(node.environment)
        described = describe_error(error, node.source_directory, masker)
        send_frame(order.link, INIT_FAILED, described.encode())
        return 1
    errors = _file(logs / "user" / "error" / node.node, f"{process}.txt")
    worker = Worker(
        order.link,
        Page(order.page_descriptor),
        entry=entries.get(node.entry_kind)(node),
        inputs=[input_reader(item) for item in node.inputs],
        action=action,
        part=PartFile(node.parts, order.start.part),
        errors=UserErrors(
            node.source_directory, str(errors), Masker.of_environment(os.environ)
        ),
    )
    return worker.serve()


def take_streams(outputs: Sequence[int]) -> None:
    """Print from now on to these descriptors, if there are any."""
    for target, standard in zip(outputs, (1, 2)):
        os.dup2(target, standard)
        os.close(target)
    sys.stdout, sys.stderr = _text_stream(1), _text_stream(2)


def _text_stream(descriptor: int) -> TextIO:
    """Open a standard stream anew: the old one knows a file that is not there any more.

    Printing the name of a file that is not UTF-8 fails nobody's mini-batch.
    """
    return open(
        descriptor,
        "w",
        buffering=1,
        encoding="utf-8",
        errors="backslashreplace",
        closefd=False,
    )


def _file(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / name


def settle_in(node: NodeStart, process: str, logs: Path) -> None:
    """Take on the folder, variables, arguments, limits and logging of a worker."""
    script_log = logs / "user" / "entry_script_log" / node.node
    script_log.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ.update(node.environment)
    os.environ["AZML_NODE"] = node.node
    os.environ["AZML_PROCESS"] = process
    os.environ["AZML_LOG_DIR"] = str(script_log)
    limit_memory(node.memory_limit)
    os.chdir(node.source_directory)
    sys.path.insert(0, node.source_directory)
    sys.argv = [os.path.join(node.source_directory, node.entry_script), *node.arguments]
    level = logging.getLevelName(node.logging_level.upper())
    logging.basicConfig(
        level=level if isinstance(level, int) else logging.INFO,
        format=_LOG_FORMAT,
        force=True,
    )
    run_startup(node.startup)


def limit_memory(limit: Optional[int]) -> None:  # noqa: UP045 - Python 3.9 too
    """Let this process hold no more than ``limit`` bytes of data; None: as it likes."""
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def run_startup(places: Sequence[str]) -> None:
    """Call ``module:function`` for each of ``places``."""
    for place in places:
        module, _, function = place.partition(":")
        getattr(import_module(module), function)()


def input_reader(item: WorkerInput) -> FileInput | TableInput:
    """Return what reads the mini-batches of an input."""
    facts = InputFacts(item.definition, item.partition, item.keys)
    if item.table is not None:
        return TableInput(item.root, item.table, facts)
    if item.supply is not None:
        return SuppliedInput(item.root, item.supply, facts)
    return FileInput(item.root, facts, item.found_at, item.written_by)


def output_action_of(node: NodeStart) -> OutputAction:
    """Return the output action of a step, set up as its source directory says."""
    kind = output_actions.get(node.output_action)
    action: OutputAction
    if node.output_form is not None:
        return FormattedRows(node.output_form, node.max_result_bytes)
    if node.output_action == "append_row":
        options = read_to_csv_settings(Path(node.source_directory))
        action = kind(
            header=node.dataframe_header,
            to_csv_options=options,
            max_result_bytes=node.max_result_bytes,
        )
    else:
        action = kind()
    return action
