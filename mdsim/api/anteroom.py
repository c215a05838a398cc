"""What stands at the port until there are prices: health with the reason, and a plain "not yet" otherwise.

The port is open from the start, so whoever watches over the server sees it starting and why it is not
ready. The sockets are the server's own: it takes them over without closing them, so nobody who comes in
between is refused.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import trio

from mdsim import __version__
from mdsim.api.front_door import DoorLimits, FrontDoor
from mdsim.api.health import Health
from mdsim.api.http import HttpServer
from mdsim.api.market_routes import no_prices
from mdsim.api.problems import reply_of
from mdsim.api.routes import Reply
from mdsim.core.time import format_utc

_LIMITS = DoorLimits(connections=256, drain_s=1.0)

Message = Mapping[str, object]


class _Patient(HttpServer):
    """Every answer ends its connection, so at the end nobody has to be sent away unheard."""

    async def terminate(self) -> None:
        """Let connections end by themselves."""
        await trio.lowlevel.checkpoint()


class Anteroom:
    """Answers in the server's place until ``leave``.

    Attributes:
        addresses: host and port of every listening socket.
    """

    def __init__(
        self, reason: Callable[[], str], clock_ns: Callable[[], int], tls: ssl.SSLContext | None = None
    ) -> None:
        """Nothing is answered yet.

        Args:
            reason: why there are no prices, asked for every answer.
            clock_ns: time of day.
            tls: as the server's.
        """
        self._reason = reason
        self._clock_ns = clock_ns
        self._door = FrontDoor(_Patient(self._app), None, _LIMITS, tls=tls)

    async def serve(
        self,
        listening: Sequence[socket.socket],
        *,
        task_status: trio.TaskStatus[list[tuple[str, int]]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Answer whoever comes, until ``leave``; the sockets stay open."""
        await self._door.serve_on([sock.dup() for sock in listening], task_status=task_status)

    def leave(self) -> None:
        """Accept nobody any more; answers that are on their way still go out."""
        self._door.stop()

    def answer(self, path: str) -> Reply:
        """What a request gets: 503, and why."""
        reason = self._reason()
        if path != "/health":
            return reply_of(no_prices(reason), path)
        now_ns = self._clock_ns()
        return Reply(Health("unavailable", reason, __version__, now_ns, format_utc(now_ns), {}), 503)

    async def _app(
        self,
        scope: Mapping[str, str],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        reply = self.answer(scope["path"])
        body = msgspec.json.encode(reply.body)
        headers = {
            "content-type": reply.media,
            "content-length": f"{len(body)}",
            "cache-control": "no-store",
            "connection": "close",  # the next request is for the server itself
            **reply.headers,
        }
        kind = "websocket.http" if scope["type"] == "websocket" else "http"  # an upgrade is refused likewise
        await send(
            {
                "type": f"{kind}.response.start",
                "status": reply.status,
                "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
            }
        )
        bare = scope.get("method") == "HEAD"
        await send({"type": f"{kind}.response.body", "body": b"" if bare else body})
