"""Calls to a store: tried again with pauses while it may help, told in one line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from azml_pipelines.data.file_store import (
    StoreDeniedError,
    StoreError,
    StoreUnreachableError,
)
from azml_pipelines.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from azml_pipelines.masking import Masker

__all__ = ["StoreAttempts"]

T = TypeVar("T")

_BUDGET_SECONDS = 150.0
_LONGEST_PAUSE = 10.0
_MOST_TRIES = 12
_TEXT = 160
_DENIED = frozenset({401, 403})
_OURS = (
    *(TypeError, KeyError, AttributeError, NotImplementedError, RecursionError),
    *(IsADirectoryError, NotADirectoryError, FileExistsError),
)
"""What the caller has done wrong."""
_NO_CREDENTIALS = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError"}
)
"""Of botocore and google-auth, which are loaded only where they are used."""
_HOPELESS = frozenset({400, 404, 405, 409, 411, 412, 416})


class StoreAttempts:
    """Runs calls for one store.

    Args:
        store: What people call it.
        masker: Knows its secrets.
        budget: Seconds until a call is given up.
        pause: Seconds before the second try; later ones wait longer, up to a limit.
    """

    def __init__(
        self,
        store: str,
        masker: Masker,
        *,
        budget: float = _BUDGET_SECONDS,
        pause: float = 0.1,
    ) -> None:
        self._store = store
        self._masker = masker
        self._budget = budget
        self._pause = pause

    def within(self, seconds: float) -> StoreAttempts:
        """Return the same with another budget."""
        return StoreAttempts(
            self._store, self._masker, budget=seconds, pause=self._pause
        )

    def run(
        self,
        what: str,
        path: str,
        call: Callable[[], T],
        *,
        retried: type[Exception] | None = None,
    ) -> T:
        """Return what ``call`` returns.

        Args:
            what: The verb, for messages.
            path: The file or folder, for messages.
            call: Done again after an error that may pass.
            retried: Of our own errors, the one that is tried again, and raised at last.

        Raises:
            StoreDeniedError: The store says no; that is not tried again.
            StoreUnreachableError: It has not worked in all that time.
            FileNotFoundError: The store says that there is no such file.
        """
        import tenacity  # noqa: PLC0415 - only remote stores need it

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_delay(self._budget)
            | tenacity.stop_after_attempt(_MOST_TRIES),
            wait=tenacity.wait_random_exponential(self._pause, max=_LONGEST_PAUSE),
            retry=tenacity.retry_if_exception(
                lambda error: _may_pass(error) or _is(error, retried)
            ),
            reraise=True,
        )
        started = time.monotonic()
        try:
            return retrying(call)
        except (StoreError, FileNotFoundError):
            raise
        except Exception as error:
            if _is(error, retried):
                raise
            seconds = time.monotonic() - started
            found = self._told(error, what, path, seconds)
        # Not "from error": its text may hold what nobody should read.
        raise found

    def _told(
        self, error: Exception, what: str, path: str, seconds: float
    ) -> StoreError:
        where = f"{what} {shown(path)} of" if path else what
        said = self._said(error)
        if isinstance(error, PermissionError) or _status(error) in _DENIED:
            msg = (
                f"The store does not allow to {where} the {self._store}: {said}. Check "
                "its credentials and how long they hold."
            )
            return StoreDeniedError(msg)
        if _may_pass(error):
            msg = (
                f"Trying for {seconds:.0f} s to {where} the {self._store} has failed: "
                f"{said}. Check its address and the network, then try again."
            )
            return StoreUnreachableError(msg)
        msg = (
            f"It is not possible to {where} the {self._store}: {said}. Check its "
            "address and options: azml datastore check NAME."
        )
        return StoreError(msg)

    def _said(self, error: Exception) -> str:
        """Return type and first line of an error, without what is nobody's business."""
        text = self._masker.text(str(error)).strip()
        line = text.splitlines()[0].rstrip(".") if text else "no answer in time"
        status = _status(error)
        code = f" {status}" if status and str(status) not in line else ""
        return f"{type(error).__name__}{code}: {shown(line, _TEXT)[1:-1]}"


def _is(error: BaseException, kind: type[Exception] | None) -> bool:
    return kind is not None and isinstance(error, kind)


def _status(error: BaseException) -> int | None:
    """Return the HTTP status behind an error, where there is one."""
    cause: BaseException | None = error
    while cause is not None:
        for found in (getattr(cause, "status_code", None), _response_status(cause)):
            if isinstance(found, int):
                return found
        cause = cause.__cause__
    return None


def _response_status(error: BaseException) -> object:
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict):
        return response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return None


def _may_pass(error: BaseException) -> bool:
    """Whether trying again may help: not with a no, a wrong name, or a wrong option."""
    if isinstance(error, (StoreError, FileNotFoundError, PermissionError)):
        return False
    status = _status(error)
    if status is not None and (status in _DENIED or status in _HOPELESS):
        return False
    if isinstance(error, _OURS) or type(error).__name__ in _NO_CREDENTIALS:
        return False
    # Our own disk, not the store: a pause makes no room.
    if isinstance(error, OSError) and error.filename is not None:
        return False
    return isinstance(error, Exception)
