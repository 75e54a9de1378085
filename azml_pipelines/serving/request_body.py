"""A request's body becomes what ``run()`` takes: a table, or the path of a file.

Runs in model processes.
"""

from __future__ import annotations

import io
import json
import mimetypes
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azml_pipelines.serving.media_type import CSV, JSON, JSON_LINES, PARQUET, MediaType

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from azml_pipelines.serving.messages import Invocation, Setup

__all__ = ["JSON_FORMS", "BadBodyError", "UnknownMediaTypeError", "read_body"]

JSON_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_UNSAFE = re.compile(r"[^\w.\- ]+")
_LONGEST_NAME = 100


class BadBodyError(Exception):
    """The body is not what its content type says."""


class UnknownMediaTypeError(Exception):
    """No table can be made of a body of this type."""


def read_body(invocation: Invocation, setup: Setup) -> Any:  # noqa: ANN401 - a mini-batch
    """Return the mini-batch that a request is.

    Args:
        invocation: The request. A file that is made of its body is the caller's to
            remove.
        setup: How this server reads bodies.

    Returns:
        A DataFrame, or a list with the path of one file.

    Raises:
        BadBodyError: The body cannot be read as what it says it is.
        UnknownMediaTypeError: A table is wanted, and this type is none.
    """
    media_type = MediaType.parse(invocation.content_type)
    reader = _TABLES.get(media_type.name)
    if setup.items == "file" or (setup.items == "auto" and reader is None):
        return [_file(invocation, media_type, setup.folder)]
    if reader is None:
        msg = (
            f"Content-Type {invocation.content_type!r} is no table; accepted are "
            f"{', '.join(_TABLES)}"
        )
        raise UnknownMediaTypeError(msg)
    try:
        return reader(invocation.body, media_type, setup)
    except BadBodyError:
        raise
    except Exception as error:
        msg = f"the body is not {media_type.name}: {type(error).__name__}: {error}"
        raise BadBodyError(msg) from error


def _csv(body: bytes, media_type: MediaType, setup: Setup) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - scripts on files never pay for pandas

    if not body.strip():
        msg = "the body is empty"
        raise BadBodyError(msg)
    names = list(setup.columns) or None
    frame = pd.read_csv(
        io.BytesIO(body),
        encoding=media_type.charset,
        header=None if names else 0,
    )
    if names:
        if len(names) != frame.shape[1]:
            msg = f"a line has {frame.shape[1]} values for {len(names)} columns"
            raise BadBodyError(msg)
        frame.columns = pd.Index(names)
    return frame


def _json_lines(body: bytes, media_type: MediaType, setup: Setup) -> pd.DataFrame:
    text = body.decode(media_type.charset)
    records = [json.loads(line) for line in text.splitlines() if line.strip()]
    return _frame_of_rows(records, setup)


def _json(body: bytes, media_type: MediaType, setup: Setup) -> pd.DataFrame:
    """Read one of the four forms that MLflow's server takes, or a plain list."""
    import pandas as pd  # noqa: PLC0415 - as above

    content = json.loads(body.decode(media_type.charset))
    if isinstance(content, list):
        return _frame_of_rows(content, setup)
    given = [form for form in JSON_FORMS if form in content] if content else []
    if not isinstance(content, dict) or len(given) != 1:
        msg = f"expected a JSON object with exactly one of {', '.join(JSON_FORMS)}"
        raise BadBodyError(msg)
    value = content[given[0]]
    if given[0] == "dataframe_split":
        value = dict(value)
        index = value.get("index")
        return pd.DataFrame(value["data"], columns=value.get("columns"), index=index)
    if given[0] == "inputs" and isinstance(value, dict):
        return pd.DataFrame(value)
    return _frame_of_rows(value, setup)


def _frame_of_rows(rows: object, setup: Setup) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - as above

    if not isinstance(rows, list):
        msg = f"expected a list of rows, got a JSON {type(rows).__name__}"
        raise BadBodyError(msg)
    if not rows:
        msg = "the body has no rows"
        raise BadBodyError(msg)
    if setup.columns and not isinstance(rows[0], dict):
        return pd.DataFrame(rows, columns=list(setup.columns))
    return pd.DataFrame(rows)


def _parquet(body: bytes, _: MediaType, __: Setup) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - as above

    return pd.read_parquet(io.BytesIO(body))


_TABLES: dict[str, Callable[[bytes, MediaType, Setup], pd.DataFrame]] = {
    CSV: _csv,
    JSON: _json,
    JSON_LINES: _json_lines,
    PARQUET: _parquet,
}


def _file(invocation: Invocation, media_type: MediaType, folder: str) -> str:
    """Write the body into a folder of its own and return the path.

    A name from outside is only ever the last part of a path.
    """
    given = Path(invocation.file_name.replace("\\", "/")).name
    name = _UNSAFE.sub("_", given).strip(" .")[-_LONGEST_NAME:]
    if not name:
        suffix = mimetypes.guess_extension(media_type.name) or ".bin"
        name = f"{invocation.number:06d}{suffix}"
    place = Path(tempfile.mkdtemp(prefix="body-", dir=folder))
    path = place / name
    path.write_bytes(invocation.body)
    return str(path)
