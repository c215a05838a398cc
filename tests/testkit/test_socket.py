"""The server's end of a WebSocket, over memory: whole frames, half frames, bounds, fragments, goodbyes."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    Request,
    TextMessage,
)

from mdsim.testkit import socket as sockets
from mdsim.testkit.socket import Socket


class Pair:
    """A socket that is served, and a client that reads frames by hand.

    Attributes:
        heard: messages that the server got.
        cut: the server broke the connection.
    """

    def __init__(self, stream: trio.testing.MemorySendStream | trio.abc.Stream, socket: Socket) -> None:
        self._stream = stream
        self.socket = socket
        self.heard: list[str] = []
        self.cut = False
        self.client = WSConnection(ConnectionType.CLIENT)

    async def send(self, event: Event) -> None:
        """Send an event of the client."""
        assert isinstance(self._stream, trio.abc.SendStream)
        await self._stream.send_all(self.client.send(event))
        await trio.testing.wait_all_tasks_blocked()

    async def events(self) -> list[Event]:
        """What has come so far."""
        await trio.testing.wait_all_tasks_blocked()
        assert isinstance(self._stream, trio.abc.ReceiveStream)
        with trio.move_on_after(0.01):
            data = bytes(await self._stream.receive_some(1_000_000))
            self.cut = not data
            self.client.receive_data(data or None)
        return list(self.client.events())


@pytest.fixture
async def pair(nursery: trio.Nursery) -> Pair:
    """A connection that stands."""
    ours, theirs = trio.testing.memory_stream_pair()
    found = Pair(ours, Socket(theirs, "/", {}, {}))
    prefix = found.client.send(Request(host="x", target="/"))
    nursery.start_soon(
        found.socket.run, prefix, lambda _socket: None, lambda _socket, text: found.heard.append(text)
    )
    assert isinstance((await found.events())[0], AcceptConnection)
    return found


async def test_frames_go_both_ways(pair: Pair) -> None:
    """Text in order; a fragmented message is heard whole; a ping is answered."""
    pair.socket.send("one")
    pair.socket.send("two")
    pair.socket.ping(b"17")
    assert [getattr(event, "data", None) for event in await pair.events()][:2] == ["one", "two"]
    await pair.send(TextMessage(data="he", message_finished=False))
    await pair.send(TextMessage(data="llo"))
    assert pair.heard == ["hello"]
    await pair.send(Ping(payload=b"a"))
    assert Pong(payload=b"a") in [
        Pong(payload=bytes(event.payload)) for event in await pair.events() if isinstance(event, Pong)
    ]


async def test_a_torn_frame_is_half_a_frame(pair: Pair) -> None:
    """No message comes of it, and the connection breaks without a goodbye."""
    pair.socket.send("whole")
    pair.socket.tear("x" * 1_000)
    pair.socket.send("never")
    events = await pair.events()
    assert [event.data for event in events if isinstance(event, TextMessage) and event.message_finished] == [
        "whole"
    ]
    await pair.events()
    assert pair.cut
    assert not pair.socket.open


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_close_has_a_code(pair: Pair, code: int) -> None:
    """And what is sent after it goes nowhere."""
    pair.socket.close(code)
    pair.socket.send("never")
    events = await pair.events()
    assert [event.code for event in events if isinstance(event, CloseConnection)] == [code]


async def test_a_close_reaches_a_client_that_was_writing(nursery: trio.Nursery) -> None:
    """Over TCP, where a socket closed over unread bytes resets the line and takes the close frame back."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    ours = await trio.testing.open_stream_to_socket_listener(listener)
    theirs = await listener.accept()
    client = WSConnection(ConnectionType.CLIENT)
    serve = Socket(theirs, "/", {}, {}).run
    prefix = client.send(Request(host="x", target="/"))
    nursery.start_soon(serve, prefix, lambda socket: socket.close(4100), lambda _socket, _text: None)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += bytes(await ours.receive_some(1))  # the close frame stays unread behind it
    client.receive_data(head)
    assert isinstance(next(client.events()), AcceptConnection)
    for _ in range(100):
        await ours.send_all(client.send(TextMessage(data="x" * 1_000)))
    await trio.testing.wait_all_tasks_blocked(0.01)
    found: list[int] = []
    while not found:
        client.receive_data(bytes(await ours.receive_some(65_536)))
        found = [event.code for event in client.events() if isinstance(event, CloseConnection)]
    assert found == [4100]
    await ours.aclose()
    await listener.aclose()


async def test_a_client_s_goodbye_is_answered(pair: Pair) -> None:
    """With its own code."""
    await pair.send(CloseConnection(code=1000))
    assert any(isinstance(event, CloseConnection) for event in await pair.events())
    assert not pair.socket.open


async def test_bytes_are_refused(pair: Pair) -> None:
    """No provider takes any."""
    await pair.send(BytesMessage(data=b"x"))
    assert [event.code for event in await pair.events() if isinstance(event, CloseConnection)] == [1003]


async def test_a_reader_that_does_not_read_is_let_go(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bound of its queue the connection is closed, with nothing more sent."""
    monkeypatch.setattr(sockets, "MOST_WAITING", 5)
    for _ in range(20):
        pair.socket.send("x")
    assert not any(isinstance(event, TextMessage) for event in await pair.events())
    assert pair.cut
    assert not pair.socket.open


async def test_what_is_no_websocket_is_dropped(pair: Pair) -> None:
    """A broken frame ends the connection."""
    stream = pair._stream
    assert isinstance(stream, trio.abc.SendStream)
    await stream.send_all(b"\xff\xff\xff\xff")
    await trio.testing.wait_all_tasks_blocked()
    assert not pair.socket.open
