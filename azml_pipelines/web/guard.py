"""Who may ask the REST server what. Rules only: no network, no clock.

Three walls, for every method alike: the name by which the server was called, where the
request comes from, and the token. A page in a browser passes none of them.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Guard", "Refusal", "Visit"]

_NAMES = ("127.0.0.1", "localhost", "[::1]")
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_OWN_FETCHES = frozenset({"none", "same-origin"})
_JSON = "application/json"


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class Visit:
    """What a request says of itself. Headers are all values of a name, lower case."""

    method: str
    headers: Mapping[str, Sequence[str]]

    def only(self, name: str) -> str | None:
        """Return the one value of a header; None for none, and empty for several."""
        values = self.headers.get(name, ())
        return values[0] if len(values) == 1 else (None if not values else "")


@dataclass(frozen=True)
class Guard:
    """Lets in whoever knows the token and is no web page.

    Args:
        port: On which the server listens.
        token: Of the workspace.
    """

    port: int
    token: str

    def objection(self, visit: Visit) -> Refusal | None:
        """Return why the request is refused, or None."""
        return (
            self._host(visit)
            or self._origin(visit)
            or self._authorization(visit)
            or self._content_type(visit)
        )

    def _host(self, visit: Visit) -> Refusal | None:
        # A page that makes its own name mean 127.0.0.1 still calls us by that name.
        if visit.only("host") in {f"{name}:{self.port}" for name in _NAMES}:
            return None
        return Refusal(403, "bad_host", "Host is not the address of this server")

    def _origin(self, visit: Visit) -> Refusal | None:
        refusal = Refusal(403, "bad_origin", "requests of other pages are not answered")
        origin = visit.only("origin")
        if origin is not None and origin not in {
            f"http://{name}:{self.port}" for name in _NAMES
        }:
            return refusal
        site = visit.only("sec-fetch-site")
        return None if site is None or site in _OWN_FETCHES else refusal

    def _authorization(self, visit: Visit) -> Refusal | None:
        kind, _, given = (visit.only("authorization") or "").partition(" ")
        same = hmac.compare_digest(
            given.encode("utf-8", "surrogateescape"), self.token.encode()
        )
        if kind.lower() == "bearer" and same and self.token:
            return None
        return Refusal(
            401,
            "unauthorized",
            "the header Authorization: Bearer TOKEN is missing or wrong; the token is "
            "in .azml/api.token of the workspace",
        )

    def _content_type(self, visit: Visit) -> Refusal | None:
        said = (visit.only("content-type") or "").partition(";")[0].strip().lower()
        if visit.method not in _WRITES or said == _JSON:
            return None
        return Refusal(415, "not_json", f"Content-Type must be {_JSON}")
