"""The WebSocket endpoint: readers come, ask, are sent what they asked for, and go; one task tree each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import parse_qs, urlsplit

import msgspec
import trio
import trio_websocket
import wsproto.utilities

from mdsim.api import ws_messages
from mdsim.api.asks import Ask, AskReader
from mdsim.api.head import Head
from mdsim.api.problems import RequestError, reply_of
from mdsim.api.routes import PROBLEM
from mdsim.api.throttle import Throttle
from mdsim.api.tickets import Tickets
from mdsim.api.wire import Wire
from mdsim.core.errors import MdsimError
from mdsim.publish.feeds import Feed
from mdsim.publish.frames import PING_FRAME, close_frame
from mdsim.publish.hub import FullError, Hub
from mdsim.publish.subscriber import Subscriber

PATH = "/api/v1/subscribe"

CONNECTION = b"mdsim-connection"
"""Header of the answer to a handshake: the name by which faults and journals know the connection."""

NORMAL, GOING_AWAY, TRY_LATER, TOO_SLOW = 1000, 1001, 1013, 4408
"""Close codes: nothing was wrong, the server stops, the instrument is full, the reader was too slow."""

BREACHES = (1002, 1007)
"""Close codes: a frame that breaks the protocol, a text that is no UTF-8."""

FEEDS_A_TOKEN = 10
"""Feeds whose snapshots cost about as much as reading one message."""


@dataclass(frozen=True, slots=True)
class WebSocketLimits:
    """Bounds of one reader.

    Attributes:
        message_bytes: longest message it may send; past it the connection closes with 1009.
        messages_per_s, messages_burst: what it may make us do; past it it is read from later.
        slow_grace_s: how long its line may stay full before it is closed with 4408.
        ping_after_s, pong_within_s: silence after which it is pinged, and then given up.
        idle_s: how long it may stay without a subscription.
        close_s, linger_s: how long the closing handshake, and the last bytes, may take.
        send_buffer_bytes: the kernel's buffer of its line. Small, because what waits there is old by the
            time a slow reader gets it; enough for some hundred messages.
    """

    message_bytes: int = 65_536
    messages_per_s: float = 50.0
    messages_burst: float = 200.0
    slow_grace_s: float = 10.0
    ping_after_s: float = 20.0
    pong_within_s: float = 20.0
    idle_s: float = 60.0
    close_s: float = 3.0
    linger_s: float = 1.0
    send_buffer_bytes: int = 131_072


@dataclass(slots=True)
class WebSocketCounters:
    """Totals since the start.

    Attributes:
        opened: handshakes accepted; refused: answered with an error instead.
        closed: accepted connections that ended, by reason: ``left``, ``lost`` (its line broke), ``too_slow``,
            ``half_open``, ``idle``, ``full``, ``server_stop``, ``disturbed`` (a delivery fault asked for it),
            ``failed`` (an error of ours).
        too_slow, half_open, idle, full: connections ended for that reason.
        bad_messages: answered with an error.
        broken: connections that met an error of ours.
    """

    opened: int = 0
    refused: int = 0
    closed: dict[str, int] = field(default_factory=dict)
    too_slow: int = 0
    half_open: int = 0
    idle: int = 0
    full: int = 0
    bad_messages: int = 0
    broken: int = 0


Asked = Callable[[str, Sequence[Feed]], AbstractContextManager[object]]
"""Stands around one subscription (``subscribe`` or ``unsubscribe``, and what it is about)."""
Opened = Callable[[Head], AbstractContextManager[Asked]]
"""Stands around one connection, such as a span of a trace that follows ``traceparent``."""


def unasked(_op: str, _feeds: Sequence[Feed]) -> AbstractContextManager[object]:
    """Nobody looks at a subscription."""
    return nullcontext()


def unwatched(_head: Head) -> AbstractContextManager[Asked]:
    """Nobody looks at a connection."""
    return nullcontext(unasked)


@dataclass
class WebSockets:
    """Every WebSocket of a server.

    Attributes:
        on_error: told of an error that is ours; the connection it happened on is gone, no other.
    """

    hub: Hub
    tickets: Tickets
    limits: WebSocketLimits = field(default_factory=WebSocketLimits)
    opened: Opened = unwatched
    on_error: Callable[[BaseException], None] = lambda _error: None
    counters: WebSocketCounters = field(default_factory=WebSocketCounters)
    _connections: dict[_Connection, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.asks = AskReader(self.hub.market.catalogue, tuple(self.hub.codecs), self.hub.offer)

    def __len__(self) -> int:
        return len(self._connections)

    def serves(self, head: Head) -> bool:
        """Whether a request is for this endpoint; a HEAD or a plain GET is not."""
        return head.upgrades and urlsplit(head.target).path == PATH

    def throttle(self) -> Throttle:
        """A new reader's allowance."""
        return Throttle(self.limits.messages_per_s, self.limits.messages_burst)

    async def run(self) -> None:
        """Look after silent and idle readers; runs until cancelled."""
        while True:
            await trio.sleep(min(1.0, self.limits.ping_after_s / 4))
            for connection in list(self._connections):
                connection.look_after(trio.current_time())

    async def handle(self, wire: Wire, head: Head) -> None:
        """Serve one reader until it goes; closes the wire. Raises nothing but what cancels it."""
        connection = _Connection(self, wire)
        self._connections[connection] = None
        try:
            with self.opened(head) as connection.asked:
                await connection.serve(head)
        except* _EXPECTED:
            pass
        except* Exception as errors:
            self.counters.broken += 1
            connection.reason = "failed"
            self.on_error(errors)
        finally:
            del self._connections[connection]
            if connection.accepted:
                cut = "disturbed" if wire.was_reset else "lost" if wire.was_cut else "left"
                reason = connection.reason or cut
                self.counters.closed[reason] = self.counters.closed.get(reason, 0) + 1
            self.hub.leave(connection.subscriber)
            wire.release()

    def close_all(self) -> None:
        """Ask every reader to go, as the server stops."""
        for connection in list(self._connections):
            connection.end(GOING_AWAY, "the server stops", "server_stop")


