"""The words of the HTTP interface: a route, what it is called with, what it answers.

One table of routes makes both the routing and the OpenAPI document, so that neither can promise what
the other does not hold. Nothing here knows the web framework.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

import msgspec

JSON = "application/json"
PROBLEM = "application/problem+json"
EVENTS = "text/event-stream"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

Body: TypeAlias = "msgspec.Struct | bytes | AsyncIterator[bytes]"
"""A struct is written as JSON, bytes as they are, an iterator as a stream without an end in sight."""


class Access(Enum):
    """Who may call a route; the guard holds the rules."""

    OPEN = "open"
    GUARDED = "guarded"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a path, a query or a header.

    Attributes:
        kind: a type that msgspec makes a JSON schema of, such as ``Annotated[int, Meta(ge=1)]``. It
            describes; the handler reads and refuses.
        example: shown in the documents, empty for none.
    """

    name: str
    place: Literal["path", "query", "header"]
    summary: str
    kind: object = str
    required: bool = False
    example: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        path: the path asked for, without its query.
        parts: values of the names in the route's path.
        query: every query parameter with each of its values, in the order sent.
        headers: by lower-case name; of a repeated header the last counts.
        peer: address of the other side, empty when unknown.
        scheme: ``http`` or ``https``.
        read: the whole body; raises ``RequestError`` (413, 408).
    """

    method: str
    path: str
    parts: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    peer: str
    scheme: str
    read: Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        media: content type; only read when ``body`` is no struct, or for a struct of another media type.
    """

    body: Body
    status: int = 200
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Call], Awaitable[Reply]]
Middleware: TypeAlias = Callable[[Call, Handler], Awaitable[Reply]]
"""Stands around every handler; it sees the call, awaits the rest and may look at the reply."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    Attributes:
        path: with names in braces, ``/api/v1/orderbook/{symbol}``.
        name: the operation's unique name in the OpenAPI document, ``getOrderBook``.
        tag: the heading it stands under in the documents.
        answer: struct of the JSON answer, None when ``media`` says all there is to say.
        status: of a call that goes well.
        others: further answers that are no problem document: status -> their struct or None.
        errors: statuses of problem documents beside 500 (and 401, 403 where access is guarded).
        body: struct of the JSON body, None for none; the handler reads it itself.
        body_media: what the body may be; bodies are read whatever their Content-Type says.
        only_listed: a query parameter that is not listed, or is given twice, is refused with 422, so that a
            typo is not ignored.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    handler: Handler
    answer: object | None = None
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    status: int = 200
    media: str = JSON
    others: Mapping[int, object | None] = field(default_factory=dict)
    errors: tuple[int, ...] = ()
    body: object | None = None
    body_media: tuple[str, ...] = (JSON,)
    access: Access = Access.OPEN
    only_listed: bool = True
