"""The rows of a DataFrame as text, byte for byte as ``DataFrame.to_csv`` writes them.

pandas makes a Python text of every cell. Arrow writes numbers and joins columns several
times as fast. It does so only where both are known to agree; everything else is left to
pandas: dates, categories, mixed columns, other options, other ways to print a number.

Imported by worker processes: pandas and pyarrow come late.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

Column = Any
"""A ``pandas.Series``."""
Texts = Any
"""An array of Arrow: one text per row."""

__all__ = ["frame_text"]

_FIXED = {"index": False, "header": False, "lineterminator": "\n"}
_SEPARATORS = (" ", ",", ";", "\t", "|")
_QUOTE = '"'
# Between these, and of 0, both write digits and a point. pandas gives smaller and
# larger numbers an exponent, from 1e6 on where they have 32 bits; Arrow from 1e10 on.
_SMALLEST = 1e-4
_PLAIN_BELOW = {8: 1e10, 4: 1e5}
_NULLABLE = {f"{kind}{bits}" for kind in ("Int", "UInt") for bits in (8, 16, 32, 64)}
_NULLABLE.add("boolean")
_PROBE = (0.1, -0.0, 1.0, 2 / 3, 1e-4, -0.000123456789, 99999.0, 9999999999.5, 1e22)
# Enough rows to be quick; few enough that their columns stay small.
_ROWS_AT_ONCE = 1 << 16


def frame_text(
    frame: pd.DataFrame, options: Mapping[str, Any], errors: str = "strict"
) -> bytes:
    """Return what ``frame.to_csv(**options)`` writes, in UTF-8.

    Args:
        frame: Any table.
        options: Of ``DataFrame.to_csv``, without a place to write to.
        errors: Of ``str.encode``, for characters that UTF-8 cannot write.

    Raises:
        UnicodeEncodeError: There is such a character.
    """
    separator = options.get("sep", ",")
    known = {"sep": separator, **_FIXED}
    if (
        options.keys() | {"sep"} == known.keys()
        and {**options, "sep": separator} == known
    ):
        text = _by_arrow(frame, separator)
        if text is not None:
            return text
    written = io.StringIO()
    frame.to_csv(written, **options)
    return written.getvalue().encode("utf-8", errors)


def _by_arrow(frame: pd.DataFrame, separator: str) -> Optional[bytes]:  # noqa: UP045 - Python 3.9
    """Return the rows; None where pandas has to write them."""
    import pandas as pd  # noqa: PLC0415 - who has a DataFrame has paid for it

    if type(frame) is not pd.DataFrame or not frame.size:
        return None
    if separator not in _SEPARATORS or not _prints_alike():
        return None
    import pyarrow as pa  # noqa: PLC0415 - pandas has loaded it where it is there

    blocks = []
    for first in range(0, len(frame), _ROWS_AT_ONCE):
        rows = frame.iloc[first : first + _ROWS_AT_ONCE]
        try:
            joined = _joined(rows, separator)
        except (pa.ArrowException, UnicodeError, OverflowError):
            return None
        if joined is None:
            return None
        blocks.append(joined)
    return b"".join(blocks)


@cache
def _prints_alike() -> bool:
    """Whether Arrow is there, and prints numbers as this module believes it does."""
    try:
        import numpy as np  # noqa: PLC0415 - who has a DataFrame has paid for it
        import pyarrow as pa  # noqa: PLC0415 - the same
        import pyarrow.compute as pc  # noqa: PLC0415 - the same
    except ImportError:
        return False
    for kind in ("float64", "float32"):
        numbers = np.array(_PROBE, kind)
        found = pc.cast(_of_floats(numbers), pa.string()).to_pylist()
        if found != numbers.astype(str).tolist():
            return False
    return True


def _joined(frame: pd.DataFrame, separator: str) -> Optional[bytes]:  # noqa: UP045
    import pyarrow as pa  # noqa: PLC0415 - loaded by _prints_alike
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    columns = []
    for number in range(frame.shape[1]):
        texts = _texts(frame.iloc[:, number], separator)
        if texts is None:
            return None
        columns.append(texts)
    if len(columns) == 1:
        # The csv module quotes a cell that would leave its line empty.
        (only,) = columns
        columns = [pc.if_else(pc.equal(only, ""), pa.scalar('""', only.type), only)]
    rows = _glued(_glued(*columns, between=separator), "\n")
    _, ends, text = rows.buffers()
    offsets = memoryview(ends).cast("q")
    return bytes(
        memoryview(text)[offsets[rows.offset] : offsets[rows.offset + len(rows)]]
    )


def _texts(column: Column, separator: str) -> Optional[Texts]:  # noqa: UP045
    """Return the cells of a column as they are written; None for unknown ones."""
    import numpy as np  # noqa: PLC0415 - loaded by _prints_alike
    import pandas as pd  # noqa: PLC0415 - the same
    import pyarrow as pa  # noqa: PLC0415 - the same
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    dtype = column.dtype
    if isinstance(dtype, pd.StringDtype):
        return _of_text(column, separator)
    if isinstance(dtype, np.dtype):
        if dtype.kind == "O":
            return _of_text(column, separator) if _all_text(column) else None
        if dtype.kind == "f":
            return _of_floats(column.to_numpy())
        if dtype.kind not in "iub":
            return None
        cells = pa.array(column.to_numpy())
    elif str(dtype) in _NULLABLE:
        cells = pa.array(column)
    else:
        return None
    texts = pc.cast(cells, pa.large_string())
    if dtype.kind == "b":
        words = (pa.scalar(word, texts.type) for word in ("True", "False"))
        texts = pc.if_else(cells, *words)
    return pc.fill_null(texts, "")


def _of_floats(numbers: Any) -> Optional[Texts]:  # noqa: ANN401, UP045 - an array of numpy
    """Print the numbers; a null is an empty cell."""
    import numpy as np  # noqa: PLC0415 - loaded by _prints_alike
    import pyarrow as pa  # noqa: PLC0415 - the same
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    if numbers.itemsize not in _PLAIN_BELOW:
        return None
    with np.errstate(all="ignore"):
        sizes = np.abs(numbers)
        plain = (sizes > _SMALLEST) & (sizes < _PLAIN_BELOW[numbers.itemsize])
        plain |= sizes == 0
        whole = plain & (numbers == np.rint(numbers))
    texts = pc.cast(pa.array(numbers), pa.large_string())
    if whole.any():
        # Arrow writes 3 and -0 where pandas writes 3.0 and -0.0.
        with_point = _glued(texts, ".0")
        texts = with_point if whole.all() else pc.if_else(whole, with_point, texts)
    if not plain.all():
        others = numbers[~plain]
        written = np.where(np.isnan(others), "", others.astype(str)).tolist()
        texts = pc.replace_with_mask(texts, ~plain, pa.array(written, texts.type))
    return texts


def _of_text(column: Column, separator: str) -> Optional[Texts]:  # noqa: UP045
    """Quote the cells that need it; a null is an empty cell."""
    import pyarrow as pa  # noqa: PLC0415 - loaded by _prints_alike
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    texts = pa.array(column, from_pandas=True)
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    texts = pc.fill_null(pc.cast(texts, pa.large_string()), "")
    special = {sign: pc.match_substring(texts, sign) for sign in ("\r", _QUOTE)}
    if pc.any(special["\r"]).as_py():
        return None  # quoted by newer versions of Python only
    quoted = pc.or_(special[_QUOTE], pc.match_substring(texts, "\n"))
    quoted = pc.or_(quoted, pc.match_substring(texts, separator))
    if not pc.any(quoted).as_py():
        return texts
    doubled = pc.replace_substring(texts, _QUOTE, _QUOTE * 2)
    inside = _glued(_QUOTE, doubled, _QUOTE)
    return pc.if_else(quoted, inside, texts)


def _glued(*parts: Texts | str, between: str = "") -> Texts:
    import pyarrow as pa  # noqa: PLC0415 - loaded by _prints_alike
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    large = pa.large_string()
    same = [pa.scalar(p, large) if isinstance(p, str) else p for p in parts]
    return pc.binary_join_element_wise(*same, pa.scalar(between, large))


def _all_text(column: Column) -> bool:
    """Whether there is nothing but text and null; other classes print themselves."""
    return all(
        type(cell) is str or cell is None or (type(cell) is float and cell != cell)  # noqa: PLR0124 - nan
        for cell in column
    )
