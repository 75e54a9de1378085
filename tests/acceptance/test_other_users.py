"""D6: another user of the machine reads nothing, and makes us write nowhere else."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from azml_pipelines.errors import WorkspaceException
from azml_pipelines.run.workspace_registrations import WorkspaceRegistrations

if TYPE_CHECKING:
    from collections.abc import Callable

SOMEBODY = 65534
"""The user that owns nothing."""
RACES = 1_000
VECTORS = 5


@pytest.fixture
def shared():
    """A folder where every user may make files, as ``/tmp`` is one."""
    folder = Path(tempfile.mkdtemp(prefix="azml-shared-"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def as_somebody(work: Callable[[], int]) -> int:
    """Do ``work`` as another user; return the id of the process that does."""
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: only root can become another user")
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        os.setgroups([])
        os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
        os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    """Wait for it; return its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_nothing_of_a_storage_is_open(shared):
    """Not its list of files, its catalog, its runs; nor can anything be put there."""
    workspace = WorkspaceRegistrations(shared / "work")
    workspace.prepare_storage()
    assert [] == workspace.catalog.runs.experiments()
    run = workspace.folder.run("run-1").root
    run.mkdir(mode=0o700)
    (run / "plan.json").write_text("{}")
    storage = workspace.folder.storage
    vectors = (
        lambda: list(storage.iterdir()),
        workspace.folder.catalog.read_bytes,
        (run / "plan.json").read_bytes,
        (workspace.folder.runs / "mine").mkdir,
        lambda: storage.rename(shared / "gone"),
    )

    def attack() -> int:
        worked = 0
        for vector in vectors:
            with contextlib.suppress(PermissionError):
                vector()
                worked += 1
        return worked

    assert VECTORS == len(vectors)
    assert 0 == ended(as_somebody(attack))


def test_races_for_a_storage(shared):
    """Whoever puts a link or a folder there first gets us to refuse, never to write."""
    root = shared / "work"
    root.mkdir()
    root.chmod(0o1777)
    elsewhere = shared / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    place, stop = root / ".azml", shared / "stop"

    def attack() -> int:
        while not stop.exists():
            with contextlib.suppress(OSError):
                place.symlink_to(elsewhere)
                place.unlink()
            with contextlib.suppress(OSError):
                place.mkdir(mode=0o777)
                place.rmdir()
        return 0

    rival = as_somebody(attack)
    made = refused = 0
    try:
        for _ in range(RACES):
            try:
                WorkspaceRegistrations(root).prepare_storage()
            except (WorkspaceException, OSError):
                refused += 1
                continue
            found = place.lstat()
            made += found.st_uid == os.geteuid() and stat.S_ISDIR(found.st_mode)
            shutil.rmtree(place)
    finally:
        stop.touch()
        code = ended(rival)
    print(f"races {RACES} | ours {made} | refused {refused} | written elsewhere "
          f"{len(list(elsewhere.iterdir()))}")  # fmt: skip

    assert 0 == code
    assert [] == list(elsewhere.iterdir())
    assert RACES == made + refused
    assert made > 0
