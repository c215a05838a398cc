"""CoinGecko's session, answer by answer."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from mdsim.core.sourcing import Report
from mdsim.core.time import SECOND, parse_utc
from mdsim.providers.adapters.coingecko import PROVIDER, Price, parse
from mdsim.providers.session import Answer, Fetch, KeyRefused, Limited, Session

NOON = parse_utc("2026-05-27T12:00:00Z")
LIMITED = (
    b'{"status":{"error_code":429,"error_message":"You\'ve exceeded the Rate Limit. Please visit the '
    b'pricing page to subscribe to our API plans for higher rate limits."}}'
)


def answer(body: bytes, status: int = 200, tag: str = "prices") -> Answer:
    """An answer at noon."""
    return Answer(tag, status, {}, body, NOON)


@pytest.fixture
def asked(open_session: Callable[..., Session]) -> Callable[..., Session]:
    """A session that has asked for prices, its requests taken."""

    def make(*symbols: str) -> Session:
        session = open_session("coingecko", *symbols)
        session.start(NOON)
        session.tick(NOON)
        session.actions()
        return session

    return make


def test_one_request_asks_for_everything_by_id(
    open_session: Callable[..., Session], fetches: Callable[[Session], list[Fetch]]
) -> None:
    """Each id and each currency once, with every digit, the volume and the time."""
    session = open_session("coingecko", "BTC-USD", "BTC-ETH", "USDT-USD", "USDT-BTC")
    session.start(NOON)
    session.tick(NOON)

    assert [fetch.path for fetch in fetches(session)] == [
        "/simple/price?ids=bitcoin,tether&vs_currencies=usd,eth,btc"
        "&include_24hr_vol=true&include_last_updated_at=true&precision=full"
    ]


def test_what_it_cannot_quote_is_refused_at_once(
    open_session: Callable[..., Session], refused: Callable[[Session], dict[str, str]]
) -> None:
    """There is no usdt quote, and a future is no coin; without anything left nothing is asked."""
    session = open_session("coingecko", "BTC-USDT", "BTC-USDC", "BTC-USD-PERP")
    session.start(NOON)

    assert list(refused(session)) == ["BTC-USDT", "BTC-USDC", "BTC-USD-PERP"]
    assert session.due_ns() is None


def test_it_asks_at_its_interval(asked: Callable[..., Session]) -> None:
    """Whether or not an answer came."""
    session = asked("BTC-USD")
    assert session.due_ns() == NOON + 10 * SECOND
    session.tick(NOON + 10 * SECOND)
    assert [type(action) for action in session.actions()] == [Fetch]


def test_a_price_is_reported_with_its_time_and_volume(asked: Callable[..., Session]) -> None:
    """An integer price; the time is in seconds; the volume, told in dollars, becomes one in bitcoin."""
    session = asked("BTC-USD")
    body = b'{"bitcoin":{"usd":80000,"usd_24h_vol":28160000000.0,"last_updated_at":1779092258}}'
    [report] = session.fetched(answer(body))

    assert report == Report(
        "coingecko", "BTC-USD", 1_779_092_258 * SECOND, NOON, 0, None, None, Decimal(80000), Decimal(352000)
    )
    assert session.ready


def test_the_vendors_own_example_is_read(
    asked: Callable[..., Session], shared_recording: Callable[[str], Path]
) -> None:
    """Of May 2026, with all the fields that may be asked for."""
    session = asked("BTC-USD")
    [report] = session.fetched(answer(shared_recording("coingecko/oas_simple_price.json").read_bytes()))
    assert (report.last, report.ts_event_ns) == (Decimal(76975), 1_779_092_258 * SECOND)
    assert str(report.volume_24h) == "378000.693977"


def test_small_prices_keep_their_digits(asked: Callable[..., Session]) -> None:
    """They come with an exponent, and never pass through a float."""
    session = asked("USDT-BTC")
    [report] = session.fetched(answer(b'{"tether":{"btc":1.2991000000000000001e-05,"last_updated_at":1}}'))
    assert report.last == Decimal("0.000012991000000000000001")


def test_an_unknown_coin_is_refused_after_the_first_answer(
    asked: Callable[..., Session], refused: Callable[[Session], dict[str, str]]
) -> None:
    """CoinGecko leaves it out without a word; later the same only means that a price is missing."""
    session = asked("BTC-USD", "USDE-USD", "ETH-USD")
    session.fetched(answer(b'{"bitcoin":{"usd":1},"ethereum":{"usd":2}}'))
    assert list(refused(session)) == ["USDE-USD"]

    session.fetched(answer(b'{"bitcoin":{"usd":1}}'))
    assert refused(session) == {}
    assert session.counters.errors == {"no_price": 1}


def test_an_empty_answer_is_believed_the_second_time(
    asked: Callable[..., Session], refused: Callable[[Session], dict[str, str]]
) -> None:
    """A hiccup must not switch the source off."""
    session = asked("BTC-USD")
    session.fetched(answer(b"{}"))
    assert refused(session) == {}
    session.fetched(answer(b"{}"))
    assert list(refused(session)) == ["BTC-USD"]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b'{"bitcoin":{"usd":null}}', "no_price"),
        (b'{"bitcoin":{}}', "no_price"),
        (b'{"bitcoin":{"usd":0}}', "malformed"),
        (b'{"bitcoin":{"usd":-1}}', "malformed"),
        (b'{"bitcoin":{"usd":1e400}}', "malformed"),
        (b'{"bitcoin":{"usd":1,"last_updated_at":1e30}}', "malformed"),
        (b"<html>", "malformed"),
        (b"[]", "malformed"),
        (b'{"error":"coin not found"}', "refused"),
    ],
)
def test_what_is_no_price_is_counted(asked: Callable[..., Session], body: bytes, word: str) -> None:
    """And nothing is reported."""
    session = asked("BTC-USD")
    assert list(session.fetched(answer(body))) == []
    assert session.counters.errors == {word: 1}


class TestTrouble:
    """What CoinGecko says when it does not give prices."""

    def test_too_often_may_come_with_status_200(self, asked: Callable[..., Session]) -> None:
        """Seen in the wild; the transport knows 429 as a status by itself."""
        session = asked("BTC-USD")
        session.fetched(answer(LIMITED))
        assert session.actions() == [Limited("prices")]
        session.fetched(answer(LIMITED, 429))
        assert session.actions() == []
        assert session.counters.errors == {"limited": 1, "http_429": 1}

    @pytest.mark.parametrize("shape", [b'{"status":%s}', b'{"error":%s}'])
    def test_a_key_on_the_wrong_host_is_not_used_again(
        self, asked: Callable[..., Session], shape: bytes
    ) -> None:
        """A pro key on the demo host, and the other way round."""
        session = asked("BTC-USD")
        session.fetched(answer(shape % b'{"error_code":10011,"error_message":"change your root URL"}', 400))
        assert session.actions() == [KeyRefused("prices", "CoinGecko 10011: change your root URL")]

    def test_a_currency_that_went_out_of_use_is_refused_alone(
        self, asked: Callable[..., Session], refused: Callable[[Session], dict[str, str]]
    ) -> None:
        """One of them fails the whole request, so the list of them is asked for."""
        session = asked("BTC-USD", "BTC-ETH")
        session.fetched(answer(b'{"error":"invalid vs_currency"}', 400))
        [fetch] = session.actions()
        assert isinstance(fetch, Fetch)
        assert fetch.path == "/simple/supported_vs_currencies"
        session.fetched(answer(b'["btc","usd"]', tag=fetch.tag))
        assert list(refused(session)) == ["BTC-ETH"]

    @pytest.mark.parametrize("status", [0, 403, 503])
    def test_other_statuses_are_counted(self, asked: Callable[..., Session], status: int) -> None:
        """No answer, a wall, a server in trouble."""
        session = asked("BTC-USD")
        session.fetched(answer(b"error code: 1020", status))
        assert session.counters.errors == {f"http_{status}": 1}


def test_the_vendors_list_of_currencies_has_the_ones_we_ask_for(
    shared_recording: Callable[[str], Path],
) -> None:
    """As of May 2026: dollars, bitcoin and ether, but no stablecoin."""
    listed = msgspec.json.decode(shared_recording("coingecko/oas_supported_vs_currencies.json").read_bytes())
    assert {"usd", "btc", "eth"} <= {*listed}
    assert {"usdt", "usdc"}.isdisjoint(listed)


def test_a_price_is_read_with_its_time_and_volume() -> None:
    """Other fields of a coin are passed over."""
    told = parse(b'{"bitcoin":{"usd":1.50,"usd_24h_vol":3,"usd_market_cap":null,"last_updated_at":2}}', 0)
    assert told.coins == {"bitcoin": {"usd": Price(Decimal("1.50"), Decimal(3), 2 * SECOND)}}


def test_each_host_has_its_header_for_the_key() -> None:
    """Demo keys and keys of paid plans."""
    header = PROVIDER.offers[0].key_header
    assert header("https://api.coingecko.com/api/v3") == "x-cg-demo-api-key"
    assert header("https://pro-api.coingecko.com/api/v3") == "x-cg-pro-api-key"
