"""Tables and images become arrays of exactly the dtype and shape of a signature."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from azml_pipelines.worker.mlflow_model.cast import BadInputError
from azml_pipelines.worker.mlflow_model.signature import Column, Signature, Tensor
from azml_pipelines.worker.mlflow_model.tensors import image_input, tensors_of_table

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


def tensor(dtype: str, *shape: int, name: str | None = None) -> Signature:
    """Return the signature of a model of one tensor."""
    return Signature(tensors=(Tensor(name, dtype, shape),))


def test_rows_become_an_array_of_the_dtype_and_shape():
    """Whole numbers become floats, and four columns a square of two."""
    frame = pd.DataFrame([[1, 2, 3, 4], [5, 6, 7, 8]])

    made = tensors_of_table(frame, tensor("float32", -1, 2, 2))

    assert ("float32", (2, 2, 2)) == (str(made.dtype), made.shape)
    assert [[5, 6], [7, 8]] == made[1].tolist()


def test_named_tensors_take_columns():
    """A column of lists is an array of their length."""
    signature = Signature(
        tensors=(Tensor("a", "float64", (-1, 2)), Tensor("b", "int64", (-1,)))
    )
    frame = pd.DataFrame({"b": [1.0, 2.0], "a": [[1, 2], [3, 4]], "c": [0, 0]})

    made = tensors_of_table(frame, signature)

    assert {"a": (2, 2), "b": (2,)} == {key: one.shape for key, one in made.items()}
    assert ["float64", "int64"] == [str(one.dtype) for one in made.values()]


@pytest.mark.parametrize(
    ("frame", "signature", "said"),
    [
        pytest.param([[1, 2, 3]], tensor("int64", -1, 2), "takes \\[2\\]", id="width"),
        pytest.param([[1.5]], tensor("int64", -1, 1), "no int64", id="fraction"),
        pytest.param([[300]], tensor("uint8", -1, 1), "no uint8", id="too large"),
        pytest.param([["x"]], tensor("float32", -1, 1), "no float32", id="word"),
        pytest.param([[1]], tensor("int64", -1, name="q"), "no column 'q'", id="name"),
        pytest.param([[[1, 2]], [[3]]], tensor("int64", -1, 2), "length", id="ragged"),
    ],
)
def test_rows_that_do_not_make_up_the_tensor(frame, signature, said):
    """It is said before MLflow sees them."""
    with pytest.raises(BadInputError, match=said):
        tensors_of_table(pd.DataFrame(frame), signature)


def image(path, size=(4, 3), mode="RGB", color=(10, 20, 30)):
    """Write an image of one color and return its path."""
    Image.new(mode, size, color).save(path)
    return str(path)


def test_an_image_gets_the_axis_of_rows_and_the_dtype(tmp_path):
    """Three rows of four pixels of three channels, in a batch of one."""
    path = image(tmp_path / "a.png")

    made = image_input(path, tensor("float32", -1, -1, -1, 3))

    assert ("float32", (1, 3, 4, 3)) == (str(made.dtype), made.shape)
    assert [10, 20, 30] == made[0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("mode", "shape", "wanted"),
    [
        pytest.param("L", (-1, 3, 8), (1, 3, 8), id="gray"),
        pytest.param("L", (-1, 24), (1, 24), id="all pixels in a row"),
        pytest.param("L", (-1, 1, 3, 8), (1, 1, 3, 8), id="gray, channel first"),
        pytest.param("RGB", (-1, 3, 3, 8), (1, 3, 3, 8), id="color, channel first"),
        pytest.param("RGB", (-1, 3, 8, 1), (1, 3, 8, 1), id="color to gray"),
        pytest.param("L", (-1, 3, 8, 3), (1, 3, 8, 3), id="gray to color"),
        pytest.param("P", (-1, 3, 8, 3), (1, 3, 8, 3), id="palette"),
    ],
)
def test_axes_of_one_are_added_and_channels_are_made(mode, shape, wanted, tmp_path):
    """As the model asks for them; pixels are never cut into other rows."""
    color = (1, 2, 3) if mode == "RGB" else 1
    path = image(tmp_path / "a.png", (8, 3), mode, color)

    assert wanted == image_input(path, tensor("uint8", *shape)).shape


def test_an_image_of_another_size_is_refused(tmp_path):
    """Reshaped, it would be a different picture."""
    path = image(tmp_path / "a.png")

    with pytest.raises(BadInputError, match="the image is \\[3, 4, 3\\]"):
        image_input(path, tensor("uint8", -1, 4, 3, 3))


def test_without_a_signature_an_image_is_bytes_of_color(tmp_path):
    """As Azure gives it."""
    made = image_input(image(tmp_path / "a.png"), Signature())

    assert (np.uint8, (3, 4, 3)) == (made.dtype, made.shape)


def test_a_model_of_one_binary_column_gets_the_file(tmp_path):
    """Any other column cannot be an image."""
    path = image(tmp_path / "a.png")

    made = image_input(path, Signature((Column("content", "binary"),)))

    assert made["content"].iloc[0].startswith(b"\x89PNG")
    with pytest.raises(BadInputError, match="an image is one binary column"):
        image_input(path, Signature((Column("a", "long"),)))


def test_what_is_no_image_is_refused(tmp_path):
    """Whatever its name says."""
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\nno image")

    with pytest.raises(BadInputError, match="the file is no image"):
        image_input(str(path), Signature())
