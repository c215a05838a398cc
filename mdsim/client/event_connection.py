"""One connection that receives server-sent events.

Not httpx: a streamed response of it that is left before its end leaves async generators behind, which
trio complains of; and events are left early as a rule.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

import h11
import trio

from mdsim.client.address import Address
from mdsim.client.failures import AnswerError, refused, unreachable

SILENCE_S = 60.0
"""How long a stream may be silent; servers send a heartbeat several times as often."""
_PROBLEM_MOST_BYTES = 1 << 20
_RECEIVE_BYTES = 65_536


class EventConnection:
    """The answer to one GET, received part by part."""

    def __init__(self, stream: trio.abc.Stream, origin: str, timeout_s: float) -> None:
        self._stream = stream
        self._origin = origin
        self._timeout_s = timeout_s
        self._http = h11.Connection(h11.CLIENT)

    async def ask(self, target: str, headers: Mapping[str, str]) -> None:
        """Send the request and wait for the head of its answer.

        Raises:
            RefusedError: the server refuses.
            UnreachableError: no answer came.
            AnswerError: what came is no stream of events.
        """
        with self._telling(self._timeout_s):
            request = h11.Request(method="GET", target=target, headers=list(headers.items()))
            await self._stream.send_all(self._http.send(request) + self._http.send(h11.EndOfMessage()))
            head = await self._next()
            while isinstance(head, h11.InformationalResponse):
                head = await self._next()
        if not isinstance(head, h11.Response):
            raise unreachable(self._origin, "broke the connection")
        media = dict(head.headers).get(b"content-type", b"")
        if head.status_code == HTTPStatus.NO_CONTENT:
            return  # nothing comes any more
        if head.status_code == HTTPStatus.OK and media.startswith(b"text/event-stream"):
            return
        raise refused(head.status_code, await self._rest())

    async def receive(self) -> bytes | None:
        """What comes next; None when the server has ended the stream in peace.

        Raises:
            UnreachableError: the connection broke, or was silent for too long.
        """
        with self._telling(SILENCE_S):
            event = await self._next()
        return bytes(event.data) if isinstance(event, h11.Data) else None

    async def aclose(self) -> None:
        """Drop the connection; there is nothing to say any more."""
        await trio.aclose_forcefully(self._stream)

    async def _rest(self) -> bytes:
        body = b""
        while (part := await self.receive()) is not None:
            body += part
            if len(body) > _PROBLEM_MOST_BYTES:
                raise AnswerError("MD503", "the answer is longer than any of an mdsim server")
        return body

    async def _next(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(bytes(await self._stream.receive_some(_RECEIVE_BYTES)))
        return event

    @contextmanager
    def _telling(self, timeout_s: float) -> Iterator[None]:
        try:
            with trio.fail_after(timeout_s):
                yield
        except trio.TooSlowError as error:
            raise unreachable(self._origin, "did not answer in time") from error
        except (trio.BrokenResourceError, h11.RemoteProtocolError, OSError) as error:
            raise unreachable(self._origin, "broke the connection", error) from error


async def connect(
    address: Address, target: str, headers: Mapping[str, str], timeout_s: float, tls: ssl.SSLContext
) -> EventConnection:
    """Connect and ask; raises as ``EventConnection.ask``."""
    host = address.host.strip("[]")
    try:
        with trio.fail_after(timeout_s):
            plain = await trio.open_tcp_stream(host, address.port)
    except trio.TooSlowError as error:
        raise unreachable(address.http, "did not answer in time") from error
    except OSError as error:
        raise unreachable(address.http, f"cannot be reached ({error})") from error
    stream: trio.abc.Stream = plain
    if address.secure:
        stream = trio.SSLStream(plain, tls, server_hostname=host, https_compatible=True)
    connection = EventConnection(stream, address.http, timeout_s)
    try:
        await connection.ask(target, {"Host": f"{address.host}:{address.port}", **headers})
    except BaseException:
        await connection.aclose()
        raise
    return connection
