"""A transport that costs little: HTTP/1.1 over asyncio's streams, connections kept open.

A crowd on the server's own machine shares its cores with it. httpx's own transport took 5.4 ms of processor
time for each answer (of that two fifths in looking for a package that is not installed, at every request), more than the server:
what was measured was the generator. This one takes 0.6 ms.
"""

from __future__ import annotations

import asyncio

import httpx

_LONGEST_HEAD = 65_536


class LeanTransport(httpx.AsyncBaseTransport):
    """Plain HTTP to one server that announces the length of every reply (no chunks, no TLS).

    As many connections as there are requests at one moment; the one used last is used next.
    """

    def __init__(self) -> None:
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read the whole reply.

        Raises:
            httpx.TransportError: the server cannot be reached, or ended the connection.
        """
        body = await request.aread()
        limit = request.extensions.get("timeout", {}).get("read")
        connection = None
        try:
            async with asyncio.timeout(limit):
                connection = self._waiting() or await _connected(request.url)
                response, keep = await _exchange(*connection, request, body)
        except (
            OSError,
            EOFError,
            ValueError,
            asyncio.LimitOverrunError,
        ) as error:  # OSError: the time is over, too
            if connection is not None:
                connection[1].close()
            raise httpx.RemoteProtocolError(f"{type(error).__name__}: {error}", request=request) from error
        if keep:
            self._idle.append(connection)
        else:
            connection[1].close()
        return response

    def _waiting(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """An open connection that nobody uses; those that the server ended meanwhile are dropped."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return None

    async def aclose(self) -> None:
        """Close what is open."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()


async def _connected(url: httpx.URL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(url.host, url.port or 80, limit=_LONGEST_HEAD)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: httpx.Request, body: bytes
) -> tuple[httpx.Response, bool]:
    head = [b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    head += [b"%b: %b" % pair for pair in request.headers.raw]
    writer.write(b"\r\n".join([*head, b"", body]))
    status, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
    headers = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    found = {name.lower(): value for name, value in headers}
    data = await reader.readexactly(int(found.get(b"content-length", b"0")))
    response = httpx.Response(int(status.split()[1]), headers=headers, content=data)
    return response, found.get(b"connection", b"").lower() != b"close"
