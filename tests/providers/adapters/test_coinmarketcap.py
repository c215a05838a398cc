"""CoinMarketCap's two sessions: polling, and the stream."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from mdsim.core.sourcing import Report
from mdsim.core.time import HOUR, MINUTE, MS, SECOND, parse_utc
from mdsim.providers.adapters._coinmarketcap_wire import parse_quotes
from mdsim.providers.adapters.coinmarketcap import PROVIDER
from mdsim.providers.session import (
    REST,
    WEBSOCKET,
    Action,
    Answer,
    Fetch,
    KeyRefused,
    Limited,
    Reconnect,
    Session,
)

NOON = parse_utc("2026-05-27T12:00:00Z")
RECORDINGS = Path(__file__).parents[1] / "recordings"
GOOD = b'"status":{"timestamp":"2026-05-27T12:00:00.000Z","error_code":%s,"error_message":null}'
QUOTE = b'"price":48827.989730634145,"volume_24h":97655.979461268290,"last_updated":"2026-05-27T11:59:00Z"'
COIN = b'{"id":1,"symbol":"BTC","tags":["mineable"],"platform":null,"quote":{"USD":{' + QUOTE + b"}}}"
COIN_3 = b'{"id":1,"symbol":"BTC","quote":[{"id":2781,"symbol":"USD",' + QUOTE + b"}]}"
SHAPES = {
    "v1 by id or symbol": b'{"BTC":' + COIN + b"}",
    "v2 by id": b'{"1":' + COIN + b"}",
    "v2 by symbol": b'{"BTC":[' + COIN + b"]}",
    "v3": b"[" + COIN_3 + b"]",
}


def good(data: bytes, code: bytes = b"0") -> bytes:
    """An answer in its envelope."""
    return b"{" + GOOD % code + b',"data":' + data + b"}"


def trouble(code: str, message: str = "no") -> bytes:
    """An answer that says what is wrong."""
    return f'{{"status":{{"error_code":{code},"error_message":"{message}"}}}}'.encode()


def answer(body: bytes, status: int = 200, currency: str = "USD") -> Answer:
    """An answer at noon."""
    return Answer(f"quotes:{currency}", status, {}, body, NOON)


@pytest.fixture
def asked(open_session: Callable[..., Session]) -> Callable[..., Session]:
    """A polling session that has asked for prices, its requests taken."""

    def make(*symbols: str, url: str = "") -> Session:
        session = open_session("coinmarketcap", *symbols, kind=REST, url=url)
        session.start(NOON)
        session.tick(NOON)
        session.actions()
        return session

    return make


class TestPolling:
    """Quotes over REST."""

    @pytest.mark.parametrize("code", [b"0", b'"0"'])
    @pytest.mark.parametrize("shape", list(SHAPES))
    def test_every_shape_of_quotes_is_read(
        self, asked: Callable[..., Session], shape: str, code: bytes
    ) -> None:
        """Three versions, with the code as a number or as text."""
        session = asked("BTC-USD")
        [report] = session.fetched(answer(good(SHAPES[shape], code)))
        assert report == Report(
            "coinmarketcap", "BTC-USD", NOON - MINUTE, NOON, 0,
            None, None, Decimal("48827.989730634145"), Decimal(2),
        )  # fmt: skip

    def test_a_recorded_coin_is_read(self, asked: Callable[..., Session]) -> None:
        """Of August 2021, version 1, in the envelope that belongs around it."""
        session = asked("BTC-USD")
        coin = (RECORDINGS / "coinmarketcap_v1_ticker.json").read_bytes()
        [report] = session.fetched(answer(good(b'{"1":' + coin + b"}")))
        assert report.ts_event_ns == parse_utc("2021-08-28T16:13:19Z")
        assert str(report.last) == "48827.989730634145"

    def test_a_bare_list_is_read_too(self) -> None:
        """As the vendor's own client expects version 3 to be."""
        assert [coin.id for coin in parse_quotes(b" [" + COIN_3 + b"]", 0).coins] == [1]

    @pytest.mark.parametrize(
        ("url", "base", "version"),
        [
            ("https://pro-api.coinmarketcap.com", "https://pro-api.coinmarketcap.com", "v3"),
            ("https://pro-api.coinmarketcap.com/v2/", "https://pro-api.coinmarketcap.com", "v2"),
            ("http://127.0.0.1:8080/cmc/v1", "http://127.0.0.1:8080/cmc", "v1"),
        ],
    )
    def test_the_address_names_the_version(
        self,
        open_session: Callable[..., Session],
        fetches: Callable[[Session], list[Fetch]],
        url: str,
        base: str,
        version: str,
    ) -> None:
        """Without one it is the current."""
        session = open_session("coinmarketcap", "BTC-USD", "ETH-USD", kind=REST, url=url)
        session.start(NOON)
        session.tick(NOON)
        path = f"/{version}/cryptocurrency/quotes/latest?id=1,1027&convert=USD&skip_invalid=true"
        assert [fetch.path for fetch in fetches(session)] == [path]
        assert PROVIDER.offers[0].rest(url) == base

    def test_currencies_take_turns(
        self, open_session: Callable[..., Session], fetches: Callable[[Session], list[Fetch]]
    ) -> None:
        """Free plans convert into one currency a request."""
        session = open_session("coinmarketcap", "BTC-USD", "USDT-BTC", kind=REST)
        session.start(NOON)
        tags = []
        for at in range(4):
            session.tick(NOON + at * 10 * SECOND)
            tags += [fetch.tag for fetch in fetches(session)]
        assert tags == ["quotes:USD", "quotes:BTC"] * 2

    def test_what_is_unknown_is_refused(
        self, asked: Callable[..., Session], refused: Callable[[Session], dict[str, str]]
    ) -> None:
        """Invalid numbers are skipped without a word."""
        session = asked("BTC-USD", "USDE-USD")
        session.fetched(answer(good(SHAPES["v3"])))
        assert list(refused(session)) == ["USDE-USD"]

    @pytest.mark.parametrize(
        ("quote", "word"),
        [
            (b'{"price":null}', "no_price"),
            (b'{"price":-1}', "malformed"),
            (b'{"price":1,"last_updated":"yesterday"}', "malformed"),
            (b'{"price":"x"}', "malformed"),
        ],
    )
    def test_what_is_no_price_is_counted(
        self, asked: Callable[..., Session], quote: bytes, word: str
    ) -> None:
        """And nothing is reported."""
        session = asked("BTC-USD")
        body = good(b'{"1":{"id":1,"quote":{"USD":%s}}}' % quote)
        assert list(session.fetched(answer(body))) == []
        assert session.counters.errors == {word: 1}

    @pytest.mark.parametrize(
        ("status", "code", "wanted"),
        [
            (401, "1001", [KeyRefused("quotes:USD", "CoinMarketCap 1001: no")]),
            (402, '"1003"', [KeyRefused("quotes:USD", "CoinMarketCap 1003: no")]),
            (403, "1006", [KeyRefused("quotes:USD", "CoinMarketCap 1006: no")]),
            (200, "1008", [Limited("quotes:USD", MINUTE)]),
            (429, "1008", []),
            (429, "1010", [Limited("quotes:USD", HOUR)]),
            (500, "500", []),
        ],
    )
    def test_trouble_is_understood_by_its_number(
        self, asked: Callable[..., Session], status: int, code: str, wanted: list[Action]
    ) -> None:
        """A key that is no good, limits by the minute and by the month, a server in trouble."""
        session = asked("BTC-USD")
        assert list(session.fetched(answer(trouble(code), status))) == []
        assert session.actions() == wanted

    def test_a_server_without_version_3_is_asked_for_version_2(
        self, asked: Callable[..., Session], fetches: Callable[[Session], list[Fetch]]
    ) -> None:
        """Once; a second 404 is only counted."""
        session = asked("BTC-USD")
        session.fetched(answer(b"not found", 404))
        [fetch] = fetches(session)
        assert fetch.path.startswith("/v2/")
        session.fetched(answer(b"not found", 404))
        assert fetches(session) == []
        assert session.counters.errors == {"http_404": 2}


