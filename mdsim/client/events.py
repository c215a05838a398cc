"""What happens in a run on a server, entry by entry, across broken connections."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, cast

import msgspec
import trio

from mdsim.client.event_connection import EventConnection
from mdsim.client.failures import AnswerError, UnreachableError
from mdsim.client.http import Http
from mdsim.client.run import Run
from mdsim.client.sse import Reader, ServerEvent
from mdsim.core.events import Entry, Json

LAST_KIND = "run_ended"
RETRIES = 6
RETRY_S = 0.25
"""First pause before connecting again; it doubles up to some 8 s, so a restart of seconds is outlived."""


class _WireEntry(msgspec.Struct, frozen=True):
    """``Entry`` with free JSON, whose own type of it refers to itself."""

    kind: str
    at_ns: int
    path: str
    data: dict[str, object]


class RunEvent(NamedTuple):
    """One entry of a run, and its number, from 1 on."""

    number: int
    entry: Entry


class RunEvents:
    """Iterate over it for the entries of a run; it ends with the run. For one task."""

    def __init__(
        self, http: Http, path: str, after: int, *, retry_s: float = RETRY_S, retries: int = RETRIES
    ) -> None:
        self._http = http
        self._path = path
        self._last = after
        self._retry_s = retry_s
        self._retries = retries
        self._failures = 0
        self._ready: deque[RunEvent] = deque()
        self._connection: EventConnection | None = None
        self._reader = Reader()
        self._ended = False

    def __aiter__(self) -> RunEvents:
        return self

    async def __anext__(self) -> RunEvent:
        while not self._ready:
            if self._ended:
                await trio.lowlevel.checkpoint()
                raise StopAsyncIteration
            await self._receive()
        event = self._ready.popleft()
        self._last = event.number
        self._ended = self._ended or event.entry.kind == LAST_KIND
        return event

    async def aclose(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.aclose()

    async def _receive(self) -> None:
        """Wait for what comes next: entries, the end of the run, or a break that is mended."""
        try:
            if self._connection is None:
                seen = {"Last-Event-ID": str(self._last)} if self._last else {}
                self._connection = await self._http.follow(f"{self._path}/events", seen)
                self._reader = Reader()
            part = await self._connection.receive()
        except UnreachableError:
            await self.aclose()
            await self._pause()
            return
        if part is not None:
            self._take(self._reader.feed(part))
            return
        await self.aclose()
        await self._after_end()

    async def _after_end(self) -> None:
        """The stream ended without the run's last entry: because the run is over, or by an accident."""
        try:
            run = await self._http.send("GET", self._path, Run, guarded=True)
        except UnreachableError:
            await self._pause()
            return
        if run.state == "ended":
            self._ended = True
        else:
            await self._pause()

    async def _pause(self) -> None:
        self._failures += 1
        if self._failures > self._retries:
            raise UnreachableError(
                "MD507",
                f"the events of the run broke off {self._failures} times in a row, after number {self._last}",
                hint="the run goes on by itself; follow it again when the server can be reached",
            )
        await trio.sleep(self._retry_s * 2 ** (self._failures - 1))

    def _take(self, found: list[ServerEvent]) -> None:
        for one in found:
            try:
                number, wire = int(one.id), msgspec.json.decode(one.data, type=_WireEntry)
            except (ValueError, msgspec.MsgspecError) as error:
                raise AnswerError(
                    "MD503",
                    f"an event of the run cannot be read: {error}",
                    hint="check that client and server are of the same version",
                ) from error
            newest = self._ready[-1].number if self._ready else self._last
            if number > newest:
                self._failures = 0
                data = cast("dict[str, Json]", wire.data)
                self._ready.append(RunEvent(number, Entry(wire.kind, wire.at_ns, wire.path, data)))
