"""Arguments of ``from_delimited_files``, checked and turned into a format. No I/O."""

from __future__ import annotations

from enum import Enum
from typing import Literal, TypeAlias, get_args

from azml_pipelines.errors import UserErrorException
from azml_pipelines.wording import shown

__all__ = [
    "ENCODINGS",
    "HeaderMode",
    "PromoteHeadersBehavior",
    "checked_encoding",
    "checked_separator",
    "header_mode",
]

HeaderMode: TypeAlias = Literal[
    "ALL_FILES_HAVE_SAME_HEADERS",
    "COMBINE_ALL_FILES_HEADERS",
    "ONLY_FIRST_FILE_HAS_HEADERS",
    "NO_HEADERS",
]
ENCODINGS = {
    "utf8": "utf-8-sig",
    "iso88591": "latin-1",
    "latin1": "latin-1",
    "ascii": "ascii",
    "utf16": "utf-16",
    "utf32": "utf-32",
    "utf8bom": "utf-8-sig",
    "windows1252": "cp1252",
}
"""Version 1's names of encodings, and the codec of Python that reads each."""


class PromoteHeadersBehavior(Enum):
    """Which lines of delimited files are headers."""

    NO_HEADERS = 0
    ONLY_FIRST_FILE_HAS_HEADERS = 1
    COMBINE_ALL_FILES_HEADERS = 2
    ALL_FILES_HAVE_SAME_HEADERS = 3


def header_mode(header: object) -> HeaderMode:
    """Return what ``header`` says, a boolean, a behaviour or the name of one.

    Raises:
        UserErrorException: It is none of these.
    """
    if isinstance(header, bool):
        return "ALL_FILES_HAVE_SAME_HEADERS" if header else "NO_HEADERS"
    if isinstance(header, PromoteHeadersBehavior):
        header = header.name
    modes: tuple[HeaderMode, ...] = get_args(HeaderMode)
    for mode in modes:
        if mode == header:
            return mode
    msg = (
        f"header must be True, False or one of {', '.join(modes)}, not {shown(header)}."
    )
    raise UserErrorException(msg)


def checked_encoding(encoding: str) -> str:
    """Return ``encoding`` when it is one of version 1's.

    Raises:
        UserErrorException: It is not.
    """
    if not isinstance(encoding, str) or encoding not in ENCODINGS:
        msg = f"encoding must be one of {', '.join(ENCODINGS)}, not {shown(encoding)}."
        raise UserErrorException(msg)
    return encoding


def checked_separator(separator: str) -> str:
    """Return ``separator`` when it is one character that can stand between fields.

    Raises:
        UserErrorException: It is not.
    """
    if not isinstance(separator, str) or len(separator) != 1 or separator in '"\r\n':
        msg = (
            "separator must be one character, and neither a quote nor a line end, "
            f"not {shown(separator)}."
        )
        raise UserErrorException(msg)
    return separator
