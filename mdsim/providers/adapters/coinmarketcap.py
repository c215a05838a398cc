"""CoinMarketCap: averages over many exchanges, polled over REST or pushed over its stream (beta).

The stream tells prices in USD alone, a coin a message. It wants a ping every so often, which its welcome
tells; a subscription that it refuses is tried coin by coin, so that one unknown number costs no more than
itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mdsim.core.sourcing import Report
from mdsim.core.time import MINUTE, MS, SECOND
from mdsim.providers.adapters._aggregates import base_volume
from mdsim.providers.adapters._coinmarketcap_poll import BAD_KEY, CoinMarketCapPoll, without_version
from mdsim.providers.adapters._coinmarketcap_wire import Frame, parse
from mdsim.providers.adapters._pairs import sound
from mdsim.providers.adapters._symbols import COINS
from mdsim.providers.adapters._times import milliseconds_ns
from mdsim.providers.session import (
    REST,
    UNREADABLE,
    WEBSOCKET,
    Answer,
    KeyRefused,
    Offer,
    ProviderType,
    Reconnect,
    Refuse,
    Send,
    Session,
    SessionRequest,
)

CHANNEL = "market@crypto_latest_price"
MOST_COINS = 100
"""Subscriptions that a connection may have."""
PING_NS = 10 * SECOND
PING_LEAST_NS = SECOND
_NO_PLAN = "its plan has no stream"
KEY_CODES = {4100: "it knows no such key", 4101: _NO_PLAN, 4102: _NO_PLAN}
"""Codes of a close; 4004 is one connection too many, which passes."""
ACK_NS = 15 * SECOND
"""For the answer to a subscription; looked at when the next ping is due."""
PATIENCE = 3
"""Pings without any answer after which the connection is dead."""


def _key_header(_url: str) -> str:
    return "X-CMC_PRO_API_KEY"


class CoinMarketCapStream(Session):
    """One connection to the stream."""

    def __init__(self, request: SessionRequest) -> None:
        super().__init__(request)
        self._symbols: dict[int, list[str]] = {}  # number of a coin → our symbols
        self._asked: dict[int, tuple[tuple[int, ...], int]] = {}  # number of a request → coins, deadline
        self._spoken: dict[int, None] = {}
        self._requests = 0
        self._ping_ns = PING_NS
        self._next_ns: int | None = None
        self._unanswered = 0

    def start(self, now_ns: int) -> None:
        """Subscribe to every coin that is wanted in USD."""
        for item in self.request.instruments:
            coin = COINS.get(item.base)
            if item.perpetual or item.quote != "USD":
                self.ask(Refuse(item.symbol, "CoinMarketCap's stream tells prices of coins in USD alone"))
            elif coin is None:
                self.ask(Refuse(item.symbol, f"no CoinMarketCap number is known for {item.base}"))
            elif coin.coinmarketcap not in self._symbols and len(self._symbols) >= MOST_COINS:
                self.ask(Refuse(item.symbol, f"CoinMarketCap allows {MOST_COINS} coins a connection"))
            else:
                self._symbols.setdefault(coin.coinmarketcap, []).append(item.symbol)
        self._subscribe(tuple(self._symbols), now_ns)
        self._next_ns = now_ns + self._ping_ns

    def received(self, raw: str | bytes, recv_ns: int) -> Sequence[Report]:
        """Read a frame; what it means."""
        self.counters.messages += 1
        self._unanswered = 0
        try:
            frame = parse(raw, recv_ns)
            if frame.type == "data":
                return self._pushed(frame, recv_ns)
            self._answered(frame, recv_ns)
        except UNREADABLE:
            self.counters.error("malformed")
        return ()

    def fetched(self, answer: Answer) -> Sequence[Report]:
        """Nothing is ever fetched."""
        del answer
        return ()

    def due_ns(self) -> int | None:
        """The next ping."""
        return self._next_ns

    def tick(self, now_ns: int) -> Sequence[Report]:
        """Ping, or give up on a connection that answers none, or answers pings alone."""
        if self._next_ns is None or now_ns < self._next_ns:
            return ()
        self._next_ns = now_ns + self._ping_ns
        self._unanswered += 1
        if any(deadline <= now_ns for _, deadline in self._asked.values()):
            self._asked.clear()
            self.counters.error("no_ack")
            self.ask(Reconnect("no_ack"))
        elif self._unanswered > PATIENCE:
            self._unanswered = 0
            self.counters.error("no_pong")
            self.ask(Reconnect("no_pong"))
        else:
            self._send({"method": "ping"})
        return ()

    def _subscribe(self, coins: tuple[int, ...], now_ns: int) -> None:
        if coins:
            params = {"crypto_ids": list(coins)}
            at = self._send({"method": "subscribe", "channel": CHANNEL, "params": params})
            self._asked[at] = coins, now_ns + ACK_NS

    def _send(self, body: dict[str, object]) -> int:
        self._requests += 1
        self.ask(Send(msgspec.json.encode({"id": self._requests, **body}).decode()))
        return self._requests

    def _answered(self, frame: Frame, now_ns: int) -> None:
        """A welcome, an acknowledgement, a pong, or what went wrong."""
        if frame.type == "welcome":
            told = frame.ping_interval_ms or (frame.data.ping_interval_ms if frame.data is not None else 0)
            if told > 0:
                self._ping_ns = max(PING_LEAST_NS, min(told * MS, PING_NS))
                self._next_ns = now_ns + self._ping_ns
        elif frame.type in ("ack", "error"):
            code, problem = frame.problem
            coins, _ = self._asked.pop(frame.id, ((), 0)) if isinstance(frame.id, int) else ((), 0)
            if code or frame.type == "error":
                self._failed(code, problem, coins, now_ns)
        elif frame.type != "pong":
            self.counters.error("unknown_event")

    def _failed(self, code: int, problem: str, coins: tuple[int, ...], now_ns: int) -> None:
        if code in BAD_KEY:
            self.counters.error("key_refused")
            self.ask(KeyRefused("subscribe", f"CoinMarketCap {code}: {problem[:200]}"))
            self.ask(Reconnect("key_refused", MINUTE))
            return
        self.counters.error("refused")
        if len(coins) > 1:
            for coin in coins:
                self._subscribe((coin,), now_ns)
        elif coins:
            for symbol in self._symbols.pop(coins[0], ()):
                self.ask(Refuse(symbol, f"it says: {code} {problem[:200]}"))
        else:
            self.ask(Reconnect("refused", MINUTE))

    def _pushed(self, frame: Frame, recv_ns: int) -> Sequence[Report]:
        push = frame.data
        symbols = self._symbols.get(push.cid) if push is not None else None
        if push is None or symbols is None:
            self.counters.error("unknown_symbol")
            return ()
        if push.p is None:
            self.counters.error("no_price")
            return ()
        if not sound(push.p):
            raise ValueError("not a price")
        ts_ns, volume, name = milliseconds_ns(frame.ts), base_volume(push.vu, push.p), self.request.source
        self._spoken[push.cid] = None
        self.ready = all(cid in self._spoken for cid in self._symbols)
        self.counters.reports += len(symbols)
        return [Report(name, item, ts_ns, recv_ns, 0, None, None, push.p, volume) for item in symbols]


PROVIDER = ProviderType(
    name="coinmarketcap",
    summary="CoinMarketCap: averages over many exchanges, polled over REST or pushed over WebSocket",
    aggregator=True,
    offers=(
        Offer(
            kind=REST,
            url="https://pro-api.coinmarketcap.com",
            open=CoinMarketCapPoll,
            keyed_per_minute=1,  # a free key has 10,000 requests a month
            keyless_per_minute=0,
            max_age_ns=240 * SECOND,
            rest=without_version,
            key_header=_key_header,
        ),
        Offer(
            kind=WEBSOCKET,
            url="wss://pro-stream.coinmarketcap.com/v1",
            open=CoinMarketCapStream,
            keyed_per_minute=30,
            keyless_per_minute=0,
            max_age_ns=60 * SECOND,
            silence_ns=45 * SECOND,
            key_header=_key_header,
            key_codes=KEY_CODES,
        ),
    ),
)
