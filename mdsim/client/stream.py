"""A live stream: what a server publishes, message by message, over one WebSocket."""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TypeAlias, cast
from urllib.parse import urlencode

import msgspec
import trio

from mdsim.client import websocket
from mdsim.client.address import Address
from mdsim.client.failures import (
    AnswerError,
    Flaw,
    InvalidRefusedError,
    StreamClosedError,
)
from mdsim.client.websocket import SocketClosedError, WebSocket
from mdsim.core.events import Bar, BookDelta, BookSnapshot, Json, Tick, Trade
from mdsim.core.serving import MarketEvent

Event: TypeAlias = Tick | Trade | BookSnapshot | BookDelta | Bar | MarketEvent

PATH = "/api/v1/subscribe"
HELD_MOST = 10_000
"""Messages kept while an answer to ``subscribe`` is waited for; past it the answer counts as lost."""
_GOING_AWAY = 1001
_REASONS = {
    _GOING_AWAY: ("the server stops", "connect again when it is back"),
    1009: ("a message was too long", ""),
    1013: ("the instrument has as many readers as the server allows", "connect again later"),
    4408: (
        "this reader was too slow",
        "read faster, subscribe to less, or give an interval such as 100ms to conflate to",
    ),
}


class Update(msgspec.Struct, frozen=True):
    """One message of a stream.

    Attributes:
        event: what happened; ``isinstance`` tells its kind.
        ts_publish_ns: when the server published it.
        volume: base units traded in the last 24 hours, with ticks.
        snapshot: how things stand at the begin of a subscription, or after a gap.
        skipped: messages of this channel and symbol left out since the last, because we read too slowly.
    """

    event: Event
    ts_publish_ns: int
    volume: Decimal | None = None
    snapshot: bool = False
    skipped: int = 0


class _Envelope(msgspec.Struct, frozen=True):
    """What stands in a message beside its event; also the fields of acknowledgements and errors."""

    type: str = ""
    ts_publish_ns: int = 0
    volume: Decimal | None = None
    snapshot: bool = False
    skipped: int = 0
    id: int | str | None = None
    code: str = ""
    message: str = ""
    help: str = ""
    errors: tuple[Flaw, ...] = ()


class _WireEvent(msgspec.Struct, frozen=True, tag="event"):
    """``MarketEvent`` with free JSON, whose own type of it refers to itself."""

    symbol: str
    seq: int
    ts_event_ns: int
    event: str
    data: dict[str, object]


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_EVENT: msgspec.json.Decoder[Tick | Trade | BookSnapshot | BookDelta | Bar | _WireEvent] = (
    msgspec.json.Decoder(Tick | Trade | BookSnapshot | BookDelta | Bar | _WireEvent)
)


