"""``parallel_run_step.settings.json``: how ``append_row`` writes DataFrames."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from azml_pipelines.worker.entry import EntryError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SETTINGS_FILE", "read_to_csv_settings"]

SETTINGS_FILE = "parallel_run_step.settings.json"
_OURS = ("path_or_buf", "mode", "compression", "storage_options", "encoding")


def read_to_csv_settings(source_directory: Path) -> dict[str, Any]:
    """Return the ``DataFrame.to_csv`` options in the settings file, if there is one.

    Its shape is version 1's:
    ``{"append_row": {"pandas.DataFrame.to_csv": {"sep": ",", "header": true}}}``.

    Raises:
        EntryError: The file is not of that shape, or sets what decides where rows go.
    """
    path = source_directory / SETTINGS_FILE
    if not path.is_file():
        return {}
    try:
        settings = json.loads(path.read_text(encoding="utf-8-sig"))
        options = settings.get("append_row", {}).get("pandas.DataFrame.to_csv", {})
        taken = sorted(options.keys() & set(_OURS))
    except (ValueError, AttributeError) as error:
        msg = (
            f"{SETTINGS_FILE} cannot be read ({error}); expected "
            '{"append_row": {"pandas.DataFrame.to_csv": {"sep": ","}}}'
        )
        raise EntryError(msg) from error
    if taken:
        msg = (
            f"{SETTINGS_FILE} sets {', '.join(taken)}; append_row decides where rows go"
        )
        raise EntryError(msg)
    return dict(options)
