"""One HTTP request and its answer, so that the connection is sound afterwards.

Three things that the framework leaves open, each seen on a real socket:

- An answer that was sent before the body had arrived leaves the rest of the body on the connection. The
  server then closes it, and a close with unread bytes can take the answer along. So the body is awaited
  first, for a bounded time; what is too large is thrown away as it comes.
- The server closes a connection from inside the answer's last send, and tells the application of it, which
  cancels that very send: the connection stays open for good. So the send is shielded, up to its timeout.
- A target without any path, as `GET ?x`, breaks it before a request is made. So it is asked for the root.
"""

from __future__ import annotations

import trio
from hypercorn.typing import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable
from quart.wrappers import Request, Response
from quart_trio.asgi import TrioASGIHTTPConnection

DRAIN_SECONDS = 2.0
"""How long an answer that does not need the body waits for the rest of it."""


class Exchange(TrioASGIHTTPConnection):
    """A request whose answer never leaves its connection half open."""

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request."""
        self.scope["path"] = self.scope["path"] or "/"
        self._arrived = trio.Event()

        async def watched() -> ASGIReceiveEvent:
            message = await receive()
            if message["type"] != "http.request" or not message.get("more_body", False):
                self._arrived.set()
            return message

        await super().__call__(watched, send)

    async def handle_request(  # type: ignore[override]  # as its parent does
        self, nursery: trio.Nursery, request: Request, send: ASGISendCallable
    ) -> None:
        """Make the answer, await the body, send."""
        response = await self.app.handle_request(request)
        with trio.move_on_after(DRAIN_SECONDS):
            await self._arrived.wait()
        timeout_s = self.app.config["RESPONSE_TIMEOUT"]
        if isinstance(response, Response) and response.timeout is not Ellipsis:
            timeout_s = response.timeout
        # A stream without a timeout must end when its reader goes.
        scope = trio.CancelScope(shield=timeout_s is not None)
        if timeout_s is not None:
            scope.deadline = trio.current_time() + timeout_s
        with scope:
            await self._send_response(send, response)
        nursery.cancel_scope.cancel()
