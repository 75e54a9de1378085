"""Where the records of delimited text end, found by the rules of the reader.

A quote opens a cell only where a cell begins; in such a cell, line ends and separators
are text. Outside of it a record ends at a line feed, a carriage return, or a pair. Text
is looked at in windows that begin at a record: no state is carried to the next one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LONGEST_RECORD",
    "WINDOW",
    "EndlessRecordError",
    "LineShape",
    "Readable",
    "Shape",
    "Window",
    "windows",
]

WINDOW = 4 << 20
_QUOTE = 0x22
_LINE_FEED, _CARRIAGE_RETURN = 0x0A, 0x0D
_ASCII_END = 128
LONGEST_RECORD = 256 << 20


class Readable(Protocol):
    """What text is read from."""

    def read(self, size: int = ..., /) -> bytes:
        """Return the next bytes; none at the end."""
        ...


class EndlessRecordError(ValueError):
    """A record is so long that a quote must have been left open."""

    def __init__(self, start: int) -> None:
        super().__init__(
            f"the record at byte {start} does not end within "
            f"{LONGEST_RECORD >> 20} MB; is a quote not closed?"
        )
        self.start = start


@dataclass(frozen=True)
class Shape:
    """What of the text matters for its records, in bytes.

    Text with wide characters is looked at in a narrow form: one byte for each unit.
    """

    separator: str
    codec: str = "utf-8"
    unit: int = 1
    """Bytes of one unit: 2 in UTF-16, 4 in UTF-32."""
    little: bool = True

    has_quotes = True

    @cached_property
    def mark(self) -> bytes:
        """The one byte that separates cells in the narrow form."""
        if ord(self.separator) < _ASCII_END:
            return self.separator.encode("ascii")
        written = self._written
        return written if len(written) == 1 else b"\xff"

    @cached_property
    def _written(self) -> bytes:
        return self.separator.encode(self.codec)

    @cached_property
    def blanks(self) -> bytes:
        """Bytes of which a line may be full and still hold no row."""
        return bytes(byte for byte in b" \t" if byte not in self.mark)

    @cached_property
    def blank_lines(self) -> re.Pattern[bytes]:
        """Matches any number of lines without a row."""
        space = b"[" + re.escape(self.blanks) + b"]*+"
        return re.compile(b"(?:%b(?:\r\n|\r|\n))*+" % space)

    @cached_property
    def record(self) -> re.Pattern[bytes]:
        """Matches one whole record with its end; slow, and always right."""
        mark = re.escape(self.mark)
        quoted = b'"(?:[^"]++|"")*+"[^%b\r\n]*+' % mark
        plain = b'[^%b\r\n"][^%b\r\n]*+' % (mark, mark)
        cell = b"(?:%b|%b|)" % (quoted, plain)
        return re.compile(b"%b(?:%b%b)*+(?:\r\n|\r|\n)" % (cell, mark, cell))

    def narrow(self, raw: bytes) -> bytes:
        """Return the text with one byte for each of its units."""
        if self.unit == 1:
            written = self._written
            if len(written) == 1:
                return raw
            # Neither byte is ever found in UTF-8, and all lengths stay as they are.
            return raw.replace(written, b"\xfe" * (len(written) - 1) + b"\xff")
        import numpy as np  # noqa: PLC0415 - only text with wide characters needs it

        units = np.frombuffer(raw, f"{'<' if self.little else '>'}u{self.unit}")
        narrow = np.minimum(units, 0xFE).astype("u1")
        if self.mark == b"\xff":
            narrow[units == ord(self.separator)] = 0xFF
        return bytes(narrow.tobytes())


class LineShape(Shape):
    """Text in which every line end ends a record, such as JSON lines."""

    has_quotes = False

    @cached_property
    def mark(self) -> bytes:
        """No byte separates anything."""
        return b""

    def narrow(self, raw: bytes) -> bytes:
        """See ``Shape``."""
        return raw if self.unit == 1 else super().narrow(raw)


@dataclass(frozen=True)
class Window:
    """Whole records that follow each other, in narrow form."""

    start: int
    """Offset of the first byte in the text, in bytes of the text."""
    data: bytes
    shape: Shape
    ends: Any = None
    """Ends of all records, when they had to be found one by one."""
    quotes: Any = None
    """Offsets of all quotes; None where there are none."""
    last: bool = False
    """Whether the text ends here."""

    @property
    def stop(self) -> int:
        """Offset behind the last record, in bytes of the text."""
        return self.start + len(self.data) * self.shape.unit

    def end_from(self, index: int) -> int:
        """Return the end of the first record whose end is at ``index`` or later.

        Args:
            index: Into ``data``.

        Returns:
            The index behind the line end; the length of ``data`` when there is none.
        """
        if self.ends is not None:
            import numpy as np  # noqa: PLC0415 - the caller has paid for it

            found = int(np.searchsorted(self.ends, index + 1))
            return int(self.ends[found]) if found < len(self.ends) else len(self.data)
        while True:
            newline = self._newline(index)
            if newline < 0:
                return len(self.data)
            closing = self._closing(newline)
            if closing < 0:
                return newline + 1
            index = closing + 1

    def _newline(self, index: int) -> int:
        newline = self.data.find(b"\n", index)
        carriage = self.data.find(
            b"\r", index, newline if newline >= 0 else len(self.data)
        )
        # Of a pair, the last one counts: an end in the middle of a pair is none.
        return newline if carriage < 0 or carriage + 1 == newline else carriage

    def _closing(self, index: int) -> int:
        """Return the quote that closes the cell around ``index``; -1 outside of one.

        Of a cell that is never closed it is the end of the text.
        """
        if self.quotes is None:
            return -1
        import numpy as np  # noqa: PLC0415 - the caller has paid for it

        before = int(np.searchsorted(self.quotes, index))
        if before % 2 == 0:
            return -1
        more = before < len(self.quotes)
        return int(self.quotes[before]) if more else len(self.data)

    def skip_blank_lines(self, index: int) -> int:
        """Return where the next row begins; the length of ``data`` if there is none."""
        match = self.shape.blank_lines.match(self.data, index)
        found = match.end() if match else index
        if self.last and not self.data[found:].strip(self.shape.blanks + b"\r\n"):
            return len(self.data)
        return found

    def row_starts(self) -> Any:  # noqa: ANN401 - an array of numpy
        """Return where each row begins, as indexes into ``data``."""
        import numpy as np  # noqa: PLC0415 - only what counts rows needs it

        codes = np.frombuffer(self.data, "u1")
        ends = self.record_ends()
        if not len(ends) or ends[-1] < len(self.data):
            ends = np.append(ends, len(self.data))
        starts = np.empty_like(ends)
        starts[:1] = 0
        starts[1:] = ends[:-1]
        return starts[~self._blank(codes, starts, ends)]

    def record_ends(self) -> Any:  # noqa: ANN401 - an array of numpy
        """Return the index behind every line end that ends a record."""
        import numpy as np  # noqa: PLC0415 - only what counts rows needs it

        if self.ends is not None:
            return self.ends
        codes = np.frombuffer(self.data, "u1")
        at_end = codes == _LINE_FEED
        if b"\r" in self.data:
            carriage = codes == _CARRIAGE_RETURN
            carriage[:-1] &= ~at_end[1:]
            at_end |= carriage
        newlines = np.flatnonzero(at_end)
        if self.quotes is not None:
            newlines = newlines[np.searchsorted(self.quotes, newlines) % 2 == 0]
        return newlines + 1

    def _blank(self, codes: Any, starts: Any, ends: Any) -> Any:  # noqa: ANN401 - arrays of numpy
        import numpy as np  # noqa: PLC0415 - the caller has paid for it

        suspicious = np.zeros(256, bool)
        suspicious[list(b"\r\n" + self.shape.blanks)] = True
        blank = np.zeros(len(ends), bool)
        nothing = self.shape.blanks + b"\r\n"
        for number in np.flatnonzero(suspicious[codes[starts]]):
            blank[number] = not self.data[starts[number] : ends[number]].strip(nothing)
        return blank


def windows(
    file: Readable, shape: Shape, start: int, size: int = WINDOW
) -> Iterator[Window]:
    """Read the rest of a text in windows of whole records.

    Args:
        file: Stands at ``start``, which is the beginning of a record.
        shape: How the text is written.
        start: Offset in the text.
        size: Bytes to read at once; more where a record is longer.

    Yields:
        Windows without gaps, none of them empty; the last one may end without a line
        end.

    Raises:
        EndlessRecordError: A record does not end within 256 MB.
    """
    rest = b""
    wanted = size
    while True:
        block = file.read(wanted)
        raw = rest + block
        raw_end = len(raw) - len(raw) % shape.unit
        window = _window(start, shape, raw[:raw_end], last=not block)
        if window.data:
            yield window
        if not block:
            return
        done = len(window.data) * shape.unit
        # A record longer than the window: double it, or time would be squared.
        rest = raw[done:]
        most = LONGEST_RECORD - len(rest) + shape.unit
        wanted = size if done else min(max(len(raw), size), max(most, 1))
        start += done
        if len(rest) > LONGEST_RECORD:
            raise EndlessRecordError(start)


def _window(start: int, shape: Shape, raw: bytes, *, last: bool) -> Window:
    """Return the window of the whole records at the beginning of ``raw``."""
    data = shape.narrow(raw)
    if not shape.has_quotes or b'"' not in data:
        stop = len(data) if last else _last_end(data)
        return Window(start, data[:stop], shape, last=last)
    import numpy as np  # noqa: PLC0415 - only text with quotes needs it

    codes = np.frombuffer(data, "u1")
    quotes = np.flatnonzero(codes == _QUOTE)
    if not _well_placed(codes, quotes, shape):
        ends = np.array([m.end() for m in _matches(shape, data)], dtype=np.int64)
        stop = len(data) if last else (int(ends[-1]) if len(ends) else 0)
        return Window(start, data[:stop], shape, ends=ends, last=last)
    stop = len(data) if last else _last_end_outside(data, quotes)
    return Window(start, data[:stop], shape, quotes=quotes, last=last)


def _matches(shape: Shape, data: bytes) -> Iterator[re.Match[bytes]]:
    position = 0
    while (match := shape.record.match(data, position)) is not None:
        if match.end() == len(data) and data.endswith(b"\r"):
            return  # the other half of the line end may follow
        yield match
        position = match.end()


def _well_placed(codes: Any, quotes: Any, shape: Shape) -> bool:  # noqa: ANN401 - arrays of numpy
    """Whether every second quote opens a cell, so that counting quotes is enough."""
    import numpy as np  # noqa: PLC0415 - the caller has paid for it

    opening = quotes[::2]
    if opening[0] == 0:
        opening = opening[1:]
    allowed = np.zeros(256, bool)
    # A quote after a quote is the second of a pair, for the first one has closed.
    allowed[list(b'"\r\n' + shape.mark)] = True
    return bool(allowed[codes[opening - 1]].all())


def _last_end(data: bytes, end: int | None = None) -> int:
    end = len(data) if end is None else end
    newline = data.rfind(b"\n", 0, end)
    # A carriage return at the very end may be the first half of a pair.
    carriage = data.rfind(b"\r", newline + 1, min(end, len(data) - 1))
    return max(newline, carriage) + 1


def _last_end_outside(data: bytes, quotes: Any) -> int:  # noqa: ANN401 - an array of numpy
    import numpy as np  # noqa: PLC0415 - the caller has paid for it

    end = len(data)
    while True:
        found = _last_end(data, end)
        if not found:
            return 0
        before = int(np.searchsorted(quotes, found - 1))
        if before % 2 == 0:
            return found
        end = int(quotes[before - 1])
