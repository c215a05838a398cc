"""A source on a WebSocket: one connection, or two while the second takes over from the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

import trio

from mdsim.core.time import MINUTE, SECOND
from mdsim.providers.backoff import Backoff
from mdsim.providers.connect import ConnectError, read_address
from mdsim.providers.link import Link, Sink
from mdsim.providers.quota import retry_after_ns
from mdsim.providers.session import Reconnect
from mdsim.providers.source import Source, SourceSpec, Surroundings
from mdsim.providers.waiting import wait
from mdsim.providers.watched import Watched
from mdsim.providers.websocket import EndedError, HandshakeError, RefusedError, Socket
from mdsim.providers.wire import CLOSED, MESSAGE, OPENED, Heard

CONNECT_S = 15.0
SEND_S = 10.0
GOODBYE_S = 0.25
"""For a goodbye to get out; nobody waits for the answer, because what comes after it is of no use."""
MESSAGE_MOST_BYTES = 32 << 20
BREATHE_EVERY = 32
"""Messages after which others get their turn: a burst must not hold up a cycle."""
RESET = "reset"
LOST = (
    ConnectError,
    OSError,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
    trio.TooSlowError,
    HandshakeError,
    EndedError,
)
"""What ends a connection or an attempt at one; anything else is a mistake of ours."""
LIFE_MARGIN_NS = 10 * MINUTE
"""How long before its end a connection with a limited life is replaced."""


class Connection:
    """One connection, from the attempt to its end.

    Attributes:
        ended: why it ended, empty while it lasts; ``after_ns``: wait at least so long before the next.
        opened_ns: when it stood, -1 before.
        replace: its end was announced, and why.
        stream: what it runs over, once there is something.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self.scope = trio.CancelScope()
        self.ended = ""
        self.after_ns = 0
        self.opened_ns = -1
        self.replace = ""
        self.stream: Watched | None = None

    @property
    def ready(self) -> bool:
        return self.opened_ns >= 0 and self.link.session.ready


