"""A catalog on a PostgreSQL server that many machines use at once."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from sqlalchemy import Connection, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from azml_pipelines.errors import UserErrorException

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["PostgresStorage"]

_CONNECT_SECONDS = 10
_LOCK_TIMEOUT = "30s"
_LOCK = 1_635_412_332  # any number that is ours: "azml" in ASCII
_SCHEMES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})


class PostgresStorage:
    """A schema of a database; see ``CatalogStorage``.

    Its tables are made in the schema that the connection uses by default. Two
    catalogs in one database need a schema each: ``?options=-csearch_path%3Dname``.

    Args:
        url: ``postgresql://user:password@host:port/database``.
        password: In the place of one in the address.

    Raises:
        UserErrorException: It is no such address, or psycopg is not installed.
    """

    def __init__(self, url: str, password: str | None = None) -> None:
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):
            parsed = None
        if parsed is None or parsed.drivername not in _SCHEMES or not parsed.database:
            # The address is not shown: it may hold a password.
            msg = (
                "The address of the catalog is none of PostgreSQL's; give "
                "postgresql://user:password@host:port/database."
            )
            raise UserErrorException(msg)
        self.name = (
            f"{parsed.host or 'localhost'}:{parsed.port or 5432}/{parsed.database}"
        )
        self.advice = (
            "See that the server runs, and that the user of the address may log in "
            "and make tables."
        )
        try:
            if password is not None:
                parsed = parsed.set(password=password)
            self.engine = create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                poolclass=NullPool,
                connect_args={"connect_timeout": _CONNECT_SECONDS},
            )
        except ModuleNotFoundError as error:
            msg = (
                "A catalog on PostgreSQL needs psycopg, which is not installed: pip "
                "install 'azml-pipelines[postgres]'."
            )
            raise UserErrorException(msg, inner_exception=error) from error
        event.listen(self.engine, "begin", _begin)

    def preparing(self) -> AbstractContextManager[None]:
        """Keep nobody out: a transaction that writes does so from its begin on."""
        return nullcontext()

    def layout(self, connection: Connection) -> int:
        """Return which migration the schema has seen last; 0 for a new one."""
        known = connection.exec_driver_sql(
            "SELECT to_regclass(quote_ident(current_schema()) || '.catalog_layout')"
        ).scalar_one()
        if known is None:
            return 0
        found = connection.exec_driver_sql("SELECT version FROM catalog_layout")
        return int(found.scalar_one())

    def set_layout(self, connection: Connection, version: int) -> None:
        """Write it down, together with what else the transaction changes."""
        connection.exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS catalog_layout (version INTEGER NOT NULL)"
        )
        connection.exec_driver_sql("DELETE FROM catalog_layout")
        connection.execute(
            text("INSERT INTO catalog_layout VALUES (:version)"), {"version": version}
        )

    def keep_copy(self, version: int) -> None:
        """Leave copies to the server's own backups; a migration is one transaction."""


def _begin(connection: Connection) -> None:
    """Let one transaction write at a time, as SQLite does; reading ones never wait."""
    if connection.get_execution_options().get("azml_write", False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        connection.exec_driver_sql(
            f"SELECT pg_advisory_xact_lock({_LOCK}, hashtext(current_schema()))"
        )
    else:
        connection.exec_driver_sql(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
        )
