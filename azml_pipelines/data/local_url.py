"""Local folders as URLs in fsspec's form, and paths below them. No I/O."""

# pathlib.Path keeps "..", and with it a second name for the same folder.
# ruff: noqa: PTH100, PTH111

from __future__ import annotations

import os

from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

__all__ = ["folder_url", "local_folder", "relative_path"]

_FILE = "file://"


def folder_url(folder: str | os.PathLike[str]) -> str:
    """Return ``folder``, made absolute, as fsspec writes it: ``file:///data/images``.

    Nothing is percent-encoded, for fsspec does not decode.
    """
    return _FILE + os.path.abspath(os.path.expanduser(folder))


def local_folder(url: str) -> str:
    """Return the absolute local folder that ``url`` names.

    Raises:
        UserErrorException: The URL is not a ``file://`` one.
    """
    if not url.startswith(f"{_FILE}/"):
        msg = (
            f"The files at {shown(url)} cannot be read yet: only local folders "
            "(file:///…) can. Copy them into a local folder, or wait for a later "
            "release."
        )
        raise UserErrorException(msg)
    return url.removeprefix(_FILE)


def relative_path(path: str | os.PathLike[str]) -> str:
    """Return ``path`` without leading, doubled and trailing slashes, ``.`` and ``..``.

    Raises:
        UserErrorException: ``path`` is no text, cannot be stored, or leads out of the
            folder that it is relative to.
    """
    text = _text(path)
    parts: list[str] = []
    for part in text.split("/"):
        if part in {"", "."}:
            continue
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            msg = (
                f"The path {shown(text)} leads out of its datastore. "
                "Use a path below the datastore's root."
            )
            raise UserErrorException(msg)
    return "/".join(parts)


def _text(path: str | os.PathLike[str]) -> str:
    text: object = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str):
        msg = f"A path must be text, not {shown(path)} ({type(path).__name__})."
        raise UserErrorException(msg)
    # Definitions are stored as JSON, which cannot hold names that are not Unicode;
    # files with such names are still found by a folder or a wildcard.
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        msg = (
            f"The path {shown(text)} holds a character that cannot be stored. "
            "Name its folder, or use a wildcard (*) in place of the character."
        )
        raise UserErrorException(msg)
    return text
