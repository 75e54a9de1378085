"""Tables and images become the arrays that a signature of tensors asks for.

MLflow compares the dtype exactly and the axes one by one, so both are made here.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any, Optional

from azml_pipelines.worker.entry import EntryError
from azml_pipelines.worker.mlflow_model.cast import BadInputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from azml_pipelines.worker.mlflow_model.signature import Signature, Tensor

__all__ = ["IMAGES", "image_input", "tensor_of_values", "tensors_of_table"]

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".tiff", ".bmp", ".gif"})
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
_COLORED = 3
"""Axes of an image with channels."""
_PLAIN_MODES = frozenset({"L", "RGB", "RGBA"})


def tensors_of_table(frame: pd.DataFrame, signature: Signature) -> Any:  # noqa: ANN401 - an array or a dict of them
    """Return rows as arrays, the first axis the row.

    Raises:
        BadInputError: Columns are missing, or cells do not make up the shape.
    """
    first = signature.tensors[0]
    if first.name is None:
        return _array(_cells(frame), first, "the row")
    missing = [
        str(tensor.name)
        for tensor in signature.tensors
        if tensor.name not in frame.columns
    ]
    if missing:
        has = ", ".join(map(str, frame.columns)) or "none"
        msg = f"there is no column {', '.join(map(repr, missing))}; it has {has}"
        raise BadInputError(msg)
    return {
        tensor.name: _array(
            _cells(frame[[tensor.name]]), tensor, f"column {tensor.name!r}"
        )
        for tensor in signature.tensors
    }


def _cells(frame: pd.DataFrame) -> Any:  # noqa: ANN401 - an array
    """Return the cells of each row; of one column of lists, what is in them."""
    numpy = import_module("numpy")
    cells = frame.to_numpy()
    if cells.dtype == object and cells.shape[1] == 1:
        inner = [cell[0] for cell in cells]
        if all(
            hasattr(cell, "__len__") and not isinstance(cell, str) for cell in inner
        ):
            try:
                return numpy.array([_plain(cell) for cell in inner])
            except ValueError as error:
                msg = "the lists of a column are not of one length"
                raise BadInputError(msg) from error
    return cells


def _plain(cell: Any) -> Any:  # noqa: ANN401 - a list, or arrays in an array
    return [_plain(one) for one in cell] if hasattr(cell, "__len__") else cell


def tensor_of_values(values: Any, tensor: Tensor) -> Any:  # noqa: ANN401 - lists, an array
    """Return lists as the array that a model takes.

    Raises:
        BadInputError: They do not make up its shape.
    """
    numpy = import_module("numpy")
    what = "the input" if tensor.name is None else f"tensor {tensor.name!r}"
    try:
        cells = numpy.array(values)
    except ValueError as error:
        msg = f"{what}: its lists are not of one length"
        raise BadInputError(msg) from error
    if not cells.shape:
        msg = f"{what} is no list"
        raise BadInputError(msg)
    return _array(cells, tensor, what)


def _array(cells: np.ndarray[Any, Any], tensor: Tensor, what: str) -> Any:  # noqa: ANN401
    rest = tensor.shape[1:]
    shape = cells.shape
    if not _fits(shape, tensor.shape):
        wanted = math.prod(rest) if -1 not in rest else None
        if wanted != math.prod(shape[1:]) or tensor.shape[:1] not in {(-1,), shape[:1]}:
            msg = (
                f"{what} has {list(shape[1:])} values; the model takes "
                f"{list(rest)} ({tensor.dtype})"
            )
            raise BadInputError(msg)
        cells = cells.reshape((shape[0], *rest))
    return _typed(cells, tensor.dtype, what)


def _fits(found: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(found) == len(wanted) and all(
        axis in {-1, length} for length, axis in zip(found, wanted)
    )


def _typed(array: Any, dtype: str, what: str) -> Any:  # noqa: ANN401 - an array
    numpy = import_module("numpy")
    if str(array.dtype) == dtype:
        return array
    try:
        with numpy.errstate(invalid="ignore"):
            made = array.astype(dtype)
    except (TypeError, ValueError) as error:
        msg = f"{what} holds something that is no {dtype}: {error}"
        raise BadInputError(msg) from error
    if made.dtype.kind in "iub" and array.dtype.kind in "iufbO":
        same = made == array
        if not numpy.all(same):
            msg = f"{what} holds a value that is no {dtype}"
            raise BadInputError(msg)
    return made


def image_input(path: str, signature: Signature) -> Any:  # noqa: ANN401 - an array or a DataFrame
    """Return what a model takes for one image.

    A model of columns gets the bytes of the file, if it takes one column of them.

    Raises:
        BadInputError: It is no image, or not of the shape that the model takes.
        EntryError: Images cannot be read here.
    """
    if signature.columns:
        return _bytes_of_file(path, signature)
    if len(signature.tensors) > 1:
        msg = "the model takes several tensors, and an image is one"
        raise BadInputError(msg)
    if not signature.tensors:
        return _pixels(path, None)
    tensor = signature.tensors[0]
    pixels = _pixels(path, tensor)
    shape = pixels.shape
    wanted = tensor.shape
    if _fits((1, *shape), wanted):
        pixels = pixels[None]
    elif not _fits(shape, wanted):
        pixels = _reshaped(pixels, wanted)
    made = _typed(pixels, tensor.dtype, "the image")
    return made if tensor.name is None else {tensor.name: made}


def _reshaped(pixels: Any, wanted: tuple[int, ...]) -> Any:  # noqa: ANN401 - an array
    """Leave out or add axes of one, or lay all pixels in a row; never cut anew."""
    plain = tuple(axis for axis in wanted[1:] if axis != 1)
    found = tuple(length for length in pixels.shape if length != 1)
    in_a_row = len(plain) == 1 and plain[0] in {-1, pixels.size}
    if wanted[:1] not in {(-1,), (1,)} or not (_fits(found, plain) or in_a_row):
        msg = f"the image is {list(pixels.shape)}; the model takes {list(wanted)}"
        raise BadInputError(msg)
    lengths = iter((pixels.size,) if in_a_row else found)
    return pixels.reshape(
        (1, *(1 if axis == 1 else next(lengths) for axis in wanted[1:]))
    )


def _pixels(
    path: str,
    tensor: Optional[Tensor],  # noqa: UP045 - Python 3.9
) -> Any:  # noqa: ANN401 - an array
    """Return rows of pixels of channels, or channels of rows where that is wanted."""
    numpy = import_module("numpy")
    try:
        image_module = import_module("PIL.Image")
    except ImportError as error:
        msg = "images need Pillow, which is not installed: pip install pillow"
        raise EntryError(msg) from error
    mode, channels_first = _channels(tensor)
    bomb = image_module.DecompressionBombError
    try:
        with image_module.open(path) as image:
            if mode is None and image.mode not in _PLAIN_MODES:
                mode = "RGB"
            found = image if mode in {None, image.mode} else image.convert(mode)
            pixels = numpy.asarray(found, dtype="uint8")
    except (OSError, ValueError, SyntaxError, bomb) as error:
        msg = f"the file is no image: {' '.join(str(error).split())[:200]}"
        raise BadInputError(msg) from error
    if channels_first and len(pixels.shape) == _COLORED:
        return pixels.transpose(2, 0, 1)
    return pixels


def _channels(tensor: Optional[Tensor]) -> tuple[Optional[str], bool]:  # noqa: UP045
    """Return the mode of Pillow's that a model wants, and whether channels come first.

    Three axes behind the first are an image with channels; behind them, if their
    number stands there, and else in front.
    """
    if tensor is None or len(tensor.shape) != 1 + _COLORED:
        return None, False
    if tensor.shape[-1] in _MODES:
        return _MODES[tensor.shape[-1]], False
    return _MODES.get(tensor.shape[1]), tensor.shape[1] in _MODES


def _bytes_of_file(path: str, signature: Signature) -> pd.DataFrame:
    pandas = import_module("pandas")
    needed = [column for column in signature.columns if column.required]
    if len(needed) != 1 or needed[0].kind != "binary":
        names = ", ".join(f"{column.name} ({column.kind})" for column in needed)
        msg = f"the model takes {names}; an image is one binary column"
        raise BadInputError(msg)
    with open(path, "rb") as file:
        content = file.read()
    name = needed[0].name
    return pandas.DataFrame({0 if name is None else name: [content]})  # type: ignore[no-any-return]
