"""A page to read the HTTP interface: made from the route table, without a script or anything from outside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from http import HTTPStatus

import msgspec

from mdsim import __version__
from mdsim.api.docs_bodies import Key, body_example, body_keys
from mdsim.api.routes import HTML, Access, Call, Parameter, Reply, Route

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--get:#2a7a4b;--post:#2563a8;--delete:#b3261e}
body{font:15px/1.5 system-ui,sans-serif;max-width:58rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
section{margin:1.25rem 0;padding:.75rem 1rem;border:1px solid var(--line);border-radius:6px}
h3{font:600 15px/1.5 ui-monospace,monospace;margin:0;overflow-wrap:anywhere}
p,td{overflow-wrap:break-word}
h3 b{display:inline-block;min-width:4.5rem}
.GET{color:var(--get)}.POST{color:var(--post)}.DELETE{color:var(--delete)}
table{border-collapse:collapse;width:100%;font-size:14px}
td{border-top:1px solid var(--line);padding:.25rem .5rem .25rem 0;
vertical-align:top}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:var(--soft);padding:.5rem;overflow-x:auto}
small{opacity:.75}
nav ul{columns:17rem;padding:0;list-style:none;font-size:14px}nav li{overflow-wrap:anywhere}
nav a{text-decoration:none}
"""
_HERE = "http://127.0.0.1:8082"
_HERE_WS = "ws://127.0.0.1:8082"
_ROOT = re.compile(r"https?://[A-Za-z0-9._-]+(:[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


def home_route() -> Route:
    """``GET /``: whoever opens the server's address in a browser lands on the page."""

    async def answer(_call: Call) -> Reply:
        return Reply(b"", status=307, media=HTML, headers={"Location": "/docs"})

    return Route(
        "GET",
        "/",
        "getHome",
        "The page to read",
        "operation",
        answer,
        status=307,
        media=HTML,
        only_listed=False,
    )


def docs_route(routes: Sequence[Route]) -> Route:
    """``GET /docs`` for these routes; the page is made once, and names the address it was asked at."""
    text = page(routes)

    async def answer(call: Call) -> Reply:
        root = escape(_address(call))
        shown = text.replace(_HERE, root).replace(_HERE_WS, root.replace("http", "ws", 1))
        return Reply(shown.encode(), media=HTML, headers={"Content-Security-Policy": _POLICY})

    return Route(
        "GET", "/docs", "getDocs", "A page to read", "operation", answer, media=HTML, only_listed=False
    )


def _address(call: Call) -> str:
    """Where the caller found the server: what is no plain host and port is not repeated to it."""
    root = f"{call.scheme}://{call.headers.get('host', '')}"
    return root if _ROOT.fullmatch(root) else _HERE


def page(routes: Sequence[Route]) -> str:
    """The whole page as HTML."""
    tags = {route.tag: None for route in routes}
    body = "".join(
        f'<h2 id="{escape(tag)}">{escape(tag.capitalize())}</h2>'
        + "".join(_section(route) for route in routes if route.tag == tag)
        for tag in tags
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>mdsim: HTTP interface</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>mdsim {escape(__version__)}: HTTP interface</h1><p>Prices and sizes are decimal "
        "text, times integer nanoseconds UTC with RFC 3339 text beside them. Errors are problem "
        "documents (RFC 9457) with a stable <code>code</code>. Every field stands in the "
        '<a href="/openapi.json">OpenAPI document</a>.</p><p>What is <small>(guarded)</small> wants '
        "<code>Authorization: Bearer …</code> where the server has a token; without one it answers "
        "callers on its own machine alone. Bodies are JSON whatever the Content-Type says. gRPC has a port "
        "of its own and answers reflection.</p>"
        f"<nav>{_contents(routes)}</nav>{body}</main></body></html>\n"
    )


def _contents(routes: Sequence[Route]) -> str:
    items = "".join(
        f'<li><a href="#{escape(route.name)}"><code>{route.method} {escape(route.path)}</code></a></li>'
        for route in routes
    )
    return f"<ul>{items}</ul>"


def _section(route: Route) -> str:
    guarded = " <small>(guarded)</small>" if route.access is Access.GUARDED else ""
    rows = "".join(_row(parameter) for parameter in route.parameters)
    table = f"<table>{rows}</table>" if rows else ""
    fields = f"<p>Body:</p>{_body(route.body)}" if route.body is not None else ""
    answer = f"<br>{_fields(route.answer)}" if route.answer is not None else ""
    refusals = ", ".join(str(status) for status in sorted({*route.others, *route.errors}))
    also = f"; {refusals}" if refusals else ""
    return (
        f'<section id="{escape(route.name)}"><h3><b class="{route.method}">{route.method}</b>'
        f"{escape(route.path)}</h3><p>{_prose(route.summary)}{guarded}. {_prose(route.description)}</p>"
        f'{table}{fields}<pre tabindex="0">{escape(_line(route))}</pre>'
        f"<p><small>Answers {route.status}{also}{answer}</small></p></section>"
    )


def _body(shape: object) -> str:
    rows = "".join(
        f"<tr><td>{_name(key.name)}</td>"
        f"<td><small>{_default(key)}</small></td>"
        f"<td>{escape(key.takes)}{'. ' if key.about else ''}{_prose(key.about)}</td></tr>"
        for key in body_keys(shape)
    )
    return f"<table>{rows}</table>"


def _default(key: Key) -> str:
    if key.default is None:
        return "required"
    return f"else {escape(key.default)}" if key.default else "optional"


def _row(parameter: Parameter) -> str:
    return (
        f"<tr><td>{_name(parameter.name)}</td><td><small>{parameter.place}</small></td>"
        f"<td>{_prose(parameter.summary)}</td></tr>"
    )


def _name(text: str) -> str:
    """A name as code that a narrow screen may break, and that is copied whole."""
    return f"<code>{escape(text).replace('_', '_<wbr>')}</code>"


def _prose(text: str) -> str:
    """Text whose `back ticks` become code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if at % 2 else part for at, part in enumerate(parts))


def _fields(shape: object) -> str:
    names: Iterable[str] = ()
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        names = shape.__struct_fields__
    return " ".join(f"<code>{escape(name)}</code>" for name in names)


def _line(route: Route) -> str:
    """What to type for this route: curl, or a client of WebSocket."""
    path = route.path
    query = []
    for parameter in route.parameters:
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", parameter.example or parameter.name.upper())
        elif parameter.example and parameter.place == "query":
            query.append(f"{parameter.name}={parameter.example}")
    address = f"'{_HERE}{path}{'?' if query else ''}{'&'.join(query)}'"
    if route.status == HTTPStatus.SWITCHING_PROTOCOLS:
        return f"python -m websockets {address.replace(_HERE, _HERE_WS)}"
    method = "" if route.method == "GET" else f"-X {route.method} "
    body = f" -d '{body_example(route.body)}'" if route.body is not None else ""
    return f"curl {method}{address}{body}"
