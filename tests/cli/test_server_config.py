"""Keys of the configuration, each by what a whole server serves because of it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import grpc
import httpx
import msgspec
import pytest
import trio
import trio_websocket

from mdsim._proto.v1 import price_feed_pb2

if TYPE_CHECKING:
    from mdsim.cli.server import Server

    Serving = Callable[..., AbstractAsyncContextManager[Server]]


def place(server: Server) -> str:
    """Where it listens."""
    return f"127.0.0.1:{server.door.addresses[0][1]}"


async def get(server: Server, path: str) -> Any:
    """A JSON answer."""
    async with httpx.AsyncClient(base_url=f"http://{place(server)}", trust_env=False) as http:
        return (await http.get(path)).json()


async def post(server: Server, path: str, body: object) -> Any:
    """The same, of what was sent."""
    async with httpx.AsyncClient(base_url=f"http://{place(server)}", trust_env=False) as http:
        return (await http.post(path, json=body)).json()


async def asked(server: Server, channels: list[str], symbols: list[str], count: int = 0) -> list[Any]:
    """The answer to a subscription, and as many messages as wanted."""
    url = f"ws://{place(server)}/api/v1/subscribe"
    async with trio_websocket.open_websocket_url(url) as socket:
        await socket.send_message(
            msgspec.json.encode(
                {"op": "subscribe", "id": 1, "channels": channels, "symbols": symbols}
            ).decode()
        )
        return [msgspec.json.decode(await socket.get_message()) for _ in range(1 + count)]


async def test_decimals_and_base_spread_shape_the_quotes(serving: Serving) -> None:
    """One decimal of a price, and forty basis points between bid and ask."""
    spread = "spread: {base_spread_bps: 40, volatility_factor: 0, liquidity_factor: 0, time_of_day_factor: 0}"
    config = f"market_data: {{supported_symbols: [{{symbol: BTC-USD, decimals: 1, {spread}}}]}}"
    async with serving(config) as server:
        price = await get(server, "/api/v1/prices/BTC-USD/current")
    bid, ask = Decimal(price["bid"]), Decimal(price["ask"])
    assert Decimal(price["price"]).as_tuple().exponent == -1
    assert 39 < (ask - bid) / Decimal(price["price"]) * 10_000 < 41


async def test_ticks_come_at_the_frequency_of_the_file_without_volume(serving: Serving) -> None:
    """A reader who asks for no interval gets that one; trades and books keep their own pace."""
    config = "publication_config: {tick_data: {frequency: 50ms, include_volume: false}}"
    async with serving(config) as server:
        ack, *ticks = await asked(server, ["tick"], ["BTC-USD"], count=4)
        other, *_ = await asked(server, ["trades"], ["BTC-USD"])
    assert ack["subscriptions"][0]["interval"] == "50ms"
    assert other["subscriptions"][0]["interval"] == "0"
    assert all("volume" not in tick for tick in ticks)
    slots = [tick["ts_publish_ns"] // 50_000_000 for tick in ticks[1:]]
    assert len(set(slots)) == len(slots), "two ticks within one interval"


def streamed(
    address: str, symbols: list[str], updates: int, **fields: Any
) -> list[price_feed_pb2.PriceUpdate]:
    """The first updates of a gRPC price stream."""
    with grpc.insecure_channel(address) as channel:
        ask = channel.unary_stream(
            "/mdsim.v1.PriceFeedService/SubscribePrices",
            request_serializer=price_feed_pb2.SubscribeRequest.SerializeToString,
            response_deserializer=price_feed_pb2.PriceUpdate.FromString,
        )
        call = ask(price_feed_pb2.SubscribeRequest(symbols=symbols, **fields), timeout=20)
        found = [update for _, update in zip(range(updates), call, strict=False)]
        call.cancel()  # type: ignore[no-untyped-call]  # grpc has no types
    return found


async def test_grpc_keeps_batches_pace_and_volume_of_the_file(serving: Serving) -> None:
    """At most three ticks an update, one update an interval, no volume; a reader may ask for its own pace."""
    config = """\
    publication: {batch_size: 3}
    publication_config: {tick_data: {frequency: 50ms, include_volume: false}}
    """
    async with serving(config) as server:
        ask = partial(streamed, f"127.0.0.1:{server.grpc.port}", ["*"], 9)
        snapshot, *updates = await trio.to_thread.run_sync(ask)
        _, *quick = await trio.to_thread.run_sync(partial(ask, interval_ns=1))
    assert len(snapshot.ticks) == 10
    assert max(len(update.ticks) for update in updates) == 3
    assert not any(tick.volume for update in (snapshot, *updates) for tick in update.ticks)
    with_btc = [update for update in updates if any(tick.symbol == "BTC-USD" for tick in update.ticks)]
    slots = [update.ts_publish_ns // 50_000_000 for update in with_btc]
    assert len(slots) > 1
    assert len(set(slots)) == len(slots), "two updates within one interval"
    quick_seqs = [tick.seq for update in quick for tick in update.ticks if tick.symbol == "BTC-USD"]
    assert 1 in [later - sooner for sooner, later in pairwise(quick_seqs)]


async def test_grpc_refuses_instruments_without_ticks(serving: Serving) -> None:
    """By name; in ``*`` they are left out."""
    async with serving("publication_config: {tick_data: {symbols: [ETH-USD]}}") as server:
        ask = partial(streamed, f"127.0.0.1:{server.grpc.port}")
        (all_,) = await trio.to_thread.run_sync(ask, ["*"], 1)
        with pytest.raises(grpc.RpcError, match="BTC-USD has no ticks on this server"):
            await trio.to_thread.run_sync(ask, ["BTC-USD"], 1)
    assert [tick.symbol for tick in all_.ticks] == ["ETH-USD"]


async def test_ticks_carry_volume_unless_they_are_told_not_to(serving: Serving) -> None:
    """The default, beside the test above."""
    async with serving() as server:
        _, tick = await asked(server, ["tick"], ["BTC-USD"], count=1)
    assert "volume" in tick


async def test_only_listed_instruments_have_ticks(serving: Serving) -> None:
    """Others are refused by name where they are named, and left out of ``*``."""
    async with serving("publication_config: {tick_data: {symbols: [ETH-USD]}}") as server:
        (refused,) = await asked(server, ["tick"], ["ETH-USD", "BTC-USD"])
        (everyone,) = await asked(server, ["tick", "trades"], ["*"])
        (books,) = await asked(server, ["depth"], ["BTC-USD"])
    assert (refused["type"], refused["code"], refused["field"]) == ("error", "MD580", "symbols[1]")
    ticking = [one["symbol"] for one in everyone["subscriptions"] if one["channel"] == "tick"]
    assert ticking == ["ETH-USD"]
    assert "BTC-USD" in [one["symbol"] for one in everyone["subscriptions"]]
    assert books["type"] == "ack"


async def test_a_symbol_that_does_not_exist_is_not_said_to_lack_ticks(serving: Serving) -> None:
    """One mistake, one error: no configuration of the operator would help who misspelt a name."""
    async with serving() as server:
        (refused,) = await asked(server, ["tick"], ["BTCUSD"])
    assert [(flaw["field"], flaw["code"]) for flaw in refused["errors"]] == [("symbols[0]", "MD405")]


async def test_an_instrument_that_is_off_is_told_apart_from_a_misspelt_one(serving: Serving) -> None:
    """UST-USD of the crises is known: who asks for it learns how it gets switched on, and of no USDT-USD."""
    async with serving() as server:
        (streamed_,) = await asked(server, ["tick"], ["UST-USD"])
        priced = await get(server, "/api/v1/prices/UST-USD/current")
        shocked = await post(server, "/chaos/price-shock", {"symbol": "UST-USD", "shock_percentage": -5})
        steps = [{"move": {"symbol": "UST-USD", "by": "-5%", "over": "1m"}}]
        played = await post(server, "/chaos/playbooks", {"playbook": {"mdsim": 1, "steps": steps}})
    answers = (streamed_, priced, shocked, played)
    assert [told["code"] for told in answers] == ["MD405", "MD484", "MD374", "MD068"]
    assert {told["help"] for told in answers} == {
        "its operator switches it on by naming it in market_data.supported_symbols"
    }
    async with serving("market_data: {supported_symbols: [{symbol: UST-USD}]}") as server:
        (ack,) = await asked(server, ["tick"], ["UST-USD"])
    assert ack["type"] == "ack"


async def test_bars_of_other_spans_are_refused_everywhere(serving: Serving) -> None:
    """On the stream by channel, over REST with 404; what is listed goes on."""
    async with serving("publication_config: {ohlcv_data: {intervals: [1m, 5m]}}") as server:
        (refused,) = await asked(server, ["ohlcv_1h"], ["BTC-USD"])
        (taken,) = await asked(server, ["ohlcv_5m"], ["BTC-USD"])
        history = await get(server, "/api/v1/prices/BTC-USD/history?interval=1h")
        kept = await get(server, "/api/v1/prices/BTC-USD/history?interval=5m")
    assert (refused["code"], refused["field"]) == ("MD581", "channels[0]")
    assert taken["type"] == "ack"
    assert (history["status"], history["code"]) == (404, "MD582")
    assert kept["interval"] == "5m"


def has_ipv6() -> bool:
    """Whether loopback has an IPv6 address."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


async def test_the_greeting_names_places_that_can_be_copied(serving: Serving) -> None:
    """An IPv6 address stands in brackets for gRPC as well: without them its port reads as part of it."""
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    async with serving("server: {bind: '::1'}") as server:
        greeting = server.greeting()
    assert greeting[-1].split() == ["gRPC", f"[::1]:{server.grpc.port}"]
