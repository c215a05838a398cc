"""Kraken's session (WebSocket v2), message by message."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from mdsim.core.sourcing import Report
from mdsim.core.time import MINUTE, MS, SECOND, parse_utc
from mdsim.providers.adapters._kraken_book import KrakenBook
from mdsim.providers.adapters._kraken_wire import BookLevel, parse
from mdsim.providers.session import Reconnect, Send, Session

NOON = parse_utc("2026-05-27T12:00:00Z")
ONLINE = (
    '{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2",'
    '"connection_id":12393906104898154338,"upcoming_maintenance":[]}]}'
)
LISTING = (
    '{"channel":"instrument","type":"snapshot","data":{"assets":[{"id":"BTC"}],"pairs":['
    '{"symbol":"BTC/USD","base":"BTC","quote":"USD","status":"online","price_precision":1},'
    '{"symbol":"ETH/BTC","status":"online"},{"symbol":"UST/USD","status":"delisted"}]}}'
)
Sides = tuple[str, str]


def told(sides: Sides) -> str:
    """Levels ``price/qty`` of bids and of asks as JSON numbers, with their zeros."""
    both = []
    for name, side in zip(("bids", "asks"), sides, strict=True):
        levels = [level.split("/") for level in side.split()]
        both.append(f'"{name}":[' + ",".join(f'{{"price":{p},"qty":{q}}}' for p, q in levels) + "]")
    return ",".join(both)


def book(kind: str, sides: Sides, checksum: int, *, ms: int, symbol: str = "BTC/USD") -> str:
    """A frame of the book."""
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}",{told(sides)},'
        f'"checksum":{checksum},"timestamp":"2026-05-27T12:00:00.{ms:03d}000Z"}}]}}'
    )


def sum_of(*frames: Sides) -> int:
    """The checksum after these frames."""
    mirror = KrakenBook()
    for sides in frames:
        mirror.apply(*([BookLevel(*map(Decimal, x.split("/"))) for x in side.split()] for side in sides))
    return mirror.checksum()


def ticker(bid: str, ask: str, last: str, *, ms: int | None = None, symbol: str = "BTC/USD") -> str:
    """A ticker; older servers send no time with it."""
    time = "" if ms is None else f',"timestamp":"2026-05-27T12:00:00.{ms:03d}000Z"'
    return (
        f'{{"channel":"ticker","type":"update","data":[{{"symbol":"{symbol}","bid":{bid},"bid_qty":1.0,'
        f'"ask":{ask},"ask_qty":2.0,"last":{last},"volume":1834.50000000,"vwap":1.0,"low":1.0,"high":1.0,'
        f'"change":1.0,"change_pct":0.1{time}}}]}}'
    )


FIRST: Sides = ("62710.4/0.01000000 62709.1/2.00000000", "62710.5/0.93111634 62710.6/0.50000000")


@pytest.fixture
def started(open_session: Callable[..., Session]) -> Callable[..., Session]:
    """A session that was told what is listed, its requests taken."""

    def make(*symbols: str) -> Session:
        session = open_session("kraken", *symbols)
        session.start(NOON)
        session.received(ONLINE, NOON)
        session.received(LISTING, NOON)
        for action in session.actions():
            asked = msgspec.json.decode(action.text) if isinstance(action, Send) else {}
            for _ in asked.get("params", {}).get("symbol", ()):
                session.received(f'{{"method":"subscribe","success":true,"req_id":{asked["req_id"]}}}', NOON)
        return session

    return make


class TestSubscribing:
    """What is asked for, and what is refused."""

    def test_the_list_comes_first_then_ticker_and_book(
        self, open_session: Callable[..., Session], sent: Callable[[Session], list[dict[str, object]]]
    ) -> None:
        """ETH/BTC serves BTC-ETH; every request has a number of its own."""
        session = open_session("kraken", "BTC-USD", "BTC-ETH")
        session.start(NOON)
        assert sent(session) == [
            {"method": "subscribe", "req_id": 1, "params": {"channel": "instrument", "snapshot": True}}
        ]
        session.received(LISTING, NOON)
        names = ["BTC/USD", "ETH/BTC"]
        assert sent(session) == [
            {
                "method": "subscribe",
                "req_id": 2,
                "params": {"channel": "ticker", "symbol": names, "event_trigger": "bbo"},
            },
            {"method": "subscribe", "req_id": 3, "params": {"channel": "book", "symbol": names, "depth": 10}},
        ]

    def test_what_is_not_listed_is_refused(
        self, open_session: Callable[..., Session], refused: Callable[[Session], dict[str, str]]
    ) -> None:
        """Delisted, never listed, and no spot pair."""
        session = open_session("kraken", "BTC-USD", "UST-USD", "USDE-USD", "BTC-USD-PERP")
        session.start(NOON)
        session.received(LISTING, NOON)
        assert list(refused(session)) == ["UST-USD", "USDE-USD", "BTC-USD-PERP"]

    def test_one_refusal_for_each_pair_and_channel_refuses_once(
        self,
        open_session: Callable[..., Session],
        refused: Callable[[Session], dict[str, str]],
    ) -> None:
        """Without a list the usual names are tried; the error may or may not name the pair by itself."""
        session = open_session("kraken", "BTC-USD", "USDE-USD")
        session.start(NOON)
        session.tick(NOON + 5 * SECOND)
        session.actions()
        for req_id, extra in ((2, ""), (3, '"symbol":"USDE/USD",')):
            session.received(
                f'{{"error":"Currency pair not supported USDE/USD","method":"subscribe",{extra}'
                f'"success":false,"time_in":"x","time_out":"y","req_id":{req_id}}}',
                NOON,
            )
        assert list(refused(session)) == ["USDE-USD"]
        assert session.counters.errors == {"refused": 2}

    def test_acknowledgements_change_nothing(self, started: Callable[..., Session]) -> None:
        """One comes for each pair, with or without warnings; a repeated subscription does no harm."""
        session = started("BTC-USD")
        session.received(
            '{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD",'
            '"warnings":["soon"]},"success":true,"time_in":"x","time_out":"y","req_id":3}',
            NOON,
        )
        session.received('{"error":"Already subscribed","method":"subscribe","success":false}', NOON)
        assert (session.actions(), session.counters.errors) == ([], {})

    def test_any_other_refusal_ends_the_connection(self, started: Callable[..., Session]) -> None:
        """Such as a depth that is offered no more: nothing would come."""
        session = started("BTC-USD")
        session.received(
            '{"error":"Subscription depth not supported","method":"subscribe","success":false}', NOON
        )
        assert session.actions() == [Reconnect("refused", MINUTE)]


class TestPrices:
    """What becomes of tickers and books."""

    def test_a_verified_book_reports_its_best_quotes(self, started: Callable[..., Session]) -> None:
        """Numbers keep their zeros, the time its microseconds."""
        session = started("BTC-USD")
        frame = book("snapshot", FIRST, sum_of(FIRST), ms=5)
        assert session.received(frame, NOON + 9 * MS) == [
            Report(
                "kraken", "BTC-USD", NOON + 5 * MS, NOON + 9 * MS, 0,
                Decimal("62710.4"), Decimal("62710.5"), None, None,
            )
        ]  # fmt: skip
        assert session.ready

    def test_the_known_sum_of_three_levels_is_accepted(self, started: Callable[..., Session]) -> None:
        """End to end from the text of a frame."""
        session = started("BTC-USD")
        known = (FIRST[0], FIRST[1] + " 62711.0/1.20000000")
        assert len(session.received(book("snapshot", known, 1396696505, ms=5), NOON)) == 1
        assert session.counters.errors == {}

    def test_a_ticker_brings_trade_and_volume_and_its_own_quotes(
        self, started: Callable[..., Session]
    ) -> None:
        """The newer of the two channels counts; without a time, the one that came last."""
        session = started("BTC-USD")
        session.received(book("snapshot", FIRST, sum_of(FIRST), ms=500), NOON)
        [older] = session.received(ticker("60000.0", "60001.0", "62000.0", ms=400), NOON + MS)
        [newer] = session.received(ticker("60002.0", "60003.0", "62000.0", ms=600), NOON + MS)
        [plain] = session.received(ticker("60004.0", "60005.0", "62000.0"), NOON + MS)

        assert [r.bid for r in (older, newer, plain)] == [Decimal("62710.4"), 60002, 60004]
        assert (older.last, str(older.volume_24h)) == (Decimal("62000.0"), "1834.50000000")

    def test_a_pair_without_a_trade_or_a_side_is_no_error(self, started: Callable[..., Session]) -> None:
        """Kraken writes 0 for both."""
        session = started("BTC-USD")
        assert session.received(ticker("0.0", "1.0", "0.0"), NOON) == []
        [report] = session.received(ticker("1.0", "2.0", "0.0"), NOON)
        assert report.last is None
        assert session.counters.errors == {}

    def test_an_inverted_pair_is_inverted(self, started: Callable[..., Session]) -> None:
        """One over the ask is the bid."""
        session = started("BTC-ETH")
        [report] = session.received(ticker("0.04", "0.0625", "0.05", symbol="ETH/BTC"), NOON)
        told = (report.symbol, report.bid, report.ask, report.last)
        assert told == ("BTC-ETH", Decimal(16), Decimal(25), Decimal(20))

    def test_a_pair_whose_market_closes_reports_nothing(self, started: Callable[..., Session]) -> None:
        """Its quotes are those of no market, until it opens again."""
        session = started("BTC-USD")
        change = (
            '{"channel":"instrument","type":"update","data":{"pairs":[{"symbol":"BTC/USD","status":"%s"}]}}'
        )
        session.received(change % "cancel_only", NOON)
        assert session.received(ticker("1.0", "2.0", "1.5"), NOON) == []
        session.received(change % "online", NOON)
        assert len(session.received(ticker("1.0", "2.1", "1.5"), NOON)) == 1
        assert session.counters.errors == {"not_trading": 1}


class TestLoss:
    """What tells that something was lost, and what is done then."""

    def test_a_sum_that_differs_renews_that_book_alone(
        self, started: Callable[..., Session], sent: Callable[[Session], list[dict[str, object]]]
    ) -> None:
        """Changes until the next snapshot are of no use; the ticker's quotes are."""
        session = started("BTC-USD", "BTC-ETH")
        session.received(book("snapshot", FIRST, sum_of(FIRST), ms=1), NOON)
        lost = ("62710.45/1.00000000", "")
        assert session.received(book("update", lost, 1, ms=2), NOON) == []

        assert (session.counters.errors, session.counters.resyncs) == ({"checksum": 1}, 1)
        params = {"channel": "book", "symbol": ["BTC/USD"], "depth": 10}
        assert [(b["method"], b["params"]) for b in sent(session)] == [
            ("unsubscribe", params), ("subscribe", params),
        ]  # fmt: skip
        assert session.received(book("update", lost, sum_of(FIRST, lost), ms=3), NOON) == []
        assert len(session.received(ticker("62710.3", "62710.5", "62710.5"), NOON)) == 1
        assert len(session.received(book("snapshot", FIRST, sum_of(FIRST), ms=9), NOON)) == 1

    def test_a_book_that_is_always_wrong_is_not_asked_for_in_a_rush(
        self, started: Callable[..., Session]
    ) -> None:
        """Once, then every five seconds."""
        session = started("BTC-USD")
        for at in range(12):
            now_ns = NOON + at * SECOND
            session.received(book("snapshot", FIRST, 1, ms=1), now_ns)
            session.tick(now_ns)
        assert (session.counters.errors, session.counters.resyncs) == ({"checksum": 12}, 3)

    def test_a_level_that_is_none_renews_the_book(self, started: Callable[..., Session]) -> None:
        """It was taken in by half."""
        session = started("BTC-USD")
        session.received(book("snapshot", FIRST, sum_of(FIRST), ms=1), NOON)
        session.received(book("update", ("-1.0/1.0", ""), 1, ms=2), NOON)
        assert (session.counters.errors, session.counters.resyncs) == ({"malformed": 1}, 1)

    def test_a_crossed_book_is_not_reported(self, started: Callable[..., Session]) -> None:
        """Its sum may hold all the same."""
        session = started("BTC-USD")
        crossed = ("62710.4/1.0", "62710.3/1.0")
        assert session.received(book("snapshot", crossed, sum_of(crossed), ms=1), NOON) == []
        assert session.counters.errors == {"crossed": 1}

    @pytest.mark.parametrize("system", ["maintenance", "cancel_only", "post_only"])
    def test_an_engine_that_is_not_open_is_left(self, started: Callable[..., Session], system: str) -> None:
        """Its prices are those of no market."""
        session = started("BTC-USD")
        session.received(ONLINE.replace('"online"', f'"{system}"'), NOON)
        assert session.actions() == [Reconnect("maintenance", 30 * SECOND)]

    def test_silence_is_asked_about_then_left(
        self, started: Callable[..., Session], sent: Callable[[Session], list[dict[str, object]]]
    ) -> None:
        """Heartbeats count as speech, and so does the answer to a ping."""
        session = started("BTC-USD")
        session.received('{"channel":"heartbeat"}', NOON + SECOND)
        assert session.due_ns() == NOON + 11 * SECOND
        session.tick(NOON + 11 * SECOND)
        assert [body["method"] for body in sent(session)] == ["ping"]
        session.received('{"method":"pong","req_id":4,"time_in":"x","time_out":"y"}', NOON + 12 * SECOND)
        session.tick(NOON + 22 * SECOND)
        session.tick(NOON + 32 * SECOND)
        wanted = session.actions()
        assert [type(action) for action in wanted] == [Send, Reconnect]
        assert session.counters.errors == {"no_heartbeat": 1}


def test_numbers_keep_their_text() -> None:
    """No float on the way, not even for a connection's number beyond 2^53."""
    data = parse(book("update", ("0.00000100/0.01000000", ""), 7, ms=1), 0).books[0]
    assert (str(data.bids[0].price), str(data.bids[0].qty)) == ("0.00000100", "0.01000000")
    assert parse(ONLINE, 0).status[0].system == "online"