class Stream:
    """An open stream; iterate over it for its updates. Several tasks may iterate: each gets its share.

    It is read only as fast as it is asked: a slow caller is a slow reader to the server, which then sends
    the newest of each instrument (``Update.skipped``) and in the end closes.

    Attributes:
        connection: its name on the server, such as ``ws-17``: what delivery faults did to it stands under
            that name among the events of a run.
    """

    def __init__(self, socket: WebSocket, timeout_s: float) -> None:
        self.connection = socket.connection
        self._socket = socket
        self._timeout_s = timeout_s
        self._reading = trio.Lock()
        self._held: deque[Update] = deque()
        self._asked = 0
        self._answers: dict[int | str, _Envelope | None] = {}

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Update:
        while True:
            async with self._reading:
                if self._held:
                    return self._held.popleft()
                update = await self._read()
            if update is not None:
                return update

    async def subscribe(
        self, symbols: Sequence[str], channels: Sequence[str] = ("tick",), *, interval: str = "0"
    ) -> None:
        """Add channels of instruments, or change the interval of those there are.

        Raises:
            RefusedError: a name or the interval is wrong; the stream goes on as before.
            StreamClosedError: it has ended.
            AnswerError: no answer came in time.
        """
        await self._ask(
            {"op": "subscribe", "symbols": list(symbols), "channels": list(channels), "interval": interval}
        )

    async def unsubscribe(
        self, symbols: Sequence[str] | None = None, channels: Sequence[str] | None = None
    ) -> None:
        """Take channels of instruments away; None means all. Raises as ``subscribe``."""
        fields: dict[str, object] = {"op": "unsubscribe"}
        if symbols is not None:
            fields["symbols"] = list(symbols)
        if channels is not None:
            fields["channels"] = list(channels)
        await self._ask(fields)

    async def _ask(self, fields: dict[str, object]) -> None:
        self._asked += 1
        id_ = self._asked
        self._answers[id_] = None
        try:
            with trio.move_on_after(self._timeout_s):
                try:
                    await self._socket.send(msgspec.json.encode({**fields, "id": id_}).decode())
                except SocketClosedError as closed:
                    raise _closed(closed) from closed
                while self._answers[id_] is None and len(self._held) < HELD_MOST:
                    await self._hold(id_)
            answer = self._answers[id_]
        finally:
            del self._answers[id_]
        if answer is None:
            raise AnswerError("MD503", f"the stream did not answer to {fields['op']} in time")
        if answer.type == "error":
            raise _refusal(answer)

    async def _hold(self, id_: int) -> None:
        """Read one message and keep it, unless whoever read before us has met our answer."""
        async with self._reading:
            if self._answers[id_] is None:
                update = await self._read()
                if update is not None:
                    self._held.append(update)

    async def _read(self) -> Update | None:
        """The next message from the socket; None when it was an answer."""
        try:
            raw = await self._socket.receive()
        except SocketClosedError as closed:
            raise _closed(closed) from closed
        try:
            envelope = _ENVELOPE.decode(raw)
            if envelope.type in ("ack", "error"):
                self._answer(envelope)
                return None
            return Update(
                _event(raw),
                envelope.ts_publish_ns,
                envelope.volume,
                envelope.snapshot,
                envelope.skipped,
            )
        except msgspec.MsgspecError as error:
            raise AnswerError(
                "MD503",
                f"a message of the stream cannot be read: {error}",
                hint="check the address, and that client and server are of the same version",
            ) from error

    def _answer(self, envelope: _Envelope) -> None:
        if envelope.id in self._answers:
            assert envelope.id is not None
            self._answers[envelope.id] = envelope
        elif envelope.type == "error" and envelope.id is None:
            raise _refusal(envelope)  # about the connection, not about a question of ours


@asynccontextmanager
async def open_stream(
    address: Address,
    symbols: Sequence[str],
    channels: Sequence[str],
    interval: str,
    timeout_s: float,
    tls: ssl.SSLContext,
) -> AsyncIterator[Stream]:
    """Connect and subscribe. Raises as ``Client.stream``."""
    query = urlencode({"symbols": ",".join(symbols), "channels": ",".join(channels), "interval": interval})
    socket = await websocket.connect(address, f"{PATH}?{query}", timeout_s, tls)
    try:
        yield Stream(socket, timeout_s)
    finally:
        await socket.aclose()


def _event(raw: str | bytes) -> Event:
    found = _EVENT.decode(raw)
    if isinstance(found, _WireEvent):
        data = cast("dict[str, Json]", found.data)
        return MarketEvent(found.symbol, found.seq, found.ts_event_ns, found.event, data)
    return found


def _closed(error: SocketClosedError) -> StreamClosedError:
    reason, hint = _REASONS.get(error.code, (error.reason or "the connection broke", "connect again"))
    if error.code == _GOING_AWAY and error.reason:  # it stops, or a playbook takes this connection down
        reason, hint = error.reason, "connect again"
    return StreamClosedError("MD505", f"the stream has ended: {reason}", error.code, hint=hint)


def _refusal(answer: _Envelope) -> InvalidRefusedError:
    return InvalidRefusedError(0, answer.code, answer.message, hint=answer.help, flaws=answer.errors)
