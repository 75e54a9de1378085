"""Builds an environment once per machine, whoever asks, and whoever is killed.

Two that want the same one at the same time build it once: the second waits for the
lock. Installers inherit the lock, so it stays taken until the last of them has ended,
even when whoever has started them is killed. What has no record then is removed and
built anew.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, BinaryIO

from azml_pipelines.compute.built_environments import BuiltEnvironment, content_key
from azml_pipelines.compute.environment_tools import (
    base_python,
    build_tool,
    describe_python,
    installer_variables,
    requirements_file,
)
from azml_pipelines.errors import EnvironmentBuildError
from azml_pipelines.failpoints import point
from azml_pipelines.masking import mask
from azml_pipelines.printable import printable
from azml_pipelines.store.file_lock import wait_for_lock
from azml_pipelines.store.packages import packages_in
from azml_pipelines.store.private_folder import check_private
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from azml_pipelines.compute.built_environments import EnvironmentStore
    from azml_pipelines.pipeline.environment_build import BuildOrder

__all__ = ["BUILD_SECONDS", "build_environment", "find_environment"]

BUILD_SECONDS = 3600.0
"""How long a build may take, and waiting for somebody else's."""
_LOOK_SECONDS = 0.2
_TAIL_BYTES = 1 << 14


def find_environment(
    store: EnvironmentStore, order: BuildOrder
) -> BuiltEnvironment | None:
    """Return what was built for an order, if it is there.

    Raises:
        EnvironmentBuildError: This machine lacks the Python that it asks for, or a
            file that it names.
    """
    return store.find(content_key(order, base_python(order).identity))


def build_environment(
    store: EnvironmentStore,
    order: BuildOrder,
    *,
    check: Callable[[], None] = lambda: None,
    say: Callable[[str], None] = lambda _: None,
    seconds: float = BUILD_SECONDS,
) -> BuiltEnvironment:
    """Return what an order asks for, built now unless it is there.

    Args:
        store: Where environments are kept.
        order: What is to be built.
        check: Called several times a second; raises to stop.
        say: Is told what takes long, one line each.
        seconds: How long it may take.

    Raises:
        EnvironmentBuildError: It cannot be built; the message says why, and where the
            whole story is.
        BaseException: What ``check`` raises; no installer runs on.
    """
    python = base_python(order)
    key = content_key(order, python.identity)
    found = store.find(key)
    if found is not None:
        return found
    deadline = time.monotonic() + seconds
    place = store.place(key)
    try:
        store.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_private(store.root)
        with place.with_name(f"{key}.lock").open("wb") as lock:
            _take(lock, order, deadline, check, say)
            found = store.find(key)
            if found is not None:
                return found
            return _build(store, order, key, _Work(lock, deadline, check, say))
    except OSError as error:
        msg = (
            f"environment {shown(order.name)} cannot be built in "
            f"{shown(str(store.root))}: {error.strerror}"
        )
        raise EnvironmentBuildError(msg) from error


def _take(
    lock: BinaryIO,
    order: BuildOrder,
    deadline: float,
    check: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    waits = False
    while not wait_for_lock(lock.fileno(), _LOOK_SECONDS):
        check()
        if not waits:
            say(f"environment {shown(order.name)} is being built by somebody else")
            waits = True
        if time.monotonic() > deadline:
            msg = (
                f"environment {shown(order.name)} is still being built by somebody "
                f"else; {shown(lock.name)} is locked"
            )
            raise EnvironmentBuildError(msg)


class _Work:
    """What a build has around it."""

    def __init__(
        self,
        lock: BinaryIO,
        deadline: float,
        check: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self.lock = lock
        self.deadline = deadline
        self.check = check
        self.say = say


def _build(
    store: EnvironmentStore, order: BuildOrder, key: str, work: _Work
) -> BuiltEnvironment:
    place = store.place(key)
    began = time.monotonic()
    if place.exists():
        work.say(
            f"what a killed build has left of environment {shown(order.name)} goes"
        )
        shutil.rmtree(place)
    tool = build_tool(order, base_python(order), place)
    requirements = requirements_file(place)
    requirements.write_text("".join(f"{line}\n" for line in order.requirements))
    requirements.with_suffix(".yml").write_text(order.conda_file, encoding="utf-8")
    log = place.with_name(f"{key}.log")
    work.say(f"building environment {shown(order.name)} with {tool.name} in {place}")
    try:
        with log.open("wb") as output:
            for command in tool.commands:
                point("environment.build")
                _run(command, order, log, output, work)
    except BaseException:
        # A whole one has a record; this is only to give the disk back.
        shutil.rmtree(place, ignore_errors=True)
        raise
    interpreter = place / "bin" / "python"
    version, places = describe_python(str(interpreter))
    built = BuiltEnvironment(
        key=key,
        name=order.name,
        kind=order.kind,
        interpreter=str(interpreter),
        tool=tool.name,
        seconds=round(time.monotonic() - began, 3),
        built=time.time(),
        packages=packages_in(places, version),
    )
    store.add(built)
    work.say(f"environment {shown(order.name)} was built in {built.seconds:.1f} s")
    return built


def _run(
    command: tuple[str, ...],
    order: BuildOrder,
    log: Path,
    output: BinaryIO,
    work: _Work,
) -> None:
    """Run one installer in a process group of its own, and end it with all of its."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=installer_variables(os.environ),
        cwd=log.parent,
        start_new_session=True,
        # The lock is theirs too, until the last of them has ended.
        pass_fds=[work.lock.fileno()],
    )
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(_LOOK_SECONDS)
                break
            work.check()
            if time.monotonic() > work.deadline:
                msg = (
                    f"environment {shown(order.name)} was not built in time; the log "
                    f"is {log}"
                )
                raise EnvironmentBuildError(msg)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if status:
        tool = os.path.basename(command[0])  # noqa: PTH119 - a name is enough
        msg = (
            f"environment {shown(order.name)} cannot be built: {_reason(log)} "
            f"({tool} ended with {status}; the log is {log})"
        )
        raise EnvironmentBuildError(msg)


def _reason(log: Path) -> str:
    """Return the line of an installer's log that says most."""
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - _TAIL_BYTES, 0))
        lines = file.read().decode("utf-8", "replace").splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    errors = [
        line
        for line in lines
        if line.lower().startswith(("error", "because", "\u00d7"))
    ]
    return shown(mask(printable((errors or lines or ["it says nothing"])[-1])), 300)[
        1:-1
    ]
