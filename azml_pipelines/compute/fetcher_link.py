"""A node's fetcher from the outside: start it, tell it what is needed."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from azml_pipelines.data.supply import everything_failed, forget_failures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "FetcherLink",
    "NoFetcher",
    "SuppliedInputPlan",
    "SupplyPlan",
    "start_fetcher",
]

_END_SECONDS = 3.0
_MOST_STARTS = 20


@dataclass(frozen=True)
class SuppliedInputPlan:
    """One remote input of a step, whose files are fetched while it runs."""

    number: int
    """Its place among the inputs of the step, as in the mini-batch list."""
    url: str
    options: dict[str, Any]
    """Secrets stand as ``env:NAME``: the fetcher looks them up itself."""
    name: str | None
    """Of the datastore, for messages."""
    folder: str
    """Where its files appear."""


class NoFetcher:
    """Stands in where every input is on this machine already."""

    def supplied(self, lines: bytes) -> contextlib.AbstractContextManager[None]:
        """Do nothing."""
        return contextlib.nullcontext()

    def close(self) -> None:
        """Do nothing."""


def start_fetcher(
    plan: SupplyPlan | None, logs: Path, node: str
) -> FetcherLink | NoFetcher:
    """Start what a node needs to get at its inputs.

    Args:
        plan: None when they are on this machine.
        logs: Root of the step's logs.
        node: Its name.
    """
    if plan is None:
        return NoFetcher()
    return FetcherLink(plan, logs / "sys" / "node" / node / "fetcher.txt")


@dataclass(frozen=True)
class SupplyPlan:
    """What the fetcher of a node is for."""

    inputs: tuple[SuppliedInputPlan, ...]
    cache: str
    most_bytes: int
    abreast: int = 1
    """Bundles that the node processes at the same time."""


class FetcherLink:
    """Starts one fetcher and speaks with it; starts another one when it dies.

    Args:
        plan: What it is for.
        log: Gets what it prints.
    """

    def __init__(self, plan: SupplyPlan, log: Path) -> None:
        self._plan = plan
        self._log = log
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._held: dict[int, str] = {}
        self._closed = False
        self._starts = 0
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._process = self._start()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @contextlib.contextmanager
    def supplied(self, lines: bytes) -> Iterator[None]:
        """Have the files of some lines here, or on their way, while the block lasts."""
        number = next(self._numbers)
        text = lines.decode("ascii")
        for one in self._plan.inputs:
            # A try that follows a failed one must not find the reason of that.
            forget_failures(one.folder, lines.splitlines(), one.number)
        with self._lock:
            self._held[number] = text
            self._say({"take": number, "lines": text})
        try:
            yield
        finally:
            with self._lock:
                del self._held[number]
                self._say({"drop": number})

    def close(self) -> None:
        """End it; a second call does nothing."""
        with self._lock:
            self._closed = True
            process = self._process
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._watcher.join(_END_SECONDS)

    def _say(self, order: dict[str, Any]) -> None:
        stdin = self._process.stdin
        # One that cannot hear this is dead; the next one is told all that is in hand.
        with contextlib.suppress(OSError, ValueError):
            if stdin is not None:
                stdin.write(json.dumps(order).encode("ascii") + b"\n")
                stdin.flush()

    def _watch(self) -> None:
        while True:
            self._process.wait()
            with self._lock:
                if self._closed:
                    return
                if self._starts >= _MOST_STARTS:
                    self._give_up()
                    return
                if self._process.stdin is not None:
                    with contextlib.suppress(OSError):
                        self._process.stdin.close()
                self._process = self._start()
                for number, lines in self._held.items():
                    self._say({"take": number, "lines": lines})

    def _give_up(self) -> None:
        message = f"the process that fetches files keeps ending; see {self._log}"
        for one in self._plan.inputs:
            everything_failed(one.folder, message)

    def _start(self) -> subprocess.Popen[bytes]:
        self._starts += 1
        with self._log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "azml_pipelines.data.fetcher"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                plan = json.dumps(asdict(self._plan)).encode("ascii")
                process.stdin.write(plan + b"\n")
                process.stdin.flush()
        return process
