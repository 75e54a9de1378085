"""A store that speaks just enough S3 to list and get, and answers late on purpose.

It costs next to nothing itself, so that what is measured is the client. Connections
stay open, as with the real one.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 1000


def body_of(number, size):
    """Return the bytes of an object."""
    return number.to_bytes(4, "big") * (size // 4)


def listing(files, size, query):
    """Return one page of the list as XML."""
    first = int(query.get("continuation-token", ["0"])[0])
    most = min(int(query.get("max-keys", [PAGE])[0]), PAGE)
    last = min(first + most, files)
    entries = "".join(
        f"<Contents><Key>in/{number:05d}.bin</Key><Size>{size}</Size>"
        f'<ETag>"{hashlib.md5(body_of(number, size)).hexdigest()}"</ETag>'  # noqa: S324 - S3's tags
        "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        for number in range(first, last)
    )
    more = last < files
    token = f"<NextContinuationToken>{last}</NextContinuationToken>" if more else ""
    return (
        '<?xml version="1.0"?><ListBucketResult>'
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}"
        "</ListBucketResult>"
    ).encode()


async def serve(reader, writer, files, size, latency):
    """Answer the requests of one connection."""
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        method, target, _ = head.split(b" ", 2)
        parts = urlsplit(target.decode())
        await asyncio.sleep(latency)
        status, body = "200 OK", b""
        tag = ""
        name = unquote(parts.path).rpartition("/")[2]
        if "list-type" in parts.query:
            body = listing(files, size, parse_qs(parts.query))
        elif name.endswith(".bin"):
            body = body_of(int(name.removesuffix(".bin")), size)
            tag = f'ETag: "{hashlib.md5(body).hexdigest()}"\r\n'  # noqa: S324 - S3's tags
        else:
            status = "404 Not Found"
        answer = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{tag}\r\n"
        writer.write(answer.encode() + (b"" if method == b"HEAD" else body))
        await writer.drain()


async def main():
    """Serve on loopback until standard input ends; print the address first."""
    files, size, latency = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    server = await asyncio.start_server(
        lambda reader, writer: serve(reader, writer, files, size, latency),
        "127.0.0.1",
        0,
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
