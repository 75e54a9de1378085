"""The programs that can run an image here, and how each of them is asked to."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CONTAINER_PREFIX",
    "ENGINES",
    "MODEL",
    "PORT",
    "Engine",
    "Launch",
    "PreparedImage",
    "launch",
    "probe",
    "said_by",
]

PORT = 8080
"""Where a server listens in a network of its own, as hosting has it."""
MODEL = "/opt/ml/model"
CONTAINER_PREFIX = "azml-"
"""How the names of our containers begin; the process that has started it follows."""
_PROBE_SECONDS = 120.0
_NO_SUCH_PROGRAM = "/azml-asks-whether-this-runs"
_NOT_FOUND = 127
_RESTRICTED = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


@dataclass(frozen=True)
class PreparedImage:
    """An image that an engine of this machine can run."""

    engine: str
    reference: str
    """The name that the engine has for it; for bubblewrap the folder of its root."""
    before: tuple[str, ...] = ()
    """Options of the engine that it needs on this machine."""
    behind: tuple[str, ...] = ()
    """Options of ``run`` that it needs on this machine."""
    entrypoint: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    folder: str = "/"


@dataclass(frozen=True)
class Launch:
    """A command that starts a container."""

    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    name: str = ""
    """What the engine calls the container, if it gives it a name."""


@dataclass(frozen=True)
class Engine:
    """What an engine takes."""

    name: str
    program: str
    takes: tuple[str, ...]
    """``reference``, ``archive``, ``folder``."""
    own_network: bool
    """Whether each container has one, which a door leads into."""


ENGINES = (
    Engine("docker", "docker", ("reference", "archive"), own_network=False),
    Engine("podman", "podman", ("reference", "archive", "folder"), own_network=True),
    Engine(
        "apptainer", "apptainer", ("reference", "archive", "folder"), own_network=False
    ),
    Engine("bubblewrap", "bwrap", ("archive", "folder"), own_network=True),
)
"""In the order in which they are tried."""


def said_by(command: Sequence[str], *, whole: bool = False) -> tuple[int, str]:
    """Run a command of an engine; return its exit code and the last line it prints.

    With ``whole``, all of its lines.
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return -1, str(error)
    lines = done.stdout.decode("utf-8", "replace").split("\n")
    if whole:
        return done.returncode, "\n".join(lines)
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return done.returncode, last


def probe(image: PreparedImage) -> tuple[Optional[PreparedImage], str]:  # noqa: UP045
    """Have an engine run something in an image, with what it may need for that.

    A program that is not there is asked for: an engine that gets so far as to miss it
    has made the container.

    Returns:
        The image with the options that work; or None, and what the engine said.
    """
    said = ""
    for number, (before, behind) in enumerate(_ways(image)):
        tried = PreparedImage(
            image.engine, image.reference, before, behind,
            image.entrypoint, image.environment, image.folder,
        )  # fmt: skip
        if image.engine == "bubblewrap":
            command = _bubblewrap(tried, None, "/", [_NO_SUCH_PROGRAM])
        elif image.engine == "apptainer":
            command = ("apptainer", "exec", image.reference, _NO_SUCH_PROGRAM)
        else:
            command = (
                *(image.engine, *before, "run", "--rm", *behind),
                *("--name", f"{CONTAINER_PREFIX}{os.getpid()}-probe{number}"),
                *("--entrypoint", _NO_SUCH_PROGRAM, *_root_of(image)),
            )
        code, said = said_by(command)
        missing = image.engine in {"bubblewrap", "apptainer"} and (
            _NO_SUCH_PROGRAM in said and "No such file" in said
        )
        if code == _NOT_FOUND or missing:
            return tried, ""
    return None, said


def _ways(image: PreparedImage) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the options to try: none at first, then those of restricted machines."""
    if image.engine != "podman":
        return [((), ())]
    alone = ("--network", "none")
    runc = ("--runtime", "runc", "--cgroup-manager", "cgroupfs")
    return [
        ((), alone),
        ((), (*alone, "--cgroups", "disabled", *_RESTRICTED)),
        (runc, (*alone, *_RESTRICTED)),
    ]


def _root_of(image: PreparedImage) -> tuple[str, ...]:
    if os.path.isdir(image.reference):
        return ("--read-only", "--rootfs", image.reference)
    return (image.reference,)


def launch(
    image: PreparedImage,
    words: Sequence[str],
    model: Optional[str],  # noqa: UP045
    variables: dict[str, str],
    *,
    name: str,
    port: int,
) -> Launch:
    """Return the command that starts the server of an image.

    Args:
        image: That of ``probe``.
        words: The program and its arguments; empty for the image's own, with ``serve``.
        model: Folder that becomes ``/opt/ml/model``.
        variables: Of the server. They are not on the command line, which others read.
        name: For the container.
        port: Of this machine, for engines that do not give it a network of its own.
    """
    if image.engine == "bubblewrap":
        own = dict(one.split("=", 1) for one in image.environment if "=" in one)
        default = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        inside = {"PATH": default, "HOME": "/root", **own, **variables}
        command = list(words) or [*image.entrypoint, "serve"]
        return Launch(_bubblewrap(image, model, image.folder, command), inside)
    here = {**os.environ, **variables}
    binding = () if model is None else (f"{model}:{MODEL}:ro",)
    if image.engine == "apptainer":
        binds = tuple(word for one in binding for word in ("--bind", one))
        inside = {f"APPTAINERENV_{key}": value for key, value in variables.items()}
        return Launch(
            (
                *("apptainer", "exec", "--containall", "--cleanenv"),
                *("--writable-tmpfs", *binds, image.reference),
                *(words or ("serve",)),
            ),
            {**os.environ, **inside},
        )
    publish = ("--publish", f"127.0.0.1:{port}:{PORT}")
    options = (
        *(("--replace",) if image.engine == "podman" else publish),
        *(word for one in binding for word in ("--volume", one)),
        *(word for key in sorted(variables) for word in ("--env", key)),
    )
    return Launch(_run(image, words, options, name), here, name)


def _run(
    image: PreparedImage, words: Sequence[str], options: Sequence[str], name: str
) -> tuple[str, ...]:
    start = ("--entrypoint", words[0]) if words else ()
    return (
        *(image.engine, *image.before, "run", "--rm", "--name", name),
        *(*image.behind, "--security-opt", "no-new-privileges", *options, *start),
        *(*_root_of(image), *(words[1:] if words else ("serve",))),
    )


def _bubblewrap(
    image: PreparedImage,
    model: Optional[str],  # noqa: UP045
    folder: str,
    words: Sequence[str],
) -> tuple[str, ...]:
    """Return the command for a root folder: its own processes, users and network."""
    binds = () if model is None else ("--ro-bind", model, MODEL)
    scratch = [
        word
        for place in ("/tmp", "/run", "/var/tmp", "/var/log")  # noqa: S108 - in there
        if os.path.isdir(image.reference + place)
        and not os.path.islink(image.reference + place)
        for word in ("--tmpfs", place)
    ]
    return (
        *("bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc"),
        *("--die-with-parent", "--uid", "0", "--gid", "0"),
        *("--ro-bind", image.reference, "/", "--proc", "/proc", "--dev", "/dev"),
        *(*scratch, *binds, "--chdir", folder, *words),
    )
