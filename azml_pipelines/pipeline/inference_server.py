"""An inference server in the place of an entry script: how it is started and asked."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from azml_pipelines.data.model_archive import file_sha256
from azml_pipelines.errors import DeclarationError
from azml_pipelines.pipeline.environment import Environment
from azml_pipelines.pipeline.problems import one_line
from azml_pipelines.wording import shown
from azml_pipelines.worker.inference_server.json_path import JsonPath
from azml_pipelines.worker.inference_server.options import ServerOptions

__all__ = ["InferenceServer", "make_inference_server", "server_arguments"]

_DEFAULTS: dict[str, Any] = {
    "error_threshold": -1,
    "output_action": "append_row",
    "compute_target": "local",
    "node_count": 1,
    "run_invocation_timeout": 600,
    "on_failed_mini_batch": "bisect",
}
_JOINABLE = ("text/csv", "application/json", "application/jsonlines")


class InferenceServer(BaseModel):
    """A program that answers ``/ping`` and ``/invocations``, as SageMaker's do.

    Names, defaults and bounds are those of a batch transform job. What is left out is
    the server's to say (``/execution-parameters``), and then a default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: tuple[str, ...] = ()
    """The program and its arguments; as one text, split as a shell does. ``{port}``,
    ``{model_dir}`` and ``{python}`` (the worker's) are replaced. The port also stands
    in ``SAGEMAKER_BIND_TO_PORT`` and ``PORT``. Not needed with ``image``, which is run
    with ``serve``."""
    image: str | None = None
    """A container image: an archive of ``docker save`` or ``podman save``, a folder
    with a root filesystem, or a name that a container engine of the node knows."""
    container_engine: Literal["docker", "podman", "apptainer", "bubblewrap"] | None = (
        None
    )
    """Ours: the engine to use; by default the first that really runs the image."""
    model_data: str | None = None
    """A folder, or a ``model.tar.gz``, which is unpacked once per node. The server
    finds it as ``model`` below ``SAGEMAKER_BASE_DIR``."""
    content_type: str = Field(default="text/csv", min_length=1, max_length=256)
    """Sent with every request, exactly as it is."""
    accept: str = Field(default="", max_length=256)
    split_type: Literal["None", "Line", "RecordIO", "TFRecord"] = "None"
    """How a file becomes records; with ``None`` it is one request."""
    batch_strategy: Literal["MultiRecord", "SingleRecord"] | None = None
    max_payload_in_mb: int | None = Field(default=None, ge=0, le=100)
    """MiB of one request; 0 for no limit, 6 if nobody says."""
    max_concurrent_transforms: int | None = Field(default=None, ge=0)
    """Requests at the same time to one server; 0 and None leave it to the server."""
    assemble_with: Literal["None", "Line"] = "None"
    """``Line`` ends each record of an ``.out`` file with a line end."""
    csv_header: Literal["as-is", "repeat", "drop"] = "as-is"
    """Ours: ``repeat`` sends a file's first line with each request, ``drop`` with
    none. Tables have their header sent with ``repeat`` only."""
    input_filter: str = "$"
    output_filter: str = "$"
    join_source: Literal["None", "Input"] = "None"
    """``Input`` keeps each record in front of its result."""
    on_bad_record: Literal["fail_file", "bisect"] = "fail_file"
    """Ours: ``bisect`` finds the records of a file that the server refuses, by halving,
    and keeps the rows of the others; in the place of a bad one stands what the server
    said, and the file counts as one failed item. For ``append_row`` without joins."""
    invocations_timeout_in_seconds: float = Field(default=600, ge=1, le=3600)
    invocations_max_retries: int = Field(default=3, ge=0, le=3)
    startup_timeout: float = Field(default=600, gt=0, allow_inf_nan=False)
    """Ours: seconds until ``/ping`` has to answer 200."""

    @field_validator("command", mode="before")
    @classmethod
    def _split(cls, command: object) -> object:
        return tuple(shlex.split(command)) if isinstance(command, str) else command

    @field_validator("input_filter", "output_filter")
    @classmethod
    def _understood(cls, path: str) -> str:
        JsonPath(path)
        return path

    @model_validator(mode="after")
    def _has_a_program(self) -> Self:
        if not self.command and self.image is None:
            msg = f"command={self.command!r} starts no server: give one, or an image"
            raise ValueError(msg)
        if self.container_engine is not None and self.image is None:
            msg = f"container_engine={self.container_engine!r} needs an image"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.split_type == "None":
            needing = {
                "batch_strategy": self.batch_strategy,
                "on_bad_record": "bisect" if self.on_bad_record == "bisect" else None,
                "join_source": None if self.join_source == "None" else self.join_source,
                "input_filter": None if self.input_filter == "$" else self.input_filter,
            }
            for name, value in needing.items():
                if value is not None:
                    msg = f"{name}={value!r} needs records: give split_type='Line'"
                    raise ValueError(msg)
        filtered = (self.input_filter, self.output_filter) != ("$", "$")
        kind = self.content_type.partition(";")[0].strip().lower()
        if (filtered or self.join_source != "None") and kind not in _JOINABLE:
            accepted = ", ".join(_JOINABLE)
            msg = f"filters and joins need a content_type of {accepted}"
            raise ValueError(msg)
        joined = self.output_filter != "$" or self.join_source != "None"
        if joined and self.on_bad_record == "bisect":
            msg = (
                "on_bad_record='bisect' has no place for what the server said in a "
                "joined record: drop join_source and output_filter, or on_bad_record"
            )
            raise ValueError(msg)
        return self

    def options(self, step: str) -> str:
        """Return what worker processes have to know, with the model's digest.

        Raises:
            DeclarationError: There is no model at ``model_data``.
        """
        content = self.model_dump(exclude={"container_engine"})
        path = sha256 = None
        if self.model_data is not None:
            path = str(Path(self.model_data).absolute())
            if os.path.isfile(path):  # noqa: PTH113 - no to what no system can have
                sha256 = file_sha256(path)
            elif not os.path.isdir(path):  # noqa: PTH112 - the same
                msg = (
                    f"Step {shown(step)}: model_data={shown(self.model_data)} is "
                    "neither a folder nor an archive. Give one that exists."
                )
                raise DeclarationError(msg)
        image, image_sha256 = self._found_image(step)
        return ServerOptions(
            **{
                **content,
                "model_data": path,
                "model_sha256": sha256,
                "image": image,
                "image_sha256": image_sha256,
                "engine": self.container_engine,
            }
        ).encode()

    def _found_image(self, step: str) -> tuple[str | None, str | None]:
        """Return the image as workers find it, and the digest of an archive."""
        image = self.image
        if image is None:
            return None, None
        path = str(Path(image).absolute())
        if os.path.isfile(path):  # noqa: PTH113 - no to what no system can have
            return path, file_sha256(path)
        if os.path.isdir(path):  # noqa: PTH112 - the same
            return path, None
        if image.startswith((".", "/", "~")):
            msg = (
                f"Step {shown(step)}: image={shown(image)} is neither an archive nor a "
                "folder. Give one that exists, or the name of an image."
            )
            raise DeclarationError(msg)
        return image, None


def make_inference_server(**given: object) -> InferenceServer:
    """Return a server, or say in one line what is wrong with its arguments.

    Raises:
        DeclarationError: An argument is missing, unknown or out of its bounds.
    """
    try:
        return InferenceServer.model_validate(given)
    except ValidationError as error:
        msg = f"from_inference_server: {one_line(error)}."
        raise DeclarationError(msg) from None


def server_arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Return all arguments of a ``ParallelRunConfig`` that has a server.

    Args:
        given: Those of ``InferenceServer`` and those of the configuration.

    Raises:
        DeclarationError: One of those of the server is not allowed.
    """
    own = InferenceServer.model_fields
    server = {name: given[name] for name in own if name in given}
    rest = {name: value for name, value in given.items() if name not in own}
    return {
        "environment": Environment("inference-server"),
        **_DEFAULTS,
        **rest,
        "entry_script": "",
        "inference_server": make_inference_server(**server),
    }