class _Connection:
    """One reader's tasks and why they end.

    Attributes:
        accepted: the handshake was; reason: why it ended, empty while nothing but the reader itself did it.
        asked: stands around its subscriptions.
    """

    def __init__(self, sockets: WebSockets, wire: Wire) -> None:
        self.accepted = False
        self.reason = ""
        self.asked: Asked = unasked
        self._sockets = sockets
        self._limits = sockets.limits
        self._wire = wire
        self._reading = trio.CancelScope()
        self._ending = (NORMAL, "")
        self._active_s = trio.current_time()
        self.subscriber: Subscriber = sockets.hub.join(wire)
        wire.subscriber = self.subscriber
        wire.on_close = partial(self.end, reason="disturbed")
        wire.on_slow = self._slow

    async def serve(self, head: Head) -> None:
        async with trio.open_nursery() as nursery:
            self._wire.nursery = nursery
            try:
                async with trio.open_nursery() as library:
                    await self._converse(head, library)
                    library.cancel_scope.cancel()
            except* _EXPECTED:
                pass
            finally:
                # While the nursery still takes tasks: a line that fills up later would need one.
                self._sockets.hub.leave(self.subscriber)
            with trio.move_on_after(self._limits.linger_s):
                await self._wire.linger()
            nursery.cancel_scope.cancel()

    async def _converse(self, head: Head, library: trio.Nursery) -> None:
        if self.subscriber.refused == "reset":
            self._sockets.counters.refused += 1
            self._wire.reset()
            return
        request = None
        with trio.CancelScope() as handshake:
            self._wire.on_closed = handshake.cancel  # the library closes without a word when it is malformed
            request = await trio_websocket.wrap_server_stream(
                library,
                self._wire,
                message_queue_size=1,
                max_message_size=self._limits.message_bytes,
                receive_buffer_size=1024,
            )
        self._wire.on_closed = lambda: None
        if request is None:
            self._sockets.counters.refused += 1
            return
        try:
            ask = self._asked(head)
        except MdsimError as error:
            self._sockets.counters.refused += 1
            reply = reply_of(error, PATH)
            assert isinstance(reply.body, msgspec.Struct)
            await request.reject(
                reply.status,
                extra_headers=[(b"content-type", PROBLEM.encode()), (b"connection", b"close")],
                body=msgspec.json.encode(reply.body),
            )
            return
        socket = await request.accept(extra_headers=[(CONNECTION, self.subscriber.name.encode())])
        self._sockets.counters.opened += 1
        self.accepted = True
        with self._reading:
            await self._read(socket, ask)
        code, reason = self._ending
        with trio.move_on_after(self._limits.close_s):
            await socket.aclose(code, reason)

    def _asked(self, head: Head) -> Ask | None:
        if self.subscriber.refused:
            raise RequestError(
                503,
                "MD570",
                f"a playbook keeps {self.subscriber.name} disconnected",
                hint="connect again; GET /chaos/active-scenarios tells which playbooks run",
            )
        query = urlsplit(head.target).query
        given = parse_qs(query, keep_blank_values=True)
        if "ticket" not in given:
            return self._sockets.asks.read_query(query)
        if len(given) > 1 or len(given["ticket"]) > 1:
            raise RequestError(
                422,
                "MD409",
                "a ticket stands alone",
                hint="use the address as POST /api/v1/subscribe gave it",
            )
        return self._sockets.tickets.redeem(given["ticket"][0])

    async def _read(self, socket: trio_websocket.WebSocketConnection, ask: Ask | None) -> None:
        if ask is not None:
            self._subscribe(None, ask)
        while True:
            try:
                text = await socket.get_message()
            except trio_websocket.ConnectionClosed as closed:
                self._say_what_broke(closed)
                return
            self._active_s = trio.current_time()
            self._answer(text)
            await self._wire.settled()

    def _say_what_broke(self, closed: trio_websocket.ConnectionClosed) -> None:
        """Name a breach of the protocol: the library closes without a word then (RFC 6455, section 7.1.7)."""
        why = closed.reason
        if why is not None and why.code in BREACHES and not self.subscriber.ended:
            self.subscriber.finish(close_frame(why.code, why.reason or ""))

    def _answer(self, text: str | bytes) -> None:
        self._wire.charge(1.0)
        hub, subscriber = self._sockets.hub, self.subscriber
        try:
            id_, op, request = ws_messages.read(text, self._sockets.asks)
        except ws_messages.BadMessageError as bad:
            self._sockets.counters.bad_messages += 1
            subscriber.post(ws_messages.refusal(bad))
            return
        match request:
            case ws_messages.Subscribe(ask):
                self._subscribe(id_, ask)
            case ws_messages.Unsubscribe():
                terms = dict(subscriber.wants)
                covered = [feed for feed in terms if request.covers(feed)]
                with self.asked(op, covered):
                    gone = hub.unsubscribe(subscriber, covered)
                subscriber.post(ws_messages.subscribed(id_, op, [(feed, terms[feed]) for feed in gone]))
            case ws_messages.Ping():
                subscriber.post(ws_messages.pong(id_, hub.clock_ns()))
            case ws_messages.List():
                wants = subscriber.wants.items()
                subscriber.post(ws_messages.listing(id_, wants, self._sockets.asks))

    def _subscribe(self, id_: ws_messages.Id, ask: Ask) -> None:
        hub, wishes = self._sockets.hub, ask.wishes()
        self._wire.charge(len(wishes) / FEEDS_A_TOKEN)
        try:
            hub.room_for(self.subscriber, wishes)
        except FullError as error:
            self._sockets.counters.full += 1
            self.end(TRY_LATER, error.message, "full")
            return
        self.subscriber.post(ws_messages.subscribed(id_, "subscribe", wishes.items()))
        with self.asked("subscribe", tuple(wishes)):
            hub.subscribe(self.subscriber, wishes)

    def end(self, code: int, text: str, reason: str = "") -> None:
        """Stop reading and close; the first reason counts."""
        if not self._reading.cancel_called:
            self._ending = (code, text)
            self.reason = reason
            self._reading.cancel()

    def _slow(self) -> None:
        self._sockets.counters.too_slow += 1
        self.end(TOO_SLOW, f"nothing was taken for {self._limits.slow_grace_s:g} s", "too_slow")

    def look_after(self, now_s: float) -> None:
        """Ping who was silent, give up who does not answer, and close who does not want anything."""
        limits, wire = self._limits, self._wire
        silent_s = now_s - wire.heard_s
        if silent_s >= limits.ping_after_s + limits.pong_within_s:
            self._sockets.counters.half_open += 1
            self.reason = self.reason or "half_open"
            wire.cut()
        elif silent_s >= limits.ping_after_s and wire.pinged_s <= wire.heard_s:
            wire.pinged_s = now_s
            self.subscriber.post(PING_FRAME)
        elif not self.subscriber.wants and now_s - self._active_s >= limits.idle_s:
            self._sockets.counters.idle += 1
            self._active_s = now_s
            self.end(NORMAL, f"nothing subscribed to for {limits.idle_s:g} s", "idle")


_EXPECTED = (
    OSError,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
    trio_websocket.ConnectionClosed,
    wsproto.utilities.LocalProtocolError,
)
"""How a connection may end in the library: the other side went, or spoke after the close."""
