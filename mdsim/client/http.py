"""Requests to a server and their answers, typed; every failure is an error with a code."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import httpx
import msgspec

from mdsim import __version__
from mdsim.client import event_connection
from mdsim.client.address import Address
from mdsim.client.event_connection import EventConnection
from mdsim.client.failures import AnswerError, refused, unreachable

T = TypeVar("T")

ANSWER_MOST_BYTES = 16 << 20
"""Past this an answer is not read on; the largest honest one, a page of history, is under 1 MiB."""


class Http:
    """One server's HTTP interface."""

    def __init__(self, address: Address, token: str, timeout_s: float, tls: ssl.SSLContext) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._tls = tls
        self._agent = {"User-Agent": f"mdsim/{__version__}"}
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        # No proxy and no .netrc of the environment: a server on loopback refuses what comes by a proxy,
        # and nothing but the token given here may be sent as one.
        self._client = httpx.AsyncClient(
            base_url=address.http,
            timeout=timeout_s,
            verify=tls,
            trust_env=False,
            headers={**self._agent, "Accept-Encoding": "identity"},
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def get(self, path: str, answer: type[T], query: Mapping[str, str] | None = None) -> T:
        """Ask for a resource that anybody may see."""
        return await self.send("GET", path, answer, query=query)

    async def send(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        guarded: bool = False,
        patience_s: float = 0.0,
    ) -> T:
        """Send a request and read its answer.

        Args:
            method: of HTTP.
            path: from the root, its parts quoted.
            answer: what the JSON of the answer is.
            query: parameters; empty for none.
            body: JSON.
            headers: further ones.
            guarded: show the token.
            patience_s: how much longer than usual the answer may take.

        Raises:
            UnreachableError: no answer came.
            RefusedError: the server refuses.
            AnswerError: what came is no answer of an mdsim server.
        """
        request = self._client.build_request(
            method,
            path,
            params=dict(query) if query else None,
            content=body,
            headers={
                **({"Content-Type": "application/json"} if body is not None else {}),
                **(self._authorization if guarded else {}),
                **(headers or {}),
            },
            timeout=httpx.Timeout(self._timeout_s, read=self._timeout_s + patience_s),
        )
        with self._telling():
            response = await self._client.send(request, stream=True)
            try:
                raw = await _whole(response)
            finally:
                await response.aclose()
        if not response.is_success:
            raise refused(response.status_code, raw)
        try:
            return msgspec.json.decode(raw, type=answer)
        except msgspec.MsgspecError as error:
            raise AnswerError(
                "MD503",
                f"the answer to {method} {path} cannot be read: {error}",
                hint="check the address, and that client and server are of the same version",
            ) from error

    async def follow(self, path: str, headers: Mapping[str, str]) -> EventConnection:
        """Ask for server-sent events, with the token. Raises as ``send``."""
        shown = {**self._agent, "Accept": "text/event-stream", **self._authorization, **headers}
        return await event_connection.connect(self._address, path, shown, self._timeout_s, self._tls)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        origin = self._address.http
        try:
            yield
        except httpx.TimeoutException as error:
            raise unreachable(origin, "did not answer in time") from error
        except httpx.HTTPError as error:
            raise unreachable(origin, _reason(error), error) from error


async def _whole(response: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > ANSWER_MOST_BYTES:
            raise AnswerError("MD503", "the answer is longer than any of an mdsim server")
        parts.append(part)
    return b"".join(parts)


def _reason(error: Exception) -> str:
    if isinstance(error, httpx.ConnectError):
        return f"cannot be reached ({error})" if str(error) else "cannot be reached"
    return "broke the connection"
