"""The OpenAPI document and the page say what the server does, no more and no less."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import msgspec
import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import Ask, MakeApp

METHODS = ("get", "post", "put", "patch", "delete")
CONTRACT = {
    "GET /api/v1/prices/{symbol}/current",
    "GET /api/v1/prices/{symbol}/history",
    "GET /api/v1/orderbook/{symbol}",
    "GET /api/v1/stats/{symbol}/24h",
    "GET /api/v1/correlations",
    "GET /api/v1/symbols",
    "GET /api/v1/subscribe",
    "POST /api/v1/subscribe",
    "GET /openapi.json",
    "GET /health",
    "GET /metrics",
    "GET /problems/{code}",
    "GET /debug/data-sources/status",
    "GET /debug/price-buffers",
    "GET /debug/scenario-timeline",
    "GET /debug/correlation-matrix",
}
ANSWERED = (
    "/api/v1/prices/BTC-USD/current",
    "/api/v1/prices/BTC-USD/history?limit=3",
    "/api/v1/prices/BTC-USD/history?limit=3&interval=tick",
    "/api/v1/prices/BTC-USD/history?interval=2m",
    "/api/v1/prices/BTC/current",
    "/api/v1/orderbook/BTC-USD",
    "/api/v1/stats/BTC-USD/24h",
    "/api/v1/correlations",
    "/api/v1/symbols",
    "/api/v1/subscribe",
    "/health",
    "/problems/MD484",
    "/debug/data-sources/status",
    "/debug/price-buffers",
    "/debug/scenario-timeline",
    "/debug/correlation-matrix",
)


class Document(msgspec.Struct):
    """As much of an OpenAPI document as the tests look at."""

    openapi: str
    paths: dict[str, dict[str, Operation]]
    components: Components


class Components(msgspec.Struct):
    schemas: dict[str, dict[str, object]]


class Media(msgspec.Struct):
    schema: dict[str, object]


class Response(msgspec.Struct):
    description: str
    content: dict[str, Media] = {}


class Operation(msgspec.Struct):
    operationId: str  # noqa: N815 the word of OpenAPI
    summary: str
    responses: dict[str, Response]
    security: list[dict[str, list[str]]] = []


async def document(ask: Ask) -> Document:
    """The document that the server gives."""
    return msgspec.json.decode((await ask("/openapi.json")).raw, type=Document)


async def test_every_endpoint_of_the_contract_is_described(ask: Ask) -> None:
    """Each has its operation, a name of its own and a summary, and nothing else is described."""
    found = await document(ask)

    operations = {
        f"{method.upper()} {path}": told
        for path, methods in found.paths.items()
        for method, told in methods.items()
    }
    assert found.openapi == "3.1.0"
    assert set(operations) == CONTRACT
    assert len({told.operationId for told in operations.values()}) == len(operations)
    assert all(told.summary for told in operations.values())


async def test_guarded_endpoints_say_that_they_take_a_token(ask: Ask) -> None:
    """Debug has a security requirement and 401 and 403; prices have none."""
    for path, methods in (await document(ask)).paths.items():
        guarded = path.startswith("/debug/")
        assert bool(methods["get"].security if "get" in methods else []) is guarded
        assert guarded is all({"401", "403"} <= set(told.responses) for told in methods.values())


@pytest.mark.parametrize("path", ANSWERED)
async def test_what_is_answered_fits_its_schema(ask: Ask, path: str) -> None:
    """Status, content type and body are those that the document promises."""
    raw = (await ask("/openapi.json")).raw
    whole = msgspec.json.decode(raw)
    answer = await ask(path)
    for template, methods in (await document(ask)).paths.items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path.partition("?")[0]):
            media = methods["get"].responses[str(answer.status)].content[answer.headers["content-type"]]
            schema = {**media.schema, "components": whole["components"]}
            Draft202012Validator(schema).validate(answer.json())
            return
    raise AssertionError(f"{path} is not described")


async def test_schemas_are_sound(ask: Ask) -> None:
    """Every component is a JSON schema by the dialect that the document names."""
    for schema in (await document(ask)).components.schemas.values():
        Draft202012Validator.check_schema(schema)


class Outside(HTMLParser):
    """Collects whatever a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img", "iframe", "object"):
            self.found.append(tag)
        self.found += [f"{tag} {value}" for name, value in attrs if name == "src" and value]


async def test_the_page_shows_every_path_and_loads_nothing(ask: Ask, make_rest: MakeApp) -> None:
    """No script, no picture, no font: it reads the same without a network."""
    app = make_rest()
    answer = await ask("/docs", app=app)
    text = answer.raw.decode()
    outside = Outside()
    outside.feed(text)

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert outside.found == []
    assert "url(" not in text
    assert "@import" not in text
    assert all(line.split(" ", 1)[1] in text for line in CONTRACT)
    assert "curl &#x27;http://localhost:8082/api/v1/prices/BTC-USD/current&#x27;" in text