@pytest.fixture
def streaming(open_session: Callable[..., Session]) -> Callable[..., Session]:
    """A session on the stream, just started."""

    def make(*symbols: str) -> Session:
        session = open_session("coinmarketcap", *symbols, kind=WEBSOCKET)
        session.start(NOON)
        return session

    return make


ACK = (
    '{"type":"ack","id":1,"code":0,"msg":"ok","channel":"market@crypto_latest_price",'
    '"sub_count":2,"sub_limit":100}'
)
DATA = (
    '{"type":"data","channel":"market@crypto_latest_price","params":{"crypto_ids":1},'
    '"data":{"cid":1,"p":81187.930,"vu":162375.860,"mc":null,"p24h":0.534},"ts":1779092258123}'
)


class TestStream:
    """The stream."""

    def test_it_subscribes_to_every_coin_in_dollars(
        self,
        streaming: Callable[..., Session],
        sent: Callable[[Session], list[dict[str, object]]],
        refused: Callable[[Session], dict[str, str]],
    ) -> None:
        """It tells nothing else."""
        wanted = ("BTC-USD", "ETH-USD", "USDT-BTC", "BTC-USD-PERP")
        assert sent(streaming(*wanted)) == [
            {
                "id": 1,
                "method": "subscribe",
                "channel": "market@crypto_latest_price",
                "params": {"crypto_ids": [1, 1027]},
            }
        ]
        assert list(refused(streaming(*wanted))) == ["USDT-BTC", "BTC-USD-PERP"]

    def test_a_push_reports(self, streaming: Callable[..., Session]) -> None:
        """One coin a frame; the time is in ms, the volume in dollars."""
        session = streaming("BTC-USD")
        session.received(ACK, NOON)
        assert session.received(DATA, NOON) == [
            Report(
                "coinmarketcap", "BTC-USD", 1_779_092_258_123 * MS, NOON, 0,
                None, None, Decimal("81187.930"), Decimal(2),
            )
        ]  # fmt: skip
        assert session.ready
        assert session.counters.errors == {}

    @pytest.mark.parametrize(
        ("frame", "word"),
        [
            (DATA.replace("81187.930", "null"), "no_price"),
            (DATA.replace("81187.930", "0"), "malformed"),
            (DATA.replace('"cid":1', '"cid":77'), "unknown_symbol"),
            (DATA.replace('"ts":1779092258123', '"ts":1e99'), "malformed"),
            ('{"type":"news"}', "unknown_event"),
            ('{"type":"ack","id":1,"code":"x"}', "malformed"),
            ("null", "malformed"),
        ],
    )
    def test_what_is_no_price_is_counted(
        self, streaming: Callable[..., Session], frame: str, word: str
    ) -> None:
        """And nothing is reported."""
        session = streaming("BTC-USD")
        assert list(session.received(frame, NOON)) == []
        assert session.counters.errors == {word: 1}

    @pytest.mark.parametrize(
        ("welcome", "first_ns"),
        [
            ('{"type":"welcome"}', 10 * SECOND),
            ('{"type":"welcome","ping_interval_ms":4000}', 4 * SECOND),
            ('{"type":"welcome","data":{"ping_interval_ms":5000}}', 5 * SECOND),
            ('{"type":"welcome","ping_interval_ms":1}', SECOND),
        ],
    )
    def test_it_pings_as_often_as_the_welcome_asks(
        self,
        streaming: Callable[..., Session],
        sent: Callable[[Session], list[dict[str, object]]],
        welcome: str,
        first_ns: int,
    ) -> None:
        """At most every ten seconds, and never in a rush."""
        session = streaming("BTC-USD")
        session.received(welcome, NOON)
        assert session.due_ns() == NOON + first_ns
        session.actions()
        session.tick(NOON + first_ns)
        assert sent(session) == [{"id": 2, "method": "ping"}]

    def test_three_pings_without_any_answer_end_the_connection(
        self, streaming: Callable[..., Session]
    ) -> None:
        """A price counts as an answer."""
        session = streaming("BTC-USD")
        for at in (10, 20):
            session.tick(NOON + at * SECOND)
        session.received(DATA, NOON + 25 * SECOND)
        for at in (30, 40, 50):
            session.tick(NOON + at * SECOND)
        session.actions()
        session.tick(NOON + 60 * SECOND)
        assert session.actions() == [Reconnect("no_pong")]

    def test_a_refused_subscription_is_tried_coin_by_coin(
        self,
        streaming: Callable[..., Session],
        sent: Callable[[Session], list[dict[str, object]]],
        refused: Callable[[Session], dict[str, str]],
    ) -> None:
        """So that one unknown number costs no more than itself."""
        session = streaming("BTC-USD", "USDE-USD")
        session.actions()
        error = '{"type":"error","id":%d,"status":{"error_code":"2201","error_detail":"id"}}'
        session.received(error % 1, NOON)
        assert [body["params"] for body in sent(session)] == [{"crypto_ids": [1]}, {"crypto_ids": [29470]}]
        session.received(error % 3, NOON)
        assert refused(session) == {"USDE-USD": "it says: 2201 id"}

    def test_a_key_that_is_no_good_is_not_used_again(self, streaming: Callable[..., Session]) -> None:
        """The plan does not include the stream."""
        session = streaming("BTC-USD")
        session.actions()
        session.received('{"type":"error","status":{"error_code":"1006","error_message":"plan"}}', NOON)
        assert session.actions() == [
            KeyRefused("subscribe", "CoinMarketCap 1006: plan"),
            Reconnect("key_refused", MINUTE),
        ]
