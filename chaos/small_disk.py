"""A file system of a few kilobytes laid over one folder, where the system allows it."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["can_mount", "enlarge", "small_disk"]


def _mount(*arguments: str) -> bool:
    command = ["mount", *arguments]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def can_mount(folder: Path) -> bool:
    """Try it out on an empty folder."""
    folder.mkdir()
    if shutil.which("mount") is None or not _mount(
        "-t", "tmpfs", "-o", "size=64k", "chaos", str(folder)
    ):
        return False
    _unmount(folder)
    return True


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


@contextmanager
def small_disk(folder: Path, room: int) -> Iterator[None]:
    """Lay a tmpfs over ``folder`` with its content and ``room`` bytes beyond that.

    Sub-folders stay where they are, on the big disk. At the end the content is put back.
    """
    aside = folder.with_name(f".{folder.name}.aside")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.rename(aside)
    folder.mkdir(mode=0o700)
    files = [path for path in aside.iterdir() if path.is_file()]
    used = sum(-(-path.stat().st_size // 4096) * 4096 for path in files)
    if not _mount(
        "-t", "tmpfs", "-o", f"mode=0700,size={used + room}", "chaos", str(folder)
    ):
        msg = f"no tmpfs could be mounted on {folder}"
        raise OSError(msg)
    below = []
    try:
        for path in aside.iterdir():
            if path.is_file():
                shutil.copy2(path, folder / path.name)
            else:
                (folder / path.name).mkdir()
                below.append(folder / path.name)
                _mount("--bind", str(path), str(folder / path.name))
        yield
    finally:
        for path in folder.iterdir():
            if path.is_file():
                shutil.copy2(path, aside / path.name)
            elif path not in below:
                shutil.copytree(path, aside / path.name, dirs_exist_ok=True)
        for name in {path.name for path in aside.iterdir() if path.is_file()}:
            if not (folder / name).exists():
                os.unlink(aside / name)
        for path in below:
            _unmount(path)
        _unmount(folder)
        folder.rmdir()
        aside.rename(folder)


def enlarge(folder: Path) -> None:
    """Free plenty of space on the small disk."""
    _mount("-o", "remount,size=256m", str(folder))
