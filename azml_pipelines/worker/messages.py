"""What crosses the border of a worker process: frozen dataclasses and text."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Optional, TypeVar

from azml_pipelines.data.output_format import OutputForm
from azml_pipelines.data.table import Table, decoded_partition
from azml_pipelines.worker.frames import ProtocolError, decode_json, encode_json

if TYPE_CHECKING:
    from azml_pipelines.data.partition_format import Partition

__all__ = [
    "BUNDLE",
    "BUNDLE_DONE",
    "EXITED",
    "FAILED",
    "INIT_FAILED",
    "KILL",
    "NODE",
    "READY",
    "SCRIPT",
    "START",
    "STARTED",
    "STOP",
    "STORE_FAILED",
    "Bundle",
    "Exit",
    "FailedTry",
    "NodeStart",
    "ScriptStart",
    "UserError",
    "WorkerInput",
    "WorkerStart",
]

# Agent to fork server.
NODE, START, KILL, SCRIPT = 1, 2, 3, 4
# Fork server to agent.
STARTED, EXITED = 10, 11
# Agent to worker.
BUNDLE, STOP = 20, 21
# Worker to agent.
READY, INIT_FAILED, FAILED, BUNDLE_DONE, STORE_FAILED = 30, 31, 32, 33, 34


T = TypeVar("T")


def build(kind: type[T], fields: Any) -> T:  # noqa: ANN401 - whatever was in the JSON
    """Make a message of its fields.

    Raises:
        ProtocolError: They are not the fields of such a message.
    """
    try:
        return kind(**fields)
    except TypeError as error:
        msg = f"no {kind.__name__}: {error}"
        raise ProtocolError(msg) from error


@dataclass(frozen=True)
class WorkerInput:
    """One input of a step, as a worker reads it."""

    name: str
    kind: str
    """``file`` or ``tabular``."""
    root: str
    """Local folder; the paths of mini-batches are relative to it."""
    mode: str = "direct"
    path: Optional[str] = None  # noqa: UP045 - worker/ runs on Python 3.9 too
    """What scripts see as the path of the input; None in direct mode."""
    table: Optional[Table] = None  # noqa: UP045
    """How files become rows; None for file inputs."""
    definition: str = ""
    """Of the dataset, as JSON: what the context of a mini-batch makes datasets of."""
    partition: Optional[Partition] = None  # noqa: UP045
    keys: tuple[str, ...] = ()
    """Partition keys by which the input is cut."""
    supply: Optional[str] = None  # noqa: UP045
    """Folder where files appear while the step runs; None when they are there."""
    found_at: int = 0
    """Nanoseconds since 1970: files that were changed later in any way are not those
    that were listed. 0 where they are made while the run goes on."""
    written_by: int = 0
    """The same for what a file says of its content, where an earlier process has made
    the list; 0 asks for nothing."""


@dataclass(frozen=True)
class NodeStart:
    """What every worker process of one step on one node has in common."""

    node: str
    entry_kind: str
    """Name in the registry of entries: ``script``."""
    source_directory: str
    """The node's own copy; the working directory of its processes."""
    entry_script: str
    inputs: list[WorkerInput]
    output_action: str
    output_directory: str
    parts: str
    """Folder for part files."""
    logs: str
    """Root of the step's logs."""
    arguments: list[str] = field(default_factory=list)
    """``sys.argv[1:]`` of the entry script."""
    environment: dict[str, str] = field(default_factory=dict)
    memory_limit: Optional[int] = None  # noqa: UP045
    """Bytes of data that one process may hold; None sets no limit."""
    max_result_bytes: int = 1 << 28
    logging_level: str = "INFO"
    dataframe_header: bool = False
    output_form: Optional[OutputForm] = None  # noqa: UP045
    """How rows are written; None for version 1's way."""
    entry_options: str = ""
    """What the entry of this kind has to know, as text that it reads itself."""
    startup: list[str] = field(default_factory=list)
    """``module:function`` to call before the entry script is loaded."""
    scratch: str = ""
    """Folder for what workers unpack and start, shared by the nodes of one machine.

    Made by whoever needs it, and gone with the step.
    """

    def encode(self) -> bytes:
        """Return the payload of a ``NODE`` frame."""
        return encode_json(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> NodeStart:
        """Read the payload of a ``NODE`` frame."""
        fields = decode_json(payload)
        inputs = [_input(item) for item in fields.pop("inputs")]
        form = fields.pop("output_form", None)
        form = form and OutputForm.decode(form)
        return build(cls, {**fields, "inputs": inputs, "output_form": form})


def _input(fields: dict[str, Any]) -> WorkerInput:
    table = fields.pop("table")
    partition = fields.pop("partition")
    keys = tuple(fields.pop("keys"))
    return WorkerInput(
        table=table and Table.decode(table),
        partition=partition and decoded_partition(partition),
        keys=keys,
        **fields,
    )


@dataclass(frozen=True)
class WorkerStart:
    """One worker process to be forked. Its socket and page travel beside the frame."""

    number: int
    """Unique among the starts of this node."""
    process: str
    """Name in logs, ``process000``; the same for a replacement."""
    part: str
    """Name of the part file to create; never one that exists."""
    outputs: int = 0
    """How many descriptors for standard output and error travel beside the frame."""

    def encode(self) -> bytes:
        """Return the payload of a ``START`` frame."""
        return encode_json(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> WorkerStart:
        """Read the payload of a ``START`` frame."""
        return build(cls, decode_json(payload))


@dataclass(frozen=True)
class ScriptStart:
    """A script or a command to be run once, in a process that is forked for it.

    Descriptors for its standard output and error travel beside the frame.
    """

    number: int
    """Unique among the starts of this fork server."""
    folder: str
    """Its working directory: a copy of the source directory."""
    script: str
    """A Python file below ``folder``; empty when a shell gets the arguments."""
    error_file: str
    """Gets the ``UserError`` of a script that raises."""
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    memory_limit: Optional[int] = None  # noqa: UP045
    """Bytes of data that one process may hold; None sets no limit."""
    startup: list[str] = field(default_factory=list)
    """``module:function`` to call before the script is loaded."""

    def encode(self) -> bytes:
        """Return the payload of a ``SCRIPT`` frame."""
        return encode_json(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> ScriptStart:
        """Read the payload of a ``SCRIPT`` frame."""
        return build(cls, decode_json(payload))


@dataclass(frozen=True)
class Exit:
    """A worker process has ended. ``status``: minus the signal, or the exit code."""

    number: int
    status: int

    def encode(self) -> bytes:
        """Return the payload of an ``EXITED`` frame."""
        return encode_json(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> Exit:
        """Read the payload of an ``EXITED`` frame."""
        return build(cls, decode_json(payload))


@dataclass(frozen=True)
class Bundle:
    """Consecutive mini-batches, all in the same try, handed over together."""

    first: int
    """Index of the first mini-batch in the plan."""
    count: int
    attempt: int
    """1 for the first try."""
    lines: bytes
    """Their lines of the frozen mini-batch list, each with its newline."""
    first_item: int = 0
    item_count: int = 0
    """A piece of one mini-batch; 0 for whole ones."""
    fresh: bool = False
    """Whether a process that has run nothing yet must take it."""

    def encode(self) -> bytes:
        """Return the payload of a ``BUNDLE`` frame; the lines travel as they are."""
        return b"%d %d %d\n" % (self.first, self.count, self.attempt) + self.lines

    @classmethod
    def decode(cls, payload: bytes) -> Bundle:
        """Read the payload of a ``BUNDLE`` frame."""
        head, _, lines = payload.partition(b"\n")
        first, count, attempt = head.split()
        return cls(int(first), int(count), int(attempt), lines)


@dataclass(frozen=True)
class UserError:
    """What user code raised, as text: no foreign class is ever unpickled."""

    exception_type: str
    message: str
    user_line: str = ""
    """``score.py:12 in run: result = model(image)``; empty when no line is theirs."""
    traceback: str = ""

    def encode(self) -> bytes:
        """Return the payload of an ``INIT_FAILED`` or ``STORE_FAILED`` frame."""
        return encode_json(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> UserError:
        """Read what ``encode`` wrote."""
        return build(cls, decode_json(payload))


@dataclass(frozen=True)
class FailedTry:
    """One try of one mini-batch that failed, whether its process lived on or not."""

    mini_batch: int
    attempt: int
    reason: str
    """Its kind: ``exception``, ``wrong return``, ``timeout``, ``signal``, ``exit`` or
    ``node lost``."""
    items: int
    """Items of the mini-batch; 0 when it could not be read."""
    error: UserError
    seconds: float = 0.0
    charged: bool = True
    """Whether it counts toward ``run_max_try``; stray kills and lost nodes do not."""

    def encode(self) -> bytes:
        """Return the payload of a ``FAILED`` frame."""
        return encode_json(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> FailedTry:
        """Read the payload of a ``FAILED`` frame."""
        fields: dict[str, Any] = decode_json(payload)
        error = build(UserError, fields.pop("error", None))
        return build(cls, {**fields, "error": error})
