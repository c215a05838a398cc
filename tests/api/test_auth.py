"""Who may call chaos and debug endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mdsim.api.guard import Security, is_loopback

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import Ask, MakeApp

GUARDED = "/debug/price-buffers"
TOKEN = "correct horse battery staple"


async def test_without_a_token_the_own_machine_may_look(ask: Ask) -> None:
    """A server on loopback is open to loopback."""
    assert (await ask(GUARDED)).status == 200
    assert (await ask(GUARDED, headers={"Host": "[::1]:8082"}, peer="::1")).status == 200


@pytest.mark.parametrize(
    ("headers", "peer"),
    [
        ({}, "192.0.2.7"),
        ({}, "::ffff:192.0.2.7"),
        ({}, "not an address"),
        ({"Host": "rebound.example:8082"}, "127.0.0.1"),  # a name of a foreign page that points here
        ({"X-Forwarded-For": "192.0.2.7"}, "127.0.0.1"),
    ],
)
async def test_without_a_token_everybody_else_is_refused(
    ask: Ask, headers: dict[str, str], peer: str
) -> None:
    """Another machine, another name or a proxy between: 403 that says how to allow it."""
    answer = await ask(GUARDED, headers=headers, peer=peer)

    assert (answer.status, answer.json()["code"]) == (403, "MD493")
    assert "CHAOS_TOKEN" in str(answer.json()["help"])


async def test_without_a_token_a_public_bind_is_refused_even_from_loopback(
    ask: Ask, make_rest: MakeApp
) -> None:
    """Chaos on another address needs a token; prices do not."""
    app = make_rest(security=Security(bind="0.0.0.0"))

    assert (await ask(GUARDED, app=app)).status == 403
    assert (await ask("/api/v1/symbols", app=app, peer="192.0.2.7")).status == 200


async def test_with_a_token_only_its_bearer_passes(ask: Ask, make_rest: MakeApp) -> None:
    """The token opens from everywhere, and loopback needs it too."""
    app = make_rest(security=Security(token=TOKEN, bind="0.0.0.0"))

    good = await ask(GUARDED, app=app, headers={"Authorization": f"bearer {TOKEN}"}, peer="192.0.2.7")
    assert good.status == 200
    for shown in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer corr\u00e8ct"):
        answer = await ask(GUARDED, app=app, headers={"Authorization": shown})
        assert (answer.status, answer.json()["code"]) == (401, "MD492")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert TOKEN.encode() not in answer.raw


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_foreign_page_is_refused_with_or_without_a_token(
    ask: Ask, make_rest: MakeApp, headers: dict[str, str]
) -> None:
    """A page that its reader opened cannot move the market."""
    with_token = make_rest(security=Security(token=TOKEN))
    for app, more in ((make_rest(), {}), (with_token, {"Authorization": f"Bearer {TOKEN}"})):
        answer = await ask(GUARDED, app=app, headers={**headers, **more})
        assert (answer.status, answer.json()["code"]) == (403, "MD494")


async def test_the_own_origin_and_an_allowed_one_pass(ask: Ask, make_rest: MakeApp) -> None:
    """Same origin always; another when the operator names it, and then its page may read the answer."""
    app = make_rest(security=Security(origins=frozenset({"https://desk.example"})))

    assert (await ask(GUARDED, headers={"Origin": "http://LOCALHOST:8082"})).status == 200
    allowed = await ask(GUARDED, app=app, headers={"Origin": "https://desk.example"})
    assert allowed.status == 200
    assert allowed.headers["access-control-allow-origin"] == "https://desk.example"


async def test_no_foreign_page_may_read_prices_by_default(ask: Ask) -> None:
    """There is no CORS header unless the operator asks for one."""
    answer = await ask("/api/v1/symbols", headers={"Origin": "https://elsewhere.example"})

    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers


async def test_switched_off_guarded_paths_do_not_exist(ask: Ask, make_rest: MakeApp) -> None:
    """404 for every method, absent from the documents, and the reason is told."""
    app = make_rest(security=Security(enabled=False))

    for path, method in ((GUARDED, "GET"), (GUARDED, "OPTIONS"), ("/chaos/price-shock", "POST")):
        answer = await ask(path, method, app=app)
        assert (answer.status, answer.json()["code"]) == (404, "MD491")
    assert GUARDED.encode() not in (await ask("/openapi.json", app=app)).raw
    assert (await ask("/health", app=app)).status == 200


def test_a_token_never_shows_in_a_repr() -> None:
    """Settings get logged; secrets must not."""
    assert TOKEN not in repr(Security(token=TOKEN))


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_loopback_is_told_from_everything_else(host: str, is_own: bool) -> None:
    """Addresses by their meaning, names by the one that is reserved."""
    assert is_loopback(host) is is_own
