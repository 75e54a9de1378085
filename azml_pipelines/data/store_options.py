"""How each kind of store is opened: our options become those of its package."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from azml_pipelines.data.file_store import StoreError
from azml_pipelines.data.store_secrets import resolve_options
from azml_pipelines.masking import Masker
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from azml_pipelines.data.file_store import StoreLocation

__all__ = [
    "PATIENCE",
    "UNSORTED",
    "OpenedFilesystem",
    "opened_filesystem",
    "protocol_of",
    "reach",
]

_PACKAGES = {
    "s3": ("s3", "s3fs"),
    "s3a": ("s3", "s3fs"),
    "abfs": ("azure", "adlfs"),
    "abfss": ("azure", "adlfs"),
    "az": ("azure", "adlfs"),
    "wasb": ("azure", "adlfs"),
    "wasbs": ("azure", "adlfs"),
    "gs": ("gcs", "gcsfs"),
    "gcs": ("gcs", "gcsfs"),
}
_AZURE = frozenset({"abfs", "abfss", "az", "wasb", "wasbs"})
_GOOGLE = frozenset({"gs", "gcs"})
PATIENCE = "patience"
"""Our own option: seconds for which a call is tried again."""
UNSORTED = "unsorted"
"""Our own option: the store lists in an order of its own, as hierarchical ones do."""
_CONNECT_SECONDS = 5
_READ_SECONDS = 20
_CONNECTIONS = 40


@dataclass(frozen=True)
class OpenedFilesystem:
    """A filesystem of fsspec, the path of our root on it, what must not be shown."""

    filesystem: Any
    root: str
    masker: Masker


def protocol_of(url: str) -> str:
    """Return what stands before ``://``, in small letters.

    Raises:
        StoreError: Nothing does.
    """
    protocol, separator, _ = url.partition("://")
    if not separator or not protocol:
        msg = f"{shown(url)} is no URL of a store; write it like s3://bucket/folder."
        raise StoreError(msg)
    return protocol.lower()


def opened_filesystem(location: StoreLocation) -> OpenedFilesystem:
    """Open a store.

    Raises:
        StoreError: Its kind is not known, its package is missing, a secret is not set,
            or its package refuses the options.
    """
    protocol = protocol_of(location.url)
    resolved = resolve_options(location.options, str(location))
    masker = Masker(resolved.secrets)
    given = {
        name: one
        for name, one in resolved.values.items()
        if name not in {PATIENCE, UNSORTED}
    }
    options = _with_limits(protocol, given)
    url = location.url
    if protocol in {"wasb", "wasbs"}:
        url = f"abfs{url[len(protocol) :]}"
    try:
        fs, root = _opened(protocol, url, options)
    except ImportError as error:
        raise _missing_package(location, protocol, error) from error
    except Exception as error:  # noqa: BLE001 - each package has errors of its own
        said = shown(masker.text(f"{type(error).__name__}: {error}"), 200)[1:-1]
        msg = (
            f"The {location} cannot be opened: {said}. Check its URL and the options "
            f"{', '.join(location.options) or '(it has none)'}."
        )
    else:
        return OpenedFilesystem(fs, root, masker)
    # Not "from error": its text may hold what nobody should read.
    raise StoreError(msg)


def reach(location: StoreLocation, seconds: float) -> None:
    """Connect to a store that has an address of its own, and hang up.

    Where a proxy stands between, only that knows whether there is such an address.

    Raises:
        OSError: Nobody listens there, or there is no way to it.
    """
    options = location.options
    address = options.get("endpoint_url") or options.get("endpoint")
    if not isinstance(address, str):
        return
    parts = urlsplit(address)
    host = parts.hostname
    if not host or (parts.scheme in getproxies() and not proxy_bypass(host)):
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    socket.create_connection((host, port), timeout=seconds).close()


def _opened(protocol: str, url: str, options: dict[str, Any]) -> tuple[Any, str]:
    from fsspec.core import url_to_fs  # noqa: PLC0415 - a local run never needs it

    options = {"skip_instance_cache": True, "use_listings_cache": False, **options}
    if protocol in _GOOGLE and "endpoint_url" in options:
        # gcsfs would ask by gRPC what kind of bucket it is, and wait for minutes: an
        # address of its own speaks Google's JSON.
        from gcsfs.core import GCSFileSystem  # noqa: PLC0415 - the same

        return GCSFileSystem(**options), GCSFileSystem._strip_protocol(url)  # noqa: SLF001 - as fsspec does
    fs, root = url_to_fs(url, **options)
    return fs, str(root)


def _missing_package(
    location: StoreLocation, protocol: str, error: ImportError
) -> StoreError:
    extra, package = _PACKAGES.get(protocol, ("", ""))
    what = f"pip install 'azml-pipelines[{extra}]'" if extra else "install its package"
    msg = (
        f"The {location} needs the package {package or error.name}, which is not "
        f"installed here: {what}."
    )
    return StoreError(msg)


def _with_limits(protocol: str, options: dict[str, Any]) -> dict[str, Any]:
    """Add what keeps a call from waiting for ever, unless the user chose otherwise."""
    if protocol in {"s3", "s3a"}:
        given = options.get("config_kwargs")
        limits = {
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": _READ_SECONDS,
            "max_pool_connections": _CONNECTIONS,
            "retries": {"mode": "standard", "max_attempts": 2},
            **(given if isinstance(given, dict) else {}),
        }
        return {**options, "config_kwargs": limits}
    if protocol in _AZURE:
        return _azure(options)
    if protocol in _GOOGLE:
        return {"requests_timeout": _google_limits(), **options}
    return options


def _google_limits() -> Any:  # noqa: ANN401 - aiohttp's, which is there with gcsfs only
    try:
        from aiohttp import ClientTimeout  # noqa: PLC0415 - only Google needs it
    except ImportError:
        return None
    return ClientTimeout(
        total=None, sock_connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS
    )


def _azure(options: dict[str, Any]) -> dict[str, Any]:
    options = {
        "connection_timeout": _CONNECT_SECONDS,
        "read_timeout": _READ_SECONDS,
        **options,
    }
    endpoint = options.pop("endpoint", None)
    if endpoint is None:
        credentials = ("account_key", "sas_token", "client_id", "connection_string")
        if not any(options.get(name) for name in credentials):
            options.setdefault("anon", True)
        return options
    # An address of its own: Azurite, another cloud, a private link.
    name = options.pop("account_name", None) or endpoint.rstrip("/").rpartition("/")[2]
    parts = [f"BlobEndpoint={endpoint.rstrip('/')}", f"AccountName={name}"]
    key, sas = options.pop("account_key", None), options.pop("sas_token", None)
    if key:
        parts.append(f"AccountKey={key}")
    elif sas:
        parts.append(f"SharedAccessSignature={sas.lstrip('?')}")
    else:
        parts.pop()
        options.setdefault("anon", True)
    return {**options, "account_name": name, "connection_string": ";".join(parts)}
