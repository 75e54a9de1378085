"""Secrets on their way to an orchestrator: through its environment, never a file."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["lent_secrets"]


@contextmanager
def lent_secrets(secrets: Mapping[str, str]) -> Iterator[None]:
    """Set variables for the processes that are started meanwhile, then take them back.

    Args:
        secrets: Variables by name. One of the same name is hidden for that time.
    """
    before = {name: os.environ.get(name) for name in secrets}
    os.environ.update(secrets)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
