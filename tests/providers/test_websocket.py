"""The client's end of a WebSocket, against a server that sends what it is told to, however cut."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

from mdsim.providers.websocket import EndedError, HandshakeError, RefusedError, Socket

MOST = 100_000


class Server:
    """The provider's end.

    Attributes:
        protocol: what it says.
        heard: events from the client.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.protocol = WSConnection(ConnectionType.SERVER)
        self.heard: list[Event] = []

    async def hear(self) -> None:
        self.protocol.receive_data(bytes(await self.stream.receive_some()) or None)
        self.heard += self.protocol.events()

    async def say(self, *events: Event) -> None:
        await self.stream.send_all(b"".join(map(self.protocol.send, events)))


@asynccontextmanager
async def both(after: bytes = b"") -> AsyncIterator[tuple[Socket, Server]]:
    """Both ends after the handshake; ``after`` comes in one piece with the server's answer."""
    ours, theirs = trio.testing.memory_stream_pair()
    socket, server = Socket(ours, MOST), Server(theirs)

    async def accept() -> None:
        await server.hear()
        await theirs.send_all(server.protocol.send(AcceptConnection()) + after)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept)
        await socket.shake_hands("x", "/", [(b"key", b"secret")])
    yield socket, server


async def all_of(socket: Socket) -> tuple[list[str | bytes], int | None]:
    """Every message to the end, and the code of that."""
    found: list[str | bytes] = []
    with trio.fail_after(5):
        while True:
            try:
                found += await socket.messages()
            except EndedError as error:
                return found, error.code


async def test_what_comes_with_the_answer_to_the_handshake_is_not_lost() -> None:
    """Even half a frame."""
    async with both(b"\x81\x02hi\x81\x05he") as (socket, server):
        assert await socket.messages() == ["hi"]
        await server.stream.send_all(b"llo")
        assert await socket.messages() == ["hello"]
    request = server.heard[0]
    assert isinstance(request, Request)
    assert (b"key", b"secret") in request.extra_headers


SAID = st.one_of(
    st.builds(lambda data: [TextMessage(data)], st.text(max_size=300)),
    st.builds(lambda data: [BytesMessage(data)], st.binary(max_size=300)),
    st.builds(lambda size: [TextMessage("x" * size)], st.sampled_from([125, 126, 65_535, 65_536])),
    st.builds(lambda data: [Ping(data)], st.binary(max_size=20)),
    st.builds(
        lambda parts: [
            one
            for at, part in enumerate(parts)
            for one in (TextMessage(part, message_finished=at == len(parts) - 1), Ping(b"between"))
        ],
        st.lists(st.text(max_size=50), min_size=2, max_size=4),
    ),
)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.lists(SAID, max_size=12), st.lists(st.integers(1, 5_000), min_size=1, max_size=20))
def test_messages_are_the_same_however_the_bytes_are_cut(said: list[list[Event]], cuts: list[int]) -> None:
    """Whole ones, pieces with pings between them, and every length that is written in another way."""

    async def run() -> None:
        async with both() as (socket, server):
            events = [event for group in said for event in group]
            data = b"".join(map(server.protocol.send, [*events, CloseConnection(1001)]))

            async def tell() -> None:
                at, turn = 0, 0
                while at < len(data):
                    step = (*cuts, 50_000)[turn % (len(cuts) + 1)]
                    await server.stream.send_all(data[at : at + step])
                    at, turn = at + step, turn + 1

            async with trio.open_nursery() as nursery:
                nursery.start_soon(tell)
                found = await all_of(socket)
            with trio.move_on_after(1):
                while server.protocol.state.name != "CLOSED":
                    await server.hear()
            assert found == (expected(events), 1001)
            pings = [event.payload for event in events if isinstance(event, Ping)]
            assert [event.payload for event in server.heard if isinstance(event, Pong)] == pings

    trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))


