"""A parallel step's settings with every value known, as plans hold them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from azml_pipelines.data.column_types import ColumnType
from azml_pipelines.data.mini_batch_size import (
    MiniBatchSize,
)
from azml_pipelines.pipeline.process_count import ProcessCount

__all__ = [
    "DEFAULT_APPEND_ROW_FILE_NAME",
    "OnExisting",
    "OnFailedMiniBatch",
    "OutputAction",
    "OutputFormat",
    "ParallelRunSettings",
]

MOST_NODES = 1000
DEFAULT_APPEND_ROW_FILE_NAME = "parallel_run_step.txt"
OutputAction = Literal["append_row", "summary_only"]
OutputFormat = Literal["csv", "parquet", "jsonl"]
OnExisting = Literal["error", "replace", "version"]
OnFailedMiniBatch = Literal["fail", "bisect"]


class ParallelRunSettings(BaseModel):
    """How a parallel step splits its input and runs its entry script."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry_script: str
    """Relative to the step's source directory; empty when no script is run."""
    entry_kind: str = "script"
    """What runs in worker processes, by its name in the registry of entries."""
    entry_options: str = ""
    """What an entry of that kind has to know, as text that it reads itself."""
    mini_batch_size: MiniBatchSize
    partition_keys: tuple[str, ...] | None = None
    """Columns to cut by, instead of a size."""
    output_action: OutputAction = "append_row"
    append_row_file_name: str = DEFAULT_APPEND_ROW_FILE_NAME
    append_row_dataframe_header: bool = False
    """One header line for DataFrame results (``--append_row_dataframe_header``)."""
    output_format: OutputFormat | None = None
    """None writes rows as version 1 does."""
    output_schema: dict[str, ColumnType] | None = None
    partition_output_by: tuple[str, ...] | None = None
    """Columns that become folders of the output."""
    on_existing: OnExisting = "replace"
    """What becomes of an output that is there already."""
    node_count: int = Field(default=1, ge=1, le=MOST_NODES)
    process_count_per_node: ProcessCount = 1
    """``auto``: as many as the cores and the memory of a node suffice for."""
    run_invocation_timeout: float = Field(default=60, gt=0, allow_inf_nan=False)
    """Seconds that one ``run()`` call may take."""
    run_max_try: int = Field(default=3, ge=1)
    """Tries in all, the first included."""
    error_threshold: int = Field(default=-1, ge=-1)
    """Failed items above which the step is stopped; -1 never stops it."""
    allowed_failed_count: int | None = Field(default=None, ge=-1)
    """Failed mini-batches above which the step is stopped; None and -1 never do."""
    allowed_failed_percent: float | None = Field(default=None, ge=0, le=100)
    on_failed_mini_batch: OnFailedMiniBatch = "fail"
    """``bisect`` splits what failed for good until the bad items stand alone."""
    memory_limit_per_process: int | None = Field(default=None, ge=1)
    """Bytes of memory that one worker process may use; None sets no limit."""
    max_result_bytes: int = Field(default=256 * 1024 * 1024, ge=1)
    """Bytes of rows that one mini-batch may return."""
    logging_level: str = "INFO"
    environment_variables: dict[str, str] = Field(default_factory=dict)