class StreamSource(Source):
    """Keeps a stream alive: back-off, replacement before an announced end, subscriptions anew each time."""

    def __init__(self, spec: SourceSpec, around: Surroundings, sink: Sink) -> None:
        super().__init__(spec, around, sink)
        self._address = read_address(spec.url)
        self._backoff = Backoff(around.rng(spec.name))
        self._changed = trio.Event()

    async def _work(self) -> None:
        async with trio.open_nursery() as nursery:
            await self._supervise(nursery)
            nursery.cancel_scope.cancel()
        self.tell("off", detail=self.health.reason)

    async def _supervise(self, nursery: trio.Nursery) -> None:
        current: Connection | None = None
        following: Connection | None = None
        retry_ns, now = 0, self.around.now
        while self.health.state != "off":
            self._changed = trio.Event()
            now_ns = now()
            if following is not None and following.ended:
                retry_ns, following = self._failed(following, now_ns), None
            if current is not None and current.ended:
                if following is None:
                    retry_ns = self._failed(current, now_ns)
                current, following = following, None
            if current is not None and following is not None and following.ready:
                current.scope.cancel()
                current, following = following, None
                self.health.replaced += 1
                self.tell("replaced")
            ages_ns = self._replace_ns(current)
            if self.tap.down or self.health.state == "off":
                pass  # refused: nothing is opened until the faults end
            elif current is None and now_ns >= retry_ns:
                current = self._open(nursery)
            elif current is not None and following is None and _come(ages_ns, now_ns) and now_ns >= retry_ns:
                self.tell("replacing", detail=current.replace or "its life is over")
                following = self._open(nursery)
            due = retry_ns if current is None else ages_ns if following is None else None
            due = None if due is None else max(due, retry_ns)
            if self.tap.down and due is not None:
                due = max(due, now_ns + SECOND)
            await wait(self._changed, due, now)

    def _replace_ns(self, current: Connection | None) -> int | None:
        """When a replacement for the connection is wanted."""
        if current is None or current.opened_ns < 0:
            return None
        if current.replace:
            return current.opened_ns
        life_ns = self.spec.offer.life_ns
        return current.opened_ns + max(life_ns // 2, life_ns - LIFE_MARGIN_NS) if life_ns else None

    def _failed(self, connection: Connection, now_ns: int) -> int:
        """When to try again after a connection that ended."""
        lived_ns = now_ns - connection.opened_ns if connection.opened_ns >= 0 else 0
        delay_ns = max(connection.after_ns, self._backoff.next_ns(lived_ns))
        if self.health.state != "off":
            self.health.state, self.health.reason = "waiting", connection.ended
        self._past.error("disconnected")
        self.tell("lost", detail=f"{connection.ended}; again in {delay_ns / SECOND:.1f} s")
        return now_ns + delay_ns

    def _open(self, nursery: trio.Nursery) -> Connection:
        connection = Connection(self._link())
        nursery.start_soon(self._attempt, connection)
        return connection

    # ------------------------------------------------------------ one connection

    async def _attempt(self, connection: Connection) -> None:
        """Connect and serve; whatever ends it is told to the supervisor, never raised."""
        link, reason = connection.link, "closed"
        try:
            with connection.scope:
                end = await self._connected(connection)
                reason, connection.after_ns = end.reason, end.after_ns
        except* LOST as group:
            reason, connection.after_ns = _why(group, self.around.now())
            refusal = _refusal(group, self.spec.offer.key_codes) if self.spec.keys else ""
            if refusal:
                self.refuse_key(link.key, refusal)
            if connection.stream is not None and connection.stream.gave_up:
                reason = connection.stream.gave_up
        finally:
            self.tap.note(Heard(self.name, link.number, self.around.now(), CLOSED, reason))
            self._drop(link)
            connection.ended = reason
            self._changed.set()

    async def _connected(self, connection: Connection) -> Reconnect:
        link, address = connection.link, self._address
        headers = []
        key_header = self.spec.offer.key_header(self.spec.url)
        if self.spec.keys and key_header:
            headers.append((key_header.encode(), self.spec.keys[link.key].reveal().encode()))
        with trio.fail_after(CONNECT_S):
            plain = await self.around.connect(address)
        stream = connection.stream = Watched(plain, self.spec.offer.silence_ns / SECOND)
        end = Reconnect("closed")
        try:
            async with trio.open_nursery() as nursery:
                socket = Socket(stream, MESSAGE_MOST_BYTES)
                with trio.fail_after(CONNECT_S):
                    await socket.shake_hands(address.authority, address.target, headers)
                now_ns = self.around.now()
                connection.opened_ns = now_ns
                self._changed.set()
                self.tap.note(Heard(self.name, link.number, now_ns, OPENED))
                self.tell("connected")

                async def send(text: str) -> None:
                    with trio.fail_after(SEND_S):
                        await socket.send(text)

                def replace() -> None:
                    connection.replace = connection.replace or "its end was announced"
                    self._changed.set()

                async def drive() -> None:
                    nonlocal end
                    end = await self._drive(link, send, replace)
                    nursery.cancel_scope.cancel()

                async def watch_faults() -> None:
                    nonlocal end
                    end = Reconnect(await self.tap.until_down())
                    nursery.cancel_scope.cancel()

                link.start(now_ns)
                nursery.start_soon(drive)
                nursery.start_soon(watch_faults)
                try:
                    await self._listen(socket, link)
                finally:
                    if end.reason != RESET:
                        with trio.move_on_after(GOODBYE_S, shield=True), suppress(*LOST):
                            await socket.goodbye()
        finally:
            await trio.aclose_forcefully(stream)
        return end

    async def _listen(self, socket: Socket, link: Link) -> None:
        """Hand on every message until the connection ends."""
        name, number, now, heard = self.name, link.number, self.around.now, self.tap.heard
        was_ready = False
        while True:
            for count, raw in enumerate(await socket.messages(), 1):
                heard(Heard(name, number, now(), MESSAGE, raw))
                if not was_ready and link.session.ready:
                    was_ready = True
                    self._changed.set()
                if count % BREATHE_EVERY == 0:
                    await trio.lowlevel.checkpoint()


def _come(at_ns: int | None, now_ns: int) -> bool:
    return at_ns is not None and now_ns >= at_ns


def _refusal(group: BaseExceptionGroup[BaseException], codes: Mapping[int, str]) -> str:
    """Why the provider does not take the key, empty when that is not what ended the connection."""
    for error in _leaves(group):
        if isinstance(error, RefusedError) and error.status == 401:
            return str(error)
        if isinstance(error, EndedError) and error.code is not None and error.code in codes:
            return f"{codes[error.code]} ({error})"
    return ""


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


def _why(group: BaseExceptionGroup[BaseException], now_ns: int) -> tuple[str, int]:
    """What went wrong first, for people, and how long the provider asks us to stay away."""
    error = next(_leaves(group))
    if isinstance(error, RefusedError):
        redirect = " (a redirect, which is not followed)" if 300 <= error.status < 400 else ""
        return f"{error}{redirect}", retry_after_ns(error.headers, now_ns)
    if isinstance(error, trio.TooSlowError):
        return "no answer in time", 0
    return str(error) or "the connection broke", 0
