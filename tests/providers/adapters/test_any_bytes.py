"""Whatever a provider sends, a session counts it and goes on; a parser raises what it says and no more."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mdsim.core.time import SECOND, parse_utc
from mdsim.providers.adapters import (
    _binance_wire,
    _coinbase_wire,
    _coinmarketcap_wire,
    _kraken_wire,
    coingecko,
)
from mdsim.providers.session import REST, UNREADABLE, WEBSOCKET, Answer, Fetch, Session

NOON = parse_utc("2026-05-27T12:00:00Z")
SYMBOLS = ("BTC-USD", "USDT-BTC", "BTC-ETH", "BTC-USDT")
PARSERS: dict[str, Callable[[bytes, int], object]] = {
    "binance": _binance_wire.parse,
    "coinbase": _coinbase_wire.parse,
    "kraken": _kraken_wire.parse,
    "coingecko": coingecko.parse,
    "coinmarketcap": _coinmarketcap_wire.parse,
    "coinmarketcap quotes": _coinmarketcap_wire.parse_quotes,
    "coinbase products": lambda raw, _recv_ns: _coinbase_wire.parse_products(raw),
}
WAYS = (
    ("binance", WEBSOCKET),
    ("coinbase", WEBSOCKET),
    ("kraken", WEBSOCKET),
    ("coingecko", REST),
    ("coinmarketcap", REST),
    ("coinmarketcap", WEBSOCKET),
)
WORDS = (
    "type channel method success error symbol data pairs status bids asks price qty checksum timestamp "
    "product_id changes time sequence trade_id best_bid best_ask last_trade_id channels reason message "
    "bitcoin usd last_updated_at usd_24h_vol error_code error_message quote id cid p vu ts code e s u U b a "
    "ping_interval_ms B A t result stream bid ask last volume system req_id"
)
KEYS = st.sampled_from(WORDS.split())
VALUES = st.sampled_from(
    [
        "snapshot", "update", "book", "ticker", "instrument", "heartbeat", "l2update", "error", "subscribe",
        "BTC-USD", "BTC/USD", "BTCUSDT", "buy", "0001-01-01T00:00:00Z", "2026-05-27T12:00:00Z", "NaN", "sNaN",
        "Infinity", "1e999999", "-0", "1", "data", "welcome", "ack", "depthUpdate", "trade", "",
    ]
)  # fmt: skip
NUMBERS = st.sampled_from(["1e999999999", "-1e-999999999", "0.0", "-1", "1e400", "9" * 30, "1.5", "7"])
GOOD = {
    "coinbase": (
        '{"type":"ticker","sequence":9,"product_id":"BTC-USD","price":"100.0","volume_24h":"5","best_bid":"99",'
        '"best_ask":"101","time":"2026-05-27T12:00:01Z","trade_id":3}',
        '{"type":"snapshot","product_id":"BTC-USD","bids":[["99","1"]],"asks":[["101","1"]]}',
        '{"type":"l2update","product_id":"BTC-USD","changes":[["buy","100","1"]],"time":"2026-05-27T12:00:01Z"}',
        '{"type":"heartbeat","sequence":9,"last_trade_id":8,"product_id":"BTC-USD","time":"2026-05-27T12:00:01Z"}',
        '{"type":"error","message":"Failed to subscribe","reason":"BTC-USD is not a valid product"}',
        '[{"id":"BTC-USD","status":"online","trading_disabled":false}]',
    ),
    "kraken": (
        '{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":62710.4,'
        '"qty":0.01000000},{"price":62709.1,"qty":2.00000000}],"asks":[{"price":62710.5,"qty":0.93111634},'
        '{"price":62710.6,"qty":0.50000000},{"price":62711.0,"qty":1.20000000}],"checksum":1396696505,'
        '"timestamp":"2026-05-27T12:00:01Z"}]}',
        '{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":1.0,"ask":2.0,"last":1.5,"volume":3.0}]}',
        '{"channel":"instrument","type":"snapshot","data":{"pairs":[{"symbol":"BTC/USD","status":"online"}]}}',
        '{"channel":"status","type":"update","data":[{"system":"online"}]}',
        '{"error":"Currency pair not supported BTC/USD","method":"subscribe","success":false,"req_id":2}',
    ),
    "coingecko": (
        '{"bitcoin":{"usd":100.5,"usd_24h_vol":7,"eth":20,"last_updated_at":1779092258},"tether":{"btc":1e-05}}',
        '{"status":{"error_code":429,"error_message":"too often"}}',
    ),
    "coinmarketcap": (
        '{"status":{"error_code":0},"data":{"1":{"id":1,"quote":{"USD":{"price":100.5,"volume_24h":7,'
        '"last_updated":"2026-05-27T12:00:01Z"}}}}}',
        '{"status":{"error_code":"0"},"data":[{"id":825,"quote":[{"symbol":"BTC","price":0.00001}]}]}',
        '{"type":"data","data":{"cid":1,"p":100.5,"vu":7},"ts":1779092258123}',
        '{"type":"welcome","ping_interval_ms":5000}',
        '{"type":"error","id":1,"status":{"error_code":"2201","error_detail":"id"}}',
    ),
    "binance": (
        '{"u":5,"s":"BTCUSDT","b":"99","B":"1","a":"101","A":"1"}',
        '{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":6,"u":7,"b":[["98","1"]],"a":[]}',
    ),
}
"""Frames that are understood, for every adapter: most harm is done by what is almost right."""
PATCHES = st.one_of(
    NUMBERS, st.sampled_from(["null", '""', "[]", "{}", '"NaN"', ",", "\x00", "true", '"', ""])
)


class Text(msgspec.Struct):
    """Stands for a number whose text is kept."""

    text: str


TREES = st.recursive(
    st.one_of(VALUES, NUMBERS.map(Text), st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(st.lists(inner, max_size=3), max_size=3),
        st.dictionaries(KEYS, inner, max_size=8),
    ),
    max_leaves=24,
)  # fmt: skip


def written(tree: object) -> str:
    """A tree as JSON, its numbers as they were drawn."""
    if isinstance(tree, Text):
        return tree.text
    if isinstance(tree, dict):
        return "{" + ",".join(f'"{key}":{written(value)}' for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(written, tree)) + "]"
    return msgspec.json.encode(tree).decode()


@st.composite
def spoiled(draw: st.DrawFn, frames: Sequence[str]) -> bytes:
    """A good frame, with one of its values exchanged; as often left as it is."""
    frame = draw(st.sampled_from(frames))
    values = list(re.finditer(r'(?<=[:\[,])(?:"[^"]*"|[-+.0-9eE]+|null|true|false)(?=[,\]}])', frame))
    found = draw(st.sampled_from(values))
    patch = draw(st.one_of(st.just(found[0]), PATCHES))
    return (frame[: found.start()] + patch + frame[found.end() :]).encode()


NONSENSE = st.one_of(st.binary(max_size=200), TREES.map(lambda tree: written(tree).encode()))
FRAMES = st.one_of(NONSENSE, spoiled([frame for frames in GOOD.values() for frame in frames]))
DEEP = b"[" * 100_000
DEEP_DATA = b'{"channel":"book","data":' + DEEP
MANY = settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("name", list(PARSERS))
@MANY
@given(raw=FRAMES)
@example(raw=DEEP)
@example(raw=DEEP_DATA)
@example(raw=b'{"status":{"error_code":"' + b"9" * 10_000 + b'"}}')
@example(raw=b"\xff\xfe")
def test_a_parser_raises_what_it_says_and_nothing_else(name: str, raw: bytes) -> None:
    """Any bytes."""
    with contextlib.suppress(*UNREADABLE):
        PARSERS[name](raw, NOON)


@pytest.mark.parametrize(("provider", "kind"), WAYS)
@MANY
@given(data=st.data())
def test_a_session_never_raises(
    open_session: Callable[..., Session], provider: str, kind: str, data: st.DataObject
) -> None:
    """Good frames between spoiled ones and nonsense; what it reports is a price."""
    frames = data.draw(st.lists(st.one_of(spoiled(GOOD[provider]), NONSENSE), max_size=8))
    session = started(open_session(provider, *SYMBOLS, kind=kind))
    for at, frame in enumerate(frames):
        now_ns = NOON + at * SECOND
        reports = [*session.tick(now_ns), *session.received(frame, now_ns)]
        for tag in ("products", "prices", "currencies", "quotes:USD", "depth:BTCUSDT", "info:BTCUSDT"):
            reports += session.fetched(Answer(tag, 404 if at % 3 == 2 else 200, {}, frame, now_ns))
        session.actions()
        for report in reports:
            told = [report.bid, report.ask, report.last]
            assert any(price is not None for price in told)
            assert all(Decimal(0) < price < Decimal("1e19") for price in told if price is not None)
    assert sum(session.counters.errors.values()) <= 40 * len(frames)


@pytest.mark.parametrize(("provider", "kind"), WAYS)
def test_good_frames_make_reports_here(
    open_session: Callable[..., Session], provider: str, kind: str
) -> None:
    """So that the test above does spoil something."""
    session = started(open_session(provider, *SYMBOLS, kind=kind))
    for frame in GOOD[provider]:
        session.received(frame, NOON)
        for tag in ("prices", "quotes:USD"):
            session.fetched(Answer(tag, 200, {}, frame.encode(), NOON))
    assert session.counters.reports > 0


@pytest.mark.parametrize(("provider", "kind"), WAYS)
def test_a_message_nested_without_end_is_counted(
    open_session: Callable[..., Session], provider: str, kind: str
) -> None:
    """At the top, and where a part is read later."""
    session = started(open_session(provider, "BTC-USD", kind=kind))
    for frame in (DEEP, DEEP_DATA):
        assert list(session.received(frame, NOON)) == []
        assert list(session.fetched(Answer("prices", 200, {}, frame, NOON))) == []
    assert 0 < session.counters.errors["malformed"] <= 4


def started(session: Session) -> Session:
    """A session that has subscribed, as far as it may without a list of what there is."""
    session.start(NOON - 6 * SECOND)
    session.tick(NOON - SECOND)
    for action in session.actions():
        if isinstance(action, Fetch) and action.tag.startswith("info:"):
            entry = {
                "symbol": action.tag.removeprefix("info:"),
                "status": "TRADING",
                "baseAsset": "",
                "quoteAsset": "",
            }
            body = msgspec.json.encode({"symbols": [entry]})
            session.fetched(Answer(action.tag, 200, {}, body, NOON - SECOND))
    session.actions()
    return session
