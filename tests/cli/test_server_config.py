"""Keys of the configuration, each by what a whole server serves because of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import trio_websocket

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
