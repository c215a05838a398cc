"""The OpenAPI 3.1 document of a table of routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TypeAlias

import msgspec

from mdsim import __version__
from mdsim.api.problems import ProblemDocument
from mdsim.api.routes import EVENTS, JSON, PROBLEM, Access, Call, Parameter, Reply, Route

Document: TypeAlias = "dict[str, Node]"
Node: TypeAlias = "str | int | float | bool | list[Node] | dict[str, Node] | None"

_REF = "#/components/schemas/{name}"
_TITLES = {
    "market": "Prices, books and statistics for trading and risk systems.",
    "stream": "The WebSocket stream.",
    "chaos": "Playbooks that act on the market.",
    "debug": "A look inside the server.",
    "operation": "Health, metrics and documents.",
}


def openapi_route(routes: Sequence[Route]) -> Route:
    """``GET /openapi.json`` for these routes and itself; the document is made once."""

    async def answer(_call: Call) -> Reply:
        return Reply(text, media=JSON)

    own = Route(
        "GET",
        "/openapi.json",
        "getOpenApi",
        "This document",
        "operation",
        answer,
        dict,
        errors=(),
        only_listed=False,
    )
    text = msgspec.json.format(msgspec.json.encode(document([*routes, own])), indent=1)
    return own


def document(routes: Sequence[Route]) -> Document:
    """The OpenAPI document: paths in the order of the table, schemas of every struct they name."""
    kinds = list(_kinds(routes))
    found, components = msgspec.json.schema_components([kind for _, kind in kinds], ref_template=_REF)
    # A kind may be unhashable or equal to another one (`int` in Annotated): they are told apart by identity.
    schemas = {id(kind): schema for (_, kind), schema in zip(kinds, found, strict=True)}
    paths: dict[str, dict[str, Node]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    tags = {route.tag: None for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mdsim",
            "version": __version__,
            "summary": "A market data simulator that plays crises on a live price stream",
            "description": "Prices and sizes are decimal text. Times are integer nanoseconds UTC, with "
            "RFC 3339 text beside them. Every error is a problem document (RFC 9457) with a stable `code`.",
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "tags": [{"name": tag, "description": _TITLES.get(tag, "")} for tag in tags],
        "paths": {path: dict(operations) for path, operations in paths.items()},
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The server's CHAOS_TOKEN. Without one, callers on the server's own "
                    "machine need none and others are refused.",
                }
            },
        },
    }


def _kinds(routes: Iterable[Route]) -> Iterable[tuple[str, object]]:
    yield "problem", ProblemDocument
    for route in routes:
        yield from ((parameter.name, parameter.kind) for parameter in route.parameters)
        for kind in (route.answer, route.body, *route.others.values()):
            if kind is not None:
                yield route.name, kind


def _operation(route: Route, schemas: Mapping[int, Node]) -> Node:
    operation: Document = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
    }
    if route.description:
        operation["description"] = route.description
    if route.parameters:
        operation["parameters"] = [_parameter(parameter, schemas) for parameter in route.parameters]
    if route.body is not None:
        shape = schemas[id(route.body)]
        operation["requestBody"] = {
            "required": True,
            "content": {
                media: {"schema": shape if media == JSON else {"type": "string"}}
                for media in route.body_media
            },
        }
    operation["responses"] = _responses(route, schemas)
    if route.access is Access.GUARDED:
        operation["security"] = [{"token": []}, {}]
    return operation


def _parameter(parameter: Parameter, schemas: Mapping[int, Node]) -> Node:
    written: Document = {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.summary,
        "required": parameter.required or parameter.place == "path",
        "schema": schemas[id(parameter.kind)],
    }
    if parameter.example:
        written["example"] = parameter.example
    return written


def _responses(route: Route, schemas: Mapping[int, Node]) -> Node:
    answers: dict[int, Node] = {}
    for status, kind in ((route.status, route.answer), *route.others.items()):
        answer: Document = {"description": HTTPStatus(status).phrase}
        if kind is not None:
            answer["content"] = {JSON: {"schema": schemas[id(kind)]}}
        elif status == route.status and status >= HTTPStatus.OK and route.media != JSON:
            # Events have no schema: OpenAPI 3.1 cannot say whether it would be of the stream or of one event.
            shape: Document = {} if route.media == EVENTS else {"schema": {"type": "string"}}
            answer["content"] = {route.media.partition(";")[0]: shape}
        answers[status] = answer
    guarded = (401, 403) if route.access is Access.GUARDED else ()
    refusal: Node = {PROBLEM: {"schema": {"$ref": _REF.format(name=ProblemDocument.__name__)}}}
    listed = (422,) if route.only_listed else ()
    for status in (*route.errors, *guarded, *listed, 500):
        answers.setdefault(status, {"description": HTTPStatus(status).phrase, "content": refusal})
    return {str(status): answers[status] for status in sorted(answers)}