def expected(events: list[Event]) -> list[str | bytes]:
    """The messages that events make."""
    found: list[str | bytes] = []
    whole = ""
    for event in events:
        if isinstance(event, BytesMessage):
            found.append(bytes(event.data))
        elif isinstance(event, TextMessage):
            whole += event.data
            if event.message_finished:
                found.append(whole)
                whole = ""
    return found


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x02\xff\xfe", 1007),  # no UTF-8
        (b"\x81\x82\x00\x00\x00\x00ok", 1002),  # a server must not mask
        (b"\xc1\x02ok", 1002),  # a bit of an extension that nobody agreed on
        (b"\x81\x7e\x00\x02ok", 1002),  # a length that is shorter in another way
        (b"\x80\x02ok", 1002),  # the end of a message that never began
        (b"\x01\x01a\x81\x01b", 1002),  # a new message inside another
        (b"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 1009),  # longer than anybody may be
        (
            b"\x01\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + b"a" * 65_536 + b"\x80\x7e\xff\xff" + b"a" * 65_535,
            1009,
        ),
    ],
)
async def test_a_broken_frame_ends_the_connection_with_its_code(frame: bytes, code: int) -> None:
    """Messages before it are given, and the provider is told."""
    async with both(b"\x81\x02hi") as (socket, server):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.stream.send_all, frame + b"\x81\x04lost")
            assert await all_of(socket) == (["hi"], code)
        await server.hear()
        assert [event.code for event in server.heard if isinstance(event, CloseConnection)] == [code]


async def test_a_line_that_breaks_ends_without_a_code() -> None:
    """In the middle of a frame too."""
    async with both(b"\x81\x05he") as (socket, server):
        await server.stream.aclose()
        assert await all_of(socket) == ([], None)
        with pytest.raises(EndedError):
            await socket.messages()


async def test_a_goodbye_waits_for_its_answer_and_nothing_is_sent_after_it() -> None:
    """Messages on the way are passed over."""
    async with both() as (socket, server):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(socket.goodbye)
            await server.hear()
            await server.stream.send_all(b"\x81\x04late")
            goodbye = server.heard[-1]
            assert isinstance(goodbye, CloseConnection)
            await server.say(goodbye.response())
        with pytest.raises(EndedError):
            await socket.send("more")
        await socket.goodbye()


async def test_what_is_sent_arrives_as_text() -> None:
    """Masked, as a client must."""
    async with both() as (socket, server):
        await socket.send('{"method":"subscribe"}')
        await server.hear()
        said = server.heard[-1]
        assert isinstance(said, Message)
        assert said.data == '{"method":"subscribe"}'


async def test_a_refusal_tells_its_status_and_headers() -> None:
    """So that ``Retry-After`` can be respected."""
    ours, theirs = trio.testing.memory_stream_pair()
    server = Server(theirs)

    async def refuse() -> None:
        await server.hear()
        await server.say(RejectConnection(status_code=429, headers=[(b"Retry-After", b"7")]))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(refuse)
        with pytest.raises(RefusedError) as caught:
            await Socket(ours, MOST).shake_hands("x", "/")
    assert caught.value.status == 429
    assert caught.value.headers["retry-after"] == "7"


@pytest.mark.parametrize("answer", [b"220 mail\r\n\r\n", b"HTTP/1.1 101 X\r\n\r\n", b"x" * 200_000])
async def test_what_speaks_no_websocket_is_told_so(answer: bytes) -> None:
    """And a head that never ends is not waited for."""
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(theirs.send_all, answer)
        with pytest.raises(HandshakeError, match="no WebSocket"):
            await Socket(ours, MOST).shake_hands("x", "/")


async def test_a_line_that_breaks_during_the_handshake_ends() -> None:
    """Before any head was whole."""
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.send_all(b"HTTP/1.1 101")
    await theirs.aclose()
    with pytest.raises((EndedError, trio.BrokenResourceError)):
        await Socket(ours, MOST).shake_hands("x", "/")
