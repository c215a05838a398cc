"""The other chaos endpoints, and runs as such, on a real server."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
import trio

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.scenarios.conftest import Client, Server

MINUTE = 60
PLAYBOOK = b"""mdsim: 1
name: mine
params:
  far: {type: change, default: -5%}
phases:
  - name: down
    steps:
      - move: {symbol: ETH-USD, by: $far, over: 30s}
      - pause: look
  - name: up
    steps:
      - restore: {symbol: ETH-USD, over: 30s}
"""
YAML = {"Content-Type": "application/yaml"}
BOMB = b"mdsim: 1\nx-0: &x0 [1, 1]\n" + b"".join(
    b"x-%d: &x%d [*x%d, *x%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 30)
)


async def test_two_prices_of_one_asset_part_and_meet_again(server: Server, client: Client) -> None:
    """The perpetual leaves its base by the basis points asked for; the base does not move."""
    body = {
        "base_symbol": "BTC-USD",
        "target_symbol": "BTC-USD-PERP",
        "max_spread_bps": -80,
        "buildup_hours": 0.05,
        "sustain_hours": 0.05,
        "recovery_hours": 0.05,
    }
    run = await client.post("/chaos/gradual-divergence", body)
    assert run["symbols"] == ["BTC-USD-PERP"]
    await server.go(4 * MINUTE)
    assert server.deviation("BTC-USD-PERP") == pytest.approx(-0.008, abs=1e-5)
    assert server.deviation("BTC-USD") == 0
    await server.go(5 * MINUTE + 3)
    assert server.deviation("BTC-USD-PERP") == 0


async def test_volatility_and_correlation_act_on_the_feeds_own_movement(
    server: Server, client: Client
) -> None:
    """On a market that stands still they have nothing to act on, and are in force all the same."""
    spike = await client.post(
        "/chaos/volatility-spike", {"symbol": "BTC-USD", "volatility_multiplier": 4, "duration_hours": 0.02}
    )
    apart = await client.post(
        "/chaos/correlation-break",
        {"symbols": ["BTC-USD", "ETH-USD"], "target_correlation": 0, "duration_seconds": 60},
    )
    await server.go(10)
    assert server.runs.get(str(spike["scenario_id"])).effects == (
        "market BTC-USD: volatility 4x, keep trend, random-walk",
    )
    assert server.runs.get(str(apart["scenario_id"])).effects == ("correlate BTC-USD, ETH-USD to 0",)
    await server.go(80)
    assert {info.verdict for info in server.runs.all()} == {"passed"}


async def test_a_market_without_sources_has_none_to_disturb(client: Client) -> None:
    """Said plainly, after the body is checked."""
    told = await client.post("/chaos/feed-disruption", {"source": "binance", "mode": "outage"}, 422)
    assert told["code"] == "MD377"
    told = await client.post("/chaos/feed-disruption", {"mode": "outage"}, 422)
    assert told["code"] == "MD371"


async def test_a_whole_playbook_runs_pauses_and_goes_on(server: Server, client: Client) -> None:
    """Sent as YAML; its own `pause` waits for somebody, and so does the endpoint."""
    run = await client.post("/chaos/playbooks", content=PLAYBOOK, headers=YAML)
    path = f"/chaos/scenarios/{run['scenario_id']}"
    await server.go(2 * MINUTE)
    told = await client.get(path)
    assert (told["state"], told["phase"], told["at_ns"]) == ("paused", "down", 30 * 10**9)
    assert server.deviation("ETH-USD") == pytest.approx(-0.05, abs=1e-5)

    assert (await client.post(f"{path}/resume", status=200))["state"] == "running"
    await server.go(10)
    assert (await client.post(f"{path}/pause", status=200))["state"] == "paused"
    held = server.deviation("ETH-USD")
    await server.go(MINUTE)
    assert server.deviation("ETH-USD") == pytest.approx(held, abs=1e-9)
    await client.post(f"{path}/resume", status=200)
    await server.go(30)
    assert (await client.get(path))["verdict"] == "passed"
    told = await client.post(f"{path}/pause", status=409)
    assert told["code"] == "MD354"


@pytest.mark.parametrize(
    "body",
    [
        {"playbook": PLAYBOOK.decode(), "params": {"far": "-4%"}, "seed": 7, "speed": 10},
        {
            "playbook": {
                "mdsim": 1,
                "params": {"far": {"type": "change", "default": "-9%"}},
                "steps": [{"move": {"symbol": "ETH-USD", "by": "$far", "over": "3s"}}, {"wait": "1m"}],
            },
            "params": {"far": "-4%"},
        },
    ],
    ids=["text", "object"],
)
async def test_a_playbook_in_json_takes_parameters(server: Server, client: Client, body: object) -> None:
    """As a text or as an object; at ten times the pace thirty seconds are three."""
    await client.post("/chaos/playbooks", body)
    await server.go(4)
    assert server.deviation("ETH-USD") == pytest.approx(-0.04, abs=1e-5)


async def test_a_playbook_that_is_json_itself_runs(server: Server, client: Client) -> None:
    """Recognised by its first key."""
    run = await client.post("/chaos/playbooks", {"mdsim": 1, "name": "bare", "steps": [{"mark": "here"}]})
    assert run["playbook"] == "bare"


async def test_a_library_playbook_runs_by_name(server: Server, client: Client) -> None:
    """What travels with mdsim can be named; a file of the machine cannot."""
    run = await client.post(
        "/chaos/playbooks", {"library": "chaos/price-shock", "params": {"shock": "-3%", "symbol": "ETH-USD"}}
    )
    assert run["playbook"] == "price-shock"
    for name in ("/etc/passwd", "../pyproject.toml", "nothing.yaml"):
        assert (await client.post("/chaos/playbooks", {"library": name}, 404))["code"] == "MD356"


async def test_a_plan_alone_starts_nothing(server: Server, client: Client) -> None:
    """`?plan=true` answers 200 with the plan and its end."""
    told = await client.post("/chaos/playbooks?plan=true", content=PLAYBOOK, headers=YAML, status=200)
    assert told["scenario_id"] == ""
    assert isinstance(told["plan"], dict)
    assert server.runs.all() == ()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "MD489"),
        (b"{", 400, "MD489"),
        (b"\xff\xfe", 400, "MD489"),
        (b'{"playbook": {"mdsim": 1, "name": "\xff"}}', 400, "MD489"),
        (b'{"library": "crash.yaml", "params": {"drop": "\xff"}}', 400, "MD489"),
        (b'{"playbook": "mdsim: 1", "library": "crash.yaml"}', 422, "MD371"),
        (b'{"playbok": "mdsim: 1"}', 422, "MD370"),
        (b'{"library": "crash.yaml", "speed": 0}', 422, "MD372"),
        (b'{"library": "crash.yaml", "seed": -1}', 422, "MD372"),
        (b'{"library": "crash.yaml", "params": {"drop": []}}', 422, "MD066"),
        (b'{"library": "crash.yaml", "params": {"drop": {"a": 1}}}', 422, "MD372"),
        (b'{"library": "crash.yaml", "params": {"dorp": "-5%"}}', 422, "MD066"),
        (b"mdsim: 1\nsteps: [{mvoe: {symbol: BTC-USD}}]", 422, "MD012"),
        (BOMB, 422, "MD011"),
        (b"[" * 50_000, 422, "MD013"),
        (b"mdsim: 1\nprobes: {x: {command: rm}}\nsteps: [{mark: a}]", 422, "MD056"),
    ],
)
async def test_a_playbook_that_cannot_run_is_refused(
    server: Server, client: Client, body: bytes, status: int, code: str
) -> None:
    """With a code, every problem and its place, and nothing left behind."""
    told = await client.post("/chaos/playbooks", content=body, status=status)
    assert told["code"] == code
    assert server.runs.all() == ()


async def test_problems_of_a_playbook_have_their_places(client: Client) -> None:
    """All at once, with line and column."""
    body = b"mdsim: 1\nsteps:\n  - mvoe: {symbol: BTC-USD, by: -5%}\n  - wait: 90\n"
    told = await client.post("/chaos/playbooks", content=body, headers=YAML, status=422)
    assert isinstance(told["errors"], list)
    assert [(one["code"], one["line"]) for one in told["errors"]] == [("MD012", 3), ("MD021", 4)]


async def test_stop_all_is_idempotent(server: Server, client: Client) -> None:
    """What was stopped is listed; then there is nothing."""
    for symbol in ("BTC-USD", "ETH-USD"):
        await client.post("/chaos/price-shock", {"symbol": symbol, "shock_percentage": -5})
    await server.go(3)
    stopped = await client.delete("/chaos/stop-all")
    assert isinstance(stopped["scenarios"], list)
    assert [one["state"] for one in stopped["scenarios"]] == ["ended", "ended"]
    assert server.deviation("BTC-USD") == 0
    assert await client.delete("/chaos/stop-all") == {"scenarios": []}


async def test_a_live_follower_hears_what_happens_as_it_happens(server: Server, client: Client) -> None:
    """Events come while the run goes on, and the stream ends with it; then a browser is told to rest."""
    run = await client.post("/chaos/price-shock", {"symbol": "BTC-USD", "shock_percentage": -5})
    path = f"/chaos/scenarios/{run['scenario_id']}/events"
    heard: list[str] = []
    begun = trio.Event()

    async def listen() -> None:
        async with client.http.stream("GET", path) as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    heard.append(line[7:])
                    begun.set()

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await begun.wait()
            assert "run_ended" not in heard
            await server.go(400)
    assert (heard[0], heard[-1]) == ("run_started", "run_ended")
    rest = await client.http.get(path, headers={"Last-Event-ID": str(len(heard))})
    assert rest.status_code == 204
    assert (await client.http.get(path + "?after=x")).status_code == 422
    assert server.runs.followers == 0


async def test_a_follower_who_goes_away_is_forgotten(server: Server, client: Client) -> None:
    """Nothing is kept for one who has hung up."""
    run = await client.post("/chaos/price-shock", {"symbol": "BTC-USD", "shock_percentage": -5})
    async with await trio.open_tcp_stream("127.0.0.1", int(server.url.rpartition(":")[2])) as stream:
        path = f"/chaos/scenarios/{run['scenario_id']}/events"
        await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        heard = b""
        while b"run_started" not in heard:
            heard += await stream.receive_some()
        assert server.runs.followers == 1
    with trio.fail_after(5):
        while server.runs.followers:  # noqa: ASYNC110 the socket tells nobody of it
            await trio.sleep(0.01)


async def test_an_unknown_scenario_is_not_found(client: Client) -> None:
    """Whatever is asked of it."""
    for path in ("/chaos/scenarios/run-0", "/chaos/scenarios/run-0/events"):
        assert (await client.get(path, 404))["code"] == "MD350"
    assert (await client.post("/chaos/scenarios/run-0/pause", status=404))["code"] == "MD350"
    assert (await client.delete("/chaos/stop-scenario/run-0", 404))["code"] == "MD350"


async def test_a_page_of_another_origin_is_refused(server: Server, client: Client) -> None:
    """A web page cannot move the market of whoever opens it."""
    body = b'{"symbol": "BTC-USD", "shock_percentage": -5}'
    told = await client.post(
        "/chaos/price-shock", content=body, headers={"Origin": "https://evil.example"}, status=403
    )
    assert told["code"] == "MD494"
    assert server.runs.all() == ()


async def test_the_market_goes_on_whatever_is_asked(server: Server, client: Client) -> None:
    """No call of these made a price that is none."""
    await client.post("/chaos/market-crash", {"crash_percentage": 20, "crash_duration_minutes": 0.001})
    await server.go(30)
    assert all(math.isfinite(level) for level in server.engine.feed.log_prices)
    assert all(step > 0 for step in server.engine.market.mids)
