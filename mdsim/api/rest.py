"""The HTTP application: a table of routes behind Quart, with one way in and one way out for all of them.

Every call passes, in this order: the middleware, the guard where the route asks for it, the check of its
query, the handler. Every error leaves as a problem document.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

import msgspec
import quart
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from mdsim.api.asks import AskReader
from mdsim.api.bodies import BODY_MOST
from mdsim.api.compression import pack
from mdsim.api.debug import Sources, debug_routes
from mdsim.api.docs_page import docs_route, home_route
from mdsim.api.exchange import Exchange
from mdsim.api.guard import Security, authorize, switched_off
from mdsim.api.health import health_routes
from mdsim.api.market_routes import market_routes
from mdsim.api.openapi import openapi_route
from mdsim.api.problems import RequestError, broken, reply_of
from mdsim.api.queries import check_query
from mdsim.api.routes import Access, Call, Handler, Middleware, Reply, Route
from mdsim.api.subscribe import subscribe_routes
from mdsim.api.tickets import Tickets
from mdsim.core.errors import MdsimError
from mdsim.core.serving import MarketPort, RunsPort
from mdsim.core.spelling import suggest

BODY_SECONDS = 10
"""How long a body may take to arrive; 256 KiB in ten seconds is a slow telephone line."""
RESPONSE_SECONDS = 30
"""How long an answer that is no stream may take to leave."""

_LOG = logging.getLogger("mdsim.api")
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}

OnFailure = Callable[[Call, BaseException], None]


def log_failure(call: Call, error: BaseException) -> None:
    """Write an error that must not happen to the log; the caller is told nothing of it."""
    _LOG.error("%s %s failed", call.method, call.path, exc_info=error)


def make_app(
    market: MarketPort,
    runs: RunsPort | None,
    *,
    asks: AskReader,
    tickets: Tickets,
    metrics: Callable[[], bytes],
    sources: Sources,
    security: Security,
    more: Sequence[Route] = (),
    middleware: Sequence[Middleware] = (),
    compress: bool = True,
    on_failure: OnFailure = log_failure,
) -> QuartTrio:
    """The application that the front door hands every request but WebSocket handshakes.

    Args:
        market: the live market.
        runs: the runs on it, None on a server without chaos.
        asks: reads what a subscription asks for.
        tickets: makes the tickets of ``POST /api/v1/subscribe``.
        metrics: the Prometheus text.
        sources: how the sources do, for ``/debug``.
        security: who may call guarded routes; when it is switched off they do not exist.
        more: further routes, such as those of chaos.
        middleware: stands around every handler, the first outermost (traces, counters).
        compress: gzip for large answers to those who take it (``ENABLE_COMPRESSION``).
        on_failure: told of every error that must not happen.
    """
    routes = [
        *market_routes(market),
        *subscribe_routes(asks, tickets),
        *health_routes(market, metrics),
        *debug_routes(market, runs, sources),
        *more,
    ]
    if not security.enabled:
        routes = [route for route in routes if route.access is Access.OPEN]
    routes.append(openapi_route(routes))
    routes += [docs_route(routes), home_route()]
    return _Desk(security, middleware, compress, on_failure).app(routes)


class _Desk:
    """Turns requests of the framework into calls, and replies into its responses."""

    def __init__(
        self, security: Security, middleware: Sequence[Middleware], compress: bool, on_failure: OnFailure
    ) -> None:
        self._security = security
        self._middleware = tuple(middleware)
        self._compress = compress
        self._on_failure = on_failure
        self._paths: list[str] = []

    def app(self, routes: Sequence[Route]) -> QuartTrio:
        app = QuartTrio("mdsim", static_folder=None)
        app.asgi_http_class = Exchange
        app.config["MAX_CONTENT_LENGTH"] = BODY_MOST
        app.config["BODY_TIMEOUT"] = BODY_SECONDS
        app.config["RESPONSE_TIMEOUT"] = RESPONSE_SECONDS
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.url_map.merge_slashes = False
        app.url_map.redirect_defaults = False
        self._paths = sorted({route.path for route in routes})
        for route in routes:
            rule = route.path.replace("{", "<").replace("}", ">")
            app.add_url_rule(rule, route.name, self._view(route), methods=[route.method])
        app.register_error_handler(HTTPException, self._refused)
        app.register_error_handler(Exception, self._failed)
        return app

    def _view(self, route: Route) -> Callable[..., Awaitable[quart.Response]]:
        handler = self._guarded(route)
        for around in reversed(self._middleware):
            handler = _wrapped(around, handler)

        async def view(**parts: str) -> quart.Response:
            call = _call(parts)
            return await self._respond(call, await handler(call))

        return view

    def _guarded(self, route: Route) -> Handler:
        async def handler(call: Call) -> Reply:
            try:
                if route.access is Access.GUARDED:
                    authorize(call, self._security)
                check_query(call, route)
                return await route.handler(call)
            except MdsimError as error:
                if not isinstance(error, RequestError):
                    reply = reply_of(error, call.path)
                    if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                        self._on_failure(call, error)
                    return reply
                return reply_of(error, call.path)

        return handler

    async def _refused(self, error: HTTPException) -> quart.Response:
        """What the framework refuses before a handler runs, or while a body is read."""
        call = _call({})
        return await self._respond(call, reply_of(self._refusal(call, error), call.path))

    def _refusal(self, call: Call, error: HTTPException) -> RequestError:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        if status == HTTPStatus.NOT_FOUND:
            if not self._security.enabled and call.path.startswith(("/chaos/", "/debug/")):
                return switched_off()
            near = suggest(call.path, self._paths)
            hint = f"did you mean {near}?" if near else "GET /docs shows what there is"
            return RequestError(404, "MD480", "there is nothing at this path", hint=hint)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
            detail = f"{call.method[:16]} is not possible at this path"
            return RequestError(405, "MD481", detail, hint=f"use {allowed}", headers={"Allow": allowed})
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return RequestError(
                413, "MD482", "the body is too large", hint=f"send at most {BODY_MOST // 1024} KiB"
            )
        phrase = HTTPStatus(status).phrase.lower()
        return RequestError(int(status), "MD496", f"the request cannot be read: {phrase}")

    async def _failed(self, error: Exception) -> quart.Response:
        call = _call({})
        self._on_failure(call, error)
        return await self._respond(call, broken(call.path))

    async def _respond(self, call: Call, reply: Reply) -> quart.Response:
        headers = {**_HEADERS, **self._shared(call), **reply.headers}
        if isinstance(reply.body, AsyncIterator):
            response = quart.Response(reply.body, reply.status, headers, content_type=reply.media)
            response.timeout = None  # a stream ends when its source does, not by the clock
            return response
        raw = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        if self._compress:
            raw, headers = pack(raw, headers, reply.media, call.headers.get("accept-encoding", ""))
        return quart.Response(raw, reply.status, headers, content_type=reply.media)

    def _shared(self, call: Call) -> Mapping[str, str]:
        """The header that lets a page of a foreign origin read the answer, when the operator allows it."""
        origin = call.headers.get("origin", "")
        if not self._security.origins:
            return {}
        if origin not in self._security.origins:
            return {"Vary": "Origin"}
        return {"Vary": "Origin", "Access-Control-Allow-Origin": origin}


def _wrapped(around: Middleware, handler: Handler) -> Handler:
    async def wrapped(call: Call) -> Reply:
        return await around(call, handler)

    return wrapped


def _call(parts: Mapping[str, str]) -> Call:
    # A WebSocket handshake at a path that speaks none is refused here too, in a context of its own.
    request = quart.request if quart.has_request_context() else quart.websocket
    return Call(
        method=request.method or "GET",
        path=request.path,
        parts=parts,
        query={name: tuple(request.args.getlist(name)) for name in request.args},
        headers={name.lower(): value for name, value in request.headers.items()},
        peer=request.remote_addr or "",
        scheme=request.scheme,
        read=_read,
    )


async def _read() -> bytes:
    raw = await quart.request.get_data(cache=True, as_text=False)
    assert isinstance(raw, bytes)
    return raw
