"""What every source derives from its configuration: its pace, its staleness, and the key it goes out with."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock
from trio_websocket import ConnectionClosed, wrap_server_stream

from mdsim.core.instruments import ALL
from mdsim.core.secret import Secret
from mdsim.core.time import HOUR, MINUTE, SECOND
from mdsim.providers.connect import Address
from mdsim.providers.quota import Quota
from mdsim.providers.source import SourceSpec, Surroundings
from mdsim.providers.specs import make_spec
from mdsim.providers.stream import StreamSource
from mdsim.providers.wire import SourceEvent

START_NS = 1_700_000_000 * SECOND


def polled(per_minute: int, keys: int = 1, **changes: Any) -> SourceSpec:
    """A source with this rate for each of its keys; polled unless told otherwise."""
    known: dict[str, Any] = {
        "tier": "primary",
        "kind": "rest_api",
        "url": "http://127.0.0.1/api/v3",
        "priority": 1,
        "catalogue": ALL,
        "symbols": ("BTC-USD",),
        "keys": tuple(Secret(f"key-{at}") for at in range(keys)),
        "per_minute": per_minute,
    }
    name = "coinmarketcap" if changes else "coingecko"
    return make_spec(name, **{**known, **changes})


@pytest.mark.parametrize("keys", [1, 2, 3])
@pytest.mark.parametrize("per_minute", [1, 2, 3, 4, 5, 7, 10, 30, 44])
def test_a_session_that_polls_at_its_pace_never_waits_for_the_quota(per_minute: int, keys: int) -> None:
    """Every poll of two hours finds a token, and no poll is later than it must be by much."""
    interval_ns = polled(per_minute, keys).interval_ns
    quota = Quota(per_minute, keys)
    now_ns, asked = START_NS, 0
    while now_ns < START_NS + 2 * HOUR:
        assert quota.take(1, now_ns) is not None
        asked, now_ns = asked + 1, now_ns + interval_ns
    assert asked >= math.floor(0.46 * 120 * min(per_minute * keys, 60))


def test_a_pace_is_never_faster_than_once_a_second() -> None:
    """However large the plan."""
    assert polled(6_000).interval_ns == SECOND


def test_a_slow_poll_is_stale_after_three_intervals_and_a_fast_one_by_its_provider_s_measure() -> None:
    """At once a minute 180 s would be the third poll itself."""
    assert polled(1).terms.max_age_ns == 3 * polled(1).interval_ns > 180 * SECOND
    assert polled(30).terms.max_age_ns == 180 * SECOND


class Gate:
    """CoinMarketCap's stream, as far as keys go.

    Attributes:
        bad: keys that it does not take; ``by_status``: it says so with a 401 instead of a frame.
        seen: keys in the order of the connections.
    """

    def __init__(self, nursery: trio.Nursery, *bad: str, by_status: bool = False) -> None:
        self._nursery = nursery
        self.bad = bad
        self.by_status = by_status
        self.seen: list[str] = []
        self.events: list[SourceEvent] = []

    async def connect(self, _address: Address) -> trio.abc.Stream:
        """A memory stream with the gate at its other end."""
        await trio.lowlevel.checkpoint()
        ours, theirs = trio.testing.memory_stream_pair()
        self._nursery.start_soon(self._serve, theirs)
        return ours

    async def _serve(self, stream: trio.abc.Stream) -> None:
        with suppress(ConnectionClosed, trio.BrokenResourceError):
            async with trio.open_nursery() as nursery:
                request = await wrap_server_stream(nursery, stream)
                key = next(text.decode() for name, text in request.headers if name == b"x-cmc_pro_api_key")
                self.seen.append(key)
                if key in self.bad and self.by_status:
                    await request.reject(401)
                    return
                socket = await request.accept()
                await socket.get_message()
                if key in self.bad:
                    await socket.send_message(
                        '{"type":"error","id":1,"status":{"error_code":"1001","error_message":"invalid"}}'
                    )
                else:
                    await socket.send_message('{"type":"ack","id":1}')
                await trio.sleep_forever()


@pytest.fixture
def knocking(fake_binance: Any) -> Callable[..., Any]:
    """A source with two keys before a gate, at work for five minutes."""

    async def make(*bad: str, by_status: bool = False) -> tuple[Gate, StreamSource]:
        async with trio.open_nursery() as nursery:
            gate = Gate(nursery, *bad, by_status=by_status)
            plain: Surroundings = fake_binance(nursery).around()
            around = Surroundings(plain.now, plain.tls, gate.connect, plain.rng, gate.events.append)
            spec = polled(30, 2, kind="websocket", url="ws://127.0.0.1/v1")
            source = StreamSource(spec, around, lambda _reports: None)
            with trio.move_on_after(5 * MINUTE / SECOND):
                await source.run()
            nursery.cancel_scope.cancel()
        return gate, source

    return make


@pytest.mark.parametrize("by_status", [False, True])
@pytest.mark.parametrize("bad", ["key-0", "key-1"])
async def test_a_stream_blames_the_key_that_it_went_out_with(
    autojump_clock: MockClock,
    knocking: Any,
    bad: str,
    by_status: bool,
) -> None:
    """The bad one of two keys is given up, whichever it is; the good one stays."""
    gate, source = await knocking(bad, by_status=by_status)
    good = {"key-0": "key-1", "key-1": "key-0"}[bad]
    assert gate.seen[-1] == good
    assert gate.seen.count(bad) <= 1
    assert source.health.state != "off"


@pytest.mark.parametrize("by_status", [False, True])
async def test_a_stream_without_a_good_key_is_off(
    autojump_clock: MockClock, knocking: Any, by_status: bool
) -> None:
    """Each key is tried once, the last refusal ends the source, and no key stands in what is told."""
    gate, source = await knocking("key-0", "key-1", by_status=by_status)
    assert sorted(gate.seen) == ["key-0", "key-1"]
    assert source.health.state == "off"
    assert [event.kind for event in gate.events].count("key_refused") == 2
    assert not any(key in f"{event}" for event in gate.events for key in ("key-0", "key-1"))
    assert "every key is refused" in source.health.reason
