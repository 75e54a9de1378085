"""Which files of a source directory look like keys and passwords, by their names."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from azml_pipelines.wording import listed, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["secret_files", "secret_files_warning"]

_PATTERNS = (
    ".env",
    ".env.*",
    "*.env",
    "*.pem",
    "*.key",
    "*.pfx",
    "*.p12",
    "*.ppk",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "credentials",
    "credentials.*",
    "client_secret*.json",
    "service_account*.json",
    "service-account*.json",
    "secrets.*",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".pypirc",
    ".npmrc",
    ".git-credentials",
    ".htpasswd",
)
_HARMLESS = ("*.example", "*.sample", "*.template", "*.dist", "*.py", "*.md")
"""Templates, documentation, and code that only bears the name."""


def secret_files(files: Iterable[str]) -> list[str]:
    """Return those of ``files`` that have the names of keys or of passwords."""
    return [file for file in files if _looks_secret(file.rpartition("/")[2].lower())]


def secret_files_warning(source: str, files: Iterable[str]) -> str | None:
    """Return one line about the secrets among the files to be copied; None if none."""
    found = secret_files(files)
    if not found:
        return None
    return (
        f"source_directory {shown(source)} holds what look like secrets, and they are "
        f"copied with it: {listed(found)}. Name them in .amlignore there (written like "
        ".gitignore), and give secrets to scripts with env:NAME."
    )


def _looks_secret(name: str) -> bool:
    if any(fnmatchcase(name, pattern) for pattern in _HARMLESS):
        return False
    return any(fnmatchcase(name, pattern) for pattern in _PATTERNS)
