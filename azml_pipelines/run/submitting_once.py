"""A request that is repeated makes one run, whoever repeats it and whatever died."""

from __future__ import annotations

import os
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

from azml_pipelines.errors import IdempotencyError, UserErrorException
from azml_pipelines.masking import holds_secret
from azml_pipelines.store.file_lock import wait_for_lock
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from azml_pipelines.run.workspace import Workspace

__all__ = ["submit_once"]

_LONGEST_KEY = 255
_LOCKS = 64
"""Keys share lock files, so that there are never more of them."""
_PATIENCE_SECONDS = 120.0


def submit_once(
    workspace: Workspace,
    key: str,
    request_sha256: str,
    submit: Callable[[str], None],
) -> str:
    """Return the id of the run that ``key`` stands for; it is made if need be.

    While one process submits, others with its key wait. When it dies midway, the next
    one finishes what it has begun, under the same run id.

    Args:
        key: 1 to 255 characters, chosen by whoever asks.
        request_sha256: Of what is asked for.
        submit: Makes the run with this id, or finishes making it.

    Raises:
        IdempotencyError: The key stands for another request.
        UserErrorException: The key is empty, too long or a secret, or another process
            has been submitting with it for two minutes.
    """
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY:
        msg = (
            f"idempotency_key={shown(key)} is none; give a text of 1 to {_LONGEST_KEY} "
            "characters, another one for every request."
        )
        raise UserErrorException(msg)
    if holds_secret(key):
        msg = (
            f"idempotency_key={shown(key)} looks like a secret, and would be written "
            "down. Give any other text, such as a UUID."
        )
        raise UserErrorException(msg)
    workspace.prepare_storage()
    with _only_one(workspace.folder.locks, key):
        claims = workspace.catalog.submissions
        claim = claims.claim(key, request_sha256, str(uuid4()))
        if claim.request_sha256 != request_sha256:
            msg = (
                f"The idempotency key {shown(key)} was used for another request, which "
                f"made run {claim.run_id}; give each request a key of its own."
            )
            raise IdempotencyError(msg)
        try:
            submit(claim.run_id)
        except Exception:
            if not workspace.folder.run(claim.run_id).plan.is_file():
                claims.release(key)
            raise
    return claim.run_id


@contextmanager
def _only_one(locks: Path, key: str) -> Iterator[None]:
    locks.mkdir(mode=0o700, exist_ok=True)
    number = int.from_bytes(sha256(key.encode("utf-8", "replace")).digest()) % _LOCKS
    file = locks / f"submission-{number:02}.lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not wait_for_lock(descriptor, _PATIENCE_SECONDS):
            msg = (
                f"Another process has been submitting with the key {shown(key)} for "
                f"{_PATIENCE_SECONDS:g} s; try again later."
            )
            raise UserErrorException(msg)
        yield
    finally:
        os.close(descriptor)
