"""Which request made which run: one that is repeated gets the run that it has made."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from azml_pipelines.store.catalog_tables import submissions

if TYPE_CHECKING:
    from azml_pipelines.store.catalog_database import CatalogDatabase

__all__ = ["SubmissionCatalog", "SubmissionRecord"]


@dataclass(frozen=True)
class SubmissionRecord:
    """One idempotency key. ``created`` is in seconds since 1970."""

    idempotency_key: str
    request_sha256: str
    """Of what was asked for; another request may not use the key."""
    run_id: str
    created: float


class SubmissionCatalog:
    """Idempotency keys, and the runs that they stand for."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def claim(self, key: str, request_sha256: str, run_id: str) -> SubmissionRecord:
        """Return what the key stands for: ``run_id``, unless it was claimed before."""
        query = select(submissions).where(submissions.c.idempotency_key == key)
        with self._database.writing() as connection:
            known = connection.execute(query).mappings().one_or_none()
            if known is not None:
                return SubmissionRecord(**known)
            record = SubmissionRecord(key, request_sha256, run_id, time.time())
            connection.execute(insert(submissions).values(vars(record)))
        return record

    def release(self, key: str) -> None:
        """Forget a key whose request was refused."""
        this = submissions.c.idempotency_key == key
        with self._database.writing() as connection:
            connection.execute(delete(submissions).where(this))
