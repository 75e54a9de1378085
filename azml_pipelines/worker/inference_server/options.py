"""What is known about an inference server before it is started."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Optional

__all__ = ["ServerOptions"]


@dataclass(frozen=True)
class ServerOptions:
    """How a server is started, and what is sent to it.

    Names and values are those of a batch transform job. What is None was not given, and
    is then the server's to say (``/execution-parameters``).
    """

    command: tuple[str, ...] = ()
    """``{port}``, ``{model_dir}`` and ``{python}`` are replaced. In an image: in the
    place of what the image runs."""
    image: Optional[str] = None  # noqa: UP045 - worker/ runs on Python 3.9 too
    """A root folder, an archive (both absolute paths) or a name; None for a program of
    this machine."""
    image_sha256: Optional[str] = None  # noqa: UP045
    """Of the archive, when it was submitted."""
    engine: Optional[str] = None  # noqa: UP045
    """The only container engine to try."""
    model_data: Optional[str] = None  # noqa: UP045 - worker/ runs on Python 3.9 too
    """Absolute path of a folder, or of a ``model.tar.gz``."""
    model_sha256: Optional[str] = None  # noqa: UP045
    """Of the archive, when it was submitted."""
    content_type: str = "text/csv"
    accept: str = ""
    split_type: str = "None"
    """``None``, ``Line``, ``RecordIO`` or ``TFRecord``: how a file becomes records."""
    batch_strategy: Optional[str] = None  # noqa: UP045
    """``MultiRecord`` or ``SingleRecord``."""
    max_payload_in_mb: Optional[int] = None  # noqa: UP045
    max_concurrent_transforms: Optional[int] = None  # noqa: UP045
    assemble_with: str = "None"
    """``Line`` puts a line end behind each record of an ``.out`` file."""
    csv_header: str = "as-is"
    """``repeat`` sends the first line of a file with each request, ``drop`` with
    none."""
    input_filter: str = "$"
    output_filter: str = "$"
    join_source: str = "None"
    """``Input`` puts the input record in front of its result."""
    on_bad_record: str = "fail_file"
    """``bisect`` looks for the bad records of a file and keeps the others."""
    invocations_timeout_in_seconds: float = 600.0
    invocations_max_retries: int = 3
    startup_timeout: float = 600.0
    environment: dict[str, str] = field(default_factory=dict)
    """Variables of the server besides those of the script's process."""

    @property
    def bisects(self) -> bool:
        """Whether the good records of a file with a bad one are kept."""
        return self.on_bad_record == "bisect"

    def encode(self) -> str:
        """Return the options as text."""
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> ServerOptions:
        """Read what ``encode`` wrote."""
        fields: dict[str, Any] = json.loads(text)
        return cls(**{**fields, "command": tuple(fields["command"])})
