"""The client: one server's prices, streams and runs."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType

from mdsim.client import address
from mdsim.client.http import Http
from mdsim.client.prices import Prices
from mdsim.client.runs import Runs
from mdsim.client.stream import Stream, open_stream

TIMEOUT_S = 10.0


class Client:
    """A server as an async context: ``async with Client("http://127.0.0.1:8082") as client``.

    Every method raises children of ``MdsimError``: ``RefusedError`` with the server's own code and hint,
    ``UnreachableError`` when there was no answer, ``AnswerError`` when it cannot be read.

    Attributes:
        prices: the present, the past, the book, statistics.
        runs: playbooks on the server's market.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8082",
        token: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        insecure: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take down where the server is; nothing is sent before it is asked something.

        Args:
            url: origin of the server.
            token: its ``CHAOS_TOKEN``; sent with what needs it, never logged.
            timeout_s: how long to wait for a connection, and for each answer.
            insecure: allow plain http beyond loopback.
            tls: which certificates to trust, those of the system without it.

        Raises:
            AddressError: the address or the token cannot be used.
        """
        self._address = address.parse(url, insecure=insecure)
        self._timeout_s = timeout_s
        self._tls = tls or ssl.create_default_context()
        self._http = Http(self._address, address.check_token(token), timeout_s, self._tls)
        self.prices = Prices(self._http)
        self.runs = Runs(self._http)

    def __repr__(self) -> str:
        return f"Client({self._address.http!r})"

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def stream(
        self, symbols: Sequence[str], channels: Sequence[str] = ("tick",), *, interval: str = "0"
    ) -> AsyncIterator[Stream]:
        """Live messages: ``async with client.stream(["BTC-USD"]) as stream: async for update in stream``.

        Args:
            symbols: instruments, or ``*`` for all.
            channels: ``tick``, ``depth``, ``trades``, ``ohlcv_1m`` …, ``events``.
            interval: ``0`` for every message, else a duration such as ``100ms`` to conflate to.

        Raises:
            RefusedError: an instrument or a channel does not exist.
            UnreachableError: there is no server.
        """
        async with open_stream(
            self._address, symbols, channels, interval, self._timeout_s, self._tls
        ) as stream:
            yield stream
