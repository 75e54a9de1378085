"""What a configuration keeps of the mini-batch size that somebody wrote."""

from __future__ import annotations

from azml_pipelines.data.mini_batch_size import read_size

__all__ = ["ByteCount", "keep_size"]

_KILOBYTE = 1024


class ByteCount(int):
    """A number of bytes that was written with its unit, as ``10KB``.

    For version 1's users it is the number. Beside files it still knows that it does not
    count them.
    """

    __slots__ = ()

    @property
    def written(self) -> str:
        """The size as text that means the same everywhere."""
        return f"{int(self) // _KILOBYTE}KB"


def keep_size(size: object) -> int | str:
    """Check a size and return what the configuration keeps of it.

    Numbers stay and ``"5"`` and ``"10KB"`` become numbers, as in version 1;
    ``"500 rows"`` and ``"auto"`` stay text.

    Raises:
        DeclarationError: It is nothing that a size can be.
    """
    written = read_size(size)
    if isinstance(size, int):
        return size
    if written.unit == "bytes":
        return ByteCount(written.amount)
    if written.unit == "number":
        return written.amount
    return "auto" if written.unit == "auto" else f"{written.amount} rows"
