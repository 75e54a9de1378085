"""What the journal says of a run besides its state: who drives it, from which plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from azml_pipelines.store.journal_file import reading
from azml_pipelines.store.journal_seals import read_run
from azml_pipelines.store.run_owner import Owner
from azml_pipelines.store.run_state import TERMINAL

if TYPE_CHECKING:
    from azml_pipelines.store.workspace_folder import RunFolder

__all__ = ["RunFacts", "describe_driver", "read_run_facts"]


@dataclass(frozen=True)
class RunFacts:
    """The facts of one moment."""

    status: str
    """As written down; a driver that is gone has not written its end."""
    plan_sha256: str
    owner: Owner | None
    """Who drives the run or did so last; None before the first and after the end."""

    @property
    def driver(self) -> Owner | None:
        """The living process that drives the run, if there is one."""
        if self.owner is None or self.status in TERMINAL or not self.owner.alive:
            return None
        return self.owner


def read_run_facts(folder: RunFolder) -> RunFacts:
    """Read them."""
    with reading(folder.journal) as connection:
        run = read_run(connection, folder.journal)
    owner = None
    if run["pid"] is not None:
        owner = Owner(run["host"], run["pid"], run["process_started"])
    return RunFacts(run["status"], run["plan_sha256"], owner)


def describe_driver(owner: Owner) -> str:
    """Return who drives a run, for people."""
    text = f"process {owner.pid} on {owner.host}"
    since = owner.since
    if since is None:
        return text
    moment = datetime.fromtimestamp(since).astimezone()
    return f"{text} since {moment:%Y-%m-%d %H:%M:%S}"
