"""Addresses, proxies and TLS: what is refused, which way a connection goes, what a proxy may answer."""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import partial

import pytest
import trio
import trustme

from mdsim.core.errors import UsageError
from mdsim.providers.connect import Address, ConnectError, Connector, proxy_for, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("wss://stream.binance.com:9443/ws", Address("wss", "stream.binance.com", 9443, "/ws")),
        ("https://api.example.com", Address("https", "api.example.com", 443, "/")),
        ("ws://127.0.0.1:9001/stream?streams=a/b", Address("ws", "127.0.0.1", 9001, "/stream?streams=a/b")),
        ("ws://[::1]:9001/ws", Address("ws", "::1", 9001, "/ws")),
        ("http://localhost", Address("http", "localhost", 80, "/")),
    ],
)
def test_an_address_is_taken_apart(url: str, address: Address) -> None:
    """Scheme, host, port and target, with the usual ports."""
    assert read_address(url) == address


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("stream.binance.com", "MD612"),
        ("ftp://example.com", "MD612"),
        ("wss://", "MD612"),
        ("wss://host:port/ws", "MD612"),
        ("wss://user:hunter2@example.com/ws", "MD612"),
        ("ws://stream.example.com/ws", "MD613"),
        ("http://192.168.1.7/api", "MD613"),
        ("http://localhost.example.com/api", "MD613"),
    ],
)
def test_what_is_no_safe_address_is_refused(url: str, code: str) -> None:
    """No address, a secret inside, or plain text beyond loopback; the secret is not shown."""
    with pytest.raises(UsageError) as error:
        read_address(url)
    assert error.value.code == code
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "no_proxy", "proxy"),
    [
        ("wss://stream.example.com/ws", "", "http://proxy:3128"),
        ("wss://stream.example.com/ws", "other.org", "http://proxy:3128"),
        ("wss://stream.example.com/ws", "example.com", ""),
        ("wss://stream.example.com/ws", ".example.com, x", ""),
        ("wss://stream.example.com/ws", "*.example.com", ""),
        ("wss://stream.example.com:9443/ws", "stream.example.com:9443", ""),
        ("wss://stream.example.com/ws", "*", ""),
        ("wss://badexample.com/ws", "example.com", "http://proxy:3128"),
        ("wss://127.0.0.1:9001/ws", "", ""),
    ],
)
def test_the_proxy_of_the_environment_is_honoured(url: str, no_proxy: str, proxy: str) -> None:
    """``NO_PROXY`` excepts hosts and domains; this machine is always reached directly."""
    proxies = {"https": "http://proxy:3128", "no": no_proxy}
    assert proxy_for(read_address(url), proxies) == proxy
    assert proxy_for(read_address(url), {"all": "http://proxy:3128", "no": no_proxy}) == proxy


class Proxy:
    """A proxy on loopback that answers the first request with what it is told."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.asked = b""

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer, then send back whatever comes through the tunnel."""
        while b"\r\n\r\n" not in self.asked:
            self.asked += await stream.receive_some()
        await stream.send_all(self._answer)
        try:
            async for data in stream:
                await stream.send_all(data)
        except trio.BrokenResourceError:
            pass


async def through(proxy: Proxy, nursery: trio.Nursery, user: str = "") -> Connector:
    """A connector whose https proxy is this one."""
    (listener,) = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), proxy.serve, 0)
    port = listener.socket.getsockname()[1]
    return Connector(ssl.create_default_context(), {"https": f"http://{user}127.0.0.1:{port}"})


async def test_a_proxy_is_asked_for_a_tunnel_with_its_password() -> None:
    """CONNECT with host and port and the proxy's own credentials; then TLS begins inside."""
    async with trio.open_nursery() as nursery:
        proxy = Proxy(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connect = await through(proxy, nursery, "me:p%40ss@")
        with pytest.raises((ConnectError, OSError)):  # the echo is no TLS server
            await connect(Address("wss", "stream.example.com", 443, "/ws"))
        lines = proxy.asked.decode().split("\r\n")
        assert lines[0] == "CONNECT stream.example.com:443 HTTP/1.1"
        assert "Proxy-Authorization: Basic bWU6cEBzcw==" in lines
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refuses the way to stream.example.com"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "refuses the way"),
        (b"HTTP/1.1\r\n\r\n", "nothing readable"),
        (b"x" * 40_000, "does not answer as a proxy"),
    ],
)
async def test_a_proxy_that_refuses_is_named_without_its_password(answer: bytes, says: str) -> None:
    """Whatever it answers, the error is one of ours and holds no secret."""
    async with trio.open_nursery() as nursery:
        connect = await through(Proxy(answer), nursery, "me:hunter2@")
        with pytest.raises(ConnectError) as error:
            await connect(Address("wss", "stream.example.com", 443, "/ws"))
        assert says in str(error.value)
        assert "hunter2" not in str(error.value)
        nursery.cancel_scope.cancel()


async def test_a_proxy_that_is_none_is_refused() -> None:
    """SOCKS is not spoken, and the address is not shown: it may hold a password."""
    connect = Connector(ssl.create_default_context(), {"all": "socks5://me:hunter2@127.0.0.1:1"})
    with pytest.raises(ConnectError, match="no http proxy") as error:
        await connect(Address("wss", "stream.example.com", 443, "/ws"))
    assert "hunter2" not in str(error.value)


async def test_a_certificate_is_verified() -> None:
    """The right authority and name connect; a strange authority or another name does not."""
    authority = trustme.CA()
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def serve(stream: trio.SSLStream[trio.SocketStream]) -> None:
        with suppress(trio.BrokenResourceError, ssl.SSLError):
            await stream.send_all(b"hello")

    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(
            partial(trio.serve_ssl_over_tcp, host="127.0.0.1"), serve, 0, served
        )
        port = listener.transport_listener.socket.getsockname()[1]
        stream = await Connector(trusting, {})(Address("wss", "localhost", port, "/"))
        assert await stream.receive_some(5) == b"hello"
        await trio.aclose_forcefully(stream)
        for tls, host in ((ssl.create_default_context(), "localhost"), (trusting, "127.0.0.1")):
            with pytest.raises(ConnectError, match="is not to be trusted"):
                await Connector(tls, {})(Address("wss", host, port, "/"))
        nursery.cancel_scope.cancel()
