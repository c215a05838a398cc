"""What faults may do to raw messages, on each provider's own format."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.instruments import ALL
from mdsim.core.time import SECOND
from mdsim.providers.handling import WireHandling
from mdsim.providers.wire import ANSWER, MESSAGE, Heard

HANDLING = WireHandling(ALL)

QUOTE = '{"u":7,"s":"BTCUSDT","b":"50.10000000","B":"2","a":"50.20000000","A":"3"}'
DEPTH = '{"e":"depthUpdate","E":1700000000123,"s":"BTCUSDT","U":5,"u":7,"b":[["50.1","2"]],"a":[]}'
KRAKEN = (
    '{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":75612.20,"qty":0.01000000}],'
    '"asks":[],"checksum":1,"timestamp":"2026-05-27T02:18:39.697069Z"}]}'
)
COINBASE = (
    '{"type":"l2update","product_id":"BTC-USD","changes":[["buy","22356.27","0.5"]],'
    '"time":"2026-05-27T02:18:39.697069Z"}'
)
COINGECKO = b'{"bitcoin":{"usd":76975,"usd_24h_vol":12.5,"last_updated_at":1779092258}}'


def message(raw: str) -> Heard:
    """A message that came."""
    return Heard("x", 1, 5, MESSAGE, raw)


def answer(raw: bytes) -> Heard:
    """An answer that came."""
    return Heard("x", 1, 5, ANSWER, raw, "t", "/p", 200)


@pytest.mark.parametrize(
    ("raw", "symbol", "channel", "seq"),
    [
        (QUOTE, "BTC-USDT", "tick", 7),
        (f'{{"stream":"btcusdt@bookTicker","data":{QUOTE}}}', "BTC-USDT", "tick", 7),
        (DEPTH, "BTC-USDT", "depth", 7),
        ('{"e":"trade","s":"ETHUSDT","t":9,"p":"1"}', "ETH-USDT", "trades", 9),
        (KRAKEN, "BTC-USD", "depth", 0),
        (COINBASE, "BTC-USD", "depth", 0),
        ('{"result":null,"id":1}', "", "", 0),
        ("no json", "", "", 0),
    ],
)
def test_a_message_says_what_it_is_about(raw: str, symbol: str, channel: str, seq: int) -> None:
    """Our symbol, the channel, the number; nothing for what is about none."""
    item = message(raw)
    assert (HANDLING.symbol(item), HANDLING.channel(item), HANDLING.seq(item)) == (symbol, channel, seq)


def test_an_answer_is_about_what_was_asked() -> None:
    """One instrument where the request names one, otherwise several; a listing tells no price."""
    snapshot = b'{"lastUpdateId":7,"bids":[["50","1"]],"asks":[]}'
    about = msgspec.structs.replace(answer(snapshot), path="/api/v3/depth?symbol=BTCUSDT&limit=1000")
    assert (HANDLING.symbol(about), HANDLING.channel(about), HANDLING.seq(about)) == ("BTC-USDT", "tick", 7)
    assert (HANDLING.symbol(answer(COINGECKO)), HANDLING.channel(answer(COINGECKO))) == ("*", "tick")
    listing = msgspec.structs.replace(about, raw=b'{"symbols":[{"symbol":"BTCUSDT","status":"TRADING"}]}')
    assert (HANDLING.symbol(listing), HANDLING.channel(listing)) == ("", "")


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (message(QUOTE), '{"u":7,"s":"BTCUSDT","b":"501","B":"2","a":"502","A":"3"}'),
        (message(DEPTH), DEPTH.replace("50.1", "501")),
        (message(KRAKEN), KRAKEN.replace("75612.20", "756122")),
        (message(COINBASE), COINBASE.replace("22356.27", "223562.7")),
        (answer(COINGECKO), COINGECKO.replace(b"76975", b"769750")),
    ],
)
def test_prices_are_scaled_and_sizes_are_not(item: Heard, says: str | bytes) -> None:
    """A shifted point: text stays text, numbers stay numbers, everything else keeps its digits."""
    assert HANDLING.scale(item, 10.0).raw == says


def test_a_frozen_message_has_new_numbers_and_old_prices() -> None:
    """Yesterday's news under today's number and time."""
    newer = DEPTH.replace('"U":5,"u":7', '"U":8,"u":9').replace("50.1", "60.1").replace("123", "456")
    frozen = HANDLING.repeat(message(DEPTH), message(newer))
    assert frozen.raw == DEPTH.replace('"U":5,"u":7', '"U":8,"u":9').replace("123", "456")


def test_numbers_are_skipped_and_times_are_shifted() -> None:
    """A gap in the ids; a clock that is five seconds ahead, in milliseconds, seconds and text."""
    assert HANDLING.skip(message(DEPTH), 3).raw == DEPTH.replace('"U":5,"u":7', '"U":8,"u":10')
    assert HANDLING.shift(message(DEPTH), 5 * SECOND).raw == DEPTH.replace("1700000000123", "1700000005123")
    assert HANDLING.shift(answer(COINGECKO), 5 * SECOND).raw == COINGECKO.replace(
        b"1779092258", b"1779092263"
    )
    assert HANDLING.shift(message(COINBASE), -SECOND).raw == COINBASE.replace("02:18:39", "02:18:38")


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.text(max_size=40) | st.sampled_from([QUOTE, DEPTH, KRAKEN, COINBASE]), st.integers(0, 1_000))
def test_nothing_raises_and_damage_is_damage(raw: str, seed: int) -> None:
    """Whatever the text, every operation gives a message; a damaged one differs."""
    item = message(raw)
    HANDLING.symbol(item)
    HANDLING.repeat(item, message(QUOTE))
    HANDLING.scale(item, 1e300)
    HANDLING.shift(item, 10**20)
    HANDLING.skip(item, 5)
    damaged = HANDLING.corrupt(item, Random(seed))
    assert (damaged.raw != raw) is bool(raw) or "\x00" in raw
