"""The replay feed: exact where recorded, derived or made up elsewhere, and honest about which."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from mdsim.core.decimals import from_steps, grid_steps
from mdsim.core.errors import DataError, MdsimError, UsageError
from mdsim.core.instruments import ALL
from mdsim.core.ports import FeedRequest
from mdsim.core.time import DAY, HOUR, MINUTE, SECOND, parse_utc
from mdsim.sources.replay import ReplayFeed, open_feed
from mdsim.sources.synthetic import SyntheticFeed

Open = Callable[..., ReplayFeed]
Requester = Callable[..., FeedRequest]
Writer = Callable[..., Path]
T0_MS = 1_722_816_000_000
T0 = T0_MS * 1_000_000
BP = 1e-4


def prices(feed: ReplayFeed, symbol: str, until_ns: int, step_ns: int = 0) -> list[Decimal]:
    """Prices of an instrument on its grid, at each step from now to ``until_ns``."""
    item, at = feed.catalogue[symbol], feed.catalogue.index[symbol]
    found = []
    now_ns = feed.start_ns
    while now_ns <= until_ns:
        feed.advance(now_ns)
        steps = grid_steps(math.exp(feed.log_prices[at]), float(item.price_increment))
        found.append(from_steps(steps, item.price_increment))
        now_ns += step_ns or feed.step_ns
    return found


def refusal(request: FeedRequest) -> MdsimError:
    """The error that opening raises."""
    with pytest.raises(MdsimError) as caught:
        open_feed(request)
    return caught.value


def test_the_crash_is_published_to_the_cent(open_replay: Open) -> None:
    """BTC-USDT opens 2024-08-05 06:20 as recorded and prints its low of 49000.00 within the bar."""
    start_ns = parse_utc("2024-08-05T06:20:00Z")
    feed = open_replay(start_ns=start_ns)
    found = prices(feed, "BTC-USDT", start_ns + 5 * MINUTE - SECOND)
    assert len(found) == 300
    assert min(found) == Decimal("49000.00")
    assert found[0] == Decimal("50893.99")


@pytest.mark.parametrize("step_ns", [SECOND, 10 * SECOND, 75 * SECOND])
def test_every_recorded_bar_is_touched_at_grid_precision(
    open_replay: Open, write_bars: Writer, step_ns: int
) -> None:
    """Open, high, low and close of each bar are published exactly, with four steps a bar or more."""
    rows = [(60000.01, 60321.55, 59876.54, 60111.11), (60111.11, 60111.11, 58000.0, 58000.07)]
    path = write_bars("BTCUSDT", rows, interval_ms=300_000)
    found = prices(open_replay(path, step_ns=step_ns), "BTC-USDT", T0 + 10 * MINUTE - step_ns)
    per_bar = 300 * SECOND // step_ns
    for at, row in enumerate(rows):
        part = found[at * per_bar : (at + 1) * per_bar]
        expected = tuple(Decimal(str(price)) for price in row)
        assert (part[0], max(part), min(part), part[-1]) == expected


def test_a_pair_in_usdt_moves_its_asset_through_the_made_up_dollar(open_replay: Open) -> None:
    """BTC-USD = recorded BTC-USDT x synthetic USDT-USD, and the recorded pair stays exact."""
    feed = open_replay(start_ns=parse_utc("2024-08-05T00:00:00Z"))
    index = feed.catalogue.index
    for minute in range(1, 120):
        feed.advance(feed.start_ns + minute * MINUTE)
        logs = feed.log_prices
        assert logs[index["BTC-USD"]] == pytest.approx(logs[index["BTC-USDT"]] + logs[index["USDT-USD"]])
        assert abs(logs[index["USDT-USD"]]) < 20 * BP
        assert abs(logs[index["BTC-ETH"]] - logs[index["BTC-USD"]] + logs[index["ETH-USD"]]) <= 4 * BP + 1e-9
        assert abs((logs[index["BTC-USD-PERP"]] - logs[index["BTC-USD"]]) / BP + 4.5) < 6
    assert logs[index["USDT-USD"]] != 0.0


def test_the_made_up_legs_are_those_of_a_synthetic_market(
    open_replay: Open, open_synthetic: Callable[..., SyntheticFeed]
) -> None:
    """One seed, one USDT-USD, whichever feed plays it."""
    start_ns = parse_utc("2024-08-05T00:00:00Z")
    replayed, synthetic = open_replay(start_ns=start_ns), open_synthetic(start_ns=start_ns)
    at = replayed.catalogue.index["USDT-USD"]
    for feed in (replayed, synthetic):
        feed.advance(start_ns + HOUR)
    assert replayed.log_prices[at] == synthetic.log_prices[at]


def test_what_is_made_up_is_said(open_replay: Open) -> None:
    """One sentence for each leg that no recording tells."""
    feed = open_replay(symbols=("BTC-USDT", "BTC-USD", "USDT-BTC", "BTC-USD-PERP", "USDC-USD"), BTC="1")
    assert feed.notes == (
        "BTC-USDT: recorded bars; the path between a bar's open, low, high and close is made up",
        "ETH-USDT: recorded bars; the path between a bar's open, low, high and close is made up",
        "USDC-USD is not recorded: made up, around its peg",
        "USDT-USD is not recorded: made up, around its peg",
        "BTC-USD follows the recorded BTC-USDT and USDT-USD",
        "ETH-USD follows the recorded ETH-USDT and USDT-USD",
        "USDT-BTC is not recorded: its legs and a made-up term of at most 4 bps",
        "BTC-USD-PERP is not recorded: BTC-USD and a made-up basis around -4.5 bps",
        "the start price of BTC is not used: BTC is recorded",
    )


def test_a_coin_without_recording_is_made_up_from_its_start_price(
    open_replay: Open, write_bars: Writer
) -> None:
    """And the run is told that it has nothing to do with the recording."""
    path = write_bars("BTCUSD", [(100, 101, 99, 100)] * 3)
    feed = open_replay(path, symbols=("BTC-USD", "ETH-USD", "BTC-ETH"), ETH="50")
    assert [math.exp(log) for log in feed.log_prices] == pytest.approx([100, 50, 2], rel=4e-4)
    assert "ETH-USD is not recorded: made up, and unrelated to the recording" in feed.notes


def test_a_step_too_coarse_for_the_bars_is_said(open_replay: Open) -> None:
    """Below four steps a bar lows and highs are skipped, so the run must say so."""
    feed = open_replay(step_ns=2 * MINUTE, symbols=("BTC-USDT",))
    assert (
        "BTC-USDT: a step of 2m skips lows and highs of 5m bars; step at most every 1m15s to see them all"
        in feed.notes
    )
    assert not any("skips" in note for note in open_replay(step_ns=75 * SECOND).notes)


def test_a_perpetual_alone_tells_its_asset_less_the_basis(open_replay: Open, write_bars: Writer) -> None:
    """The perpetual is exact; spot stands 4.5 bps above it, within the basis's spread."""
    path = write_bars("BTC-USD-PERP", [(60000.1, 60100.2, 59900.3, 60000.4)] * 20)
    feed = open_replay(path, symbols=("BTC-USD", "BTC-USD-PERP"))
    spot, perpetual = feed.log_prices
    assert math.exp(perpetual) == pytest.approx(60000.1)
    assert (spot - perpetual) / BP == pytest.approx(4.5)
    found = prices(feed, "BTC-USD-PERP", T0 + MINUTE - SECOND)
    assert (min(found), max(found)) == (Decimal("59900.3"), Decimal("60100.2"))
    assert "BTC-USD follows the recorded BTC-USD-PERP less a made-up basis" in feed.notes


def test_a_perpetual_may_tell_an_asset_without_being_priced_itself(
    open_replay: Open, write_bars: Writer
) -> None:
    """The catalogue of the run may be smaller than the dataset."""
    feed = open_replay(write_bars("BTCUSD_PERP", [(100, 101, 99, 100)] * 3), symbols=("BTC-USD",))
    assert math.exp(feed.log_prices[0]) == pytest.approx(100 * math.exp(4.5 * BP))


def test_a_perpetual_recorded_in_usdt_is_converted(open_replay: Open, write_bars: Writer) -> None:
    """Published in USD through USDT-USD, which starts at its peg or where it is put."""
    path = write_bars("um_perp_BTCUSDT", [(100, 101, 99, 100)] * 3)
    feed = open_replay(path, symbols=("BTC-USD-PERP", "USDT-USD"), USDT="0.9")
    index = feed.catalogue.index
    assert math.exp(feed.log_prices[index["BTC-USD-PERP"]]) == pytest.approx(90)
    assert "BTC-USD-PERP is recorded in USDT and converted through USDT-USD" in feed.notes


def test_an_inverse_pair_gives_its_asset_the_other_way_round(open_replay: Open, write_bars: Writer) -> None:
    """USDT-BTC at .00002 says that bitcoin is worth 50,000 tether."""
    path = write_bars("USDT-BTC", [(0.00002, 0.000021, 0.000019, 0.00002)] * 3)
    feed = open_replay(path, symbols=("BTC-USD", "USDT-BTC"))
    assert [math.exp(log) for log in feed.log_prices] == pytest.approx([50_000, 0.00002])


def test_one_asset_in_two_currencies_keeps_their_ratio_inside_bars(
    open_replay: Open, write_bars: Writer, tmp_path: Path
) -> None:
    """BTC in USD and in USDC, 2 % apart: USDC-USD is .98 at every instant, not only at the touches."""
    rows = [(100.0, 110.0, 90.0, 105.0), (105.0, 106.0, 80.0, 81.0)]
    write_bars("usd", [tuple(price * 0.98 for price in row) for row in rows])
    write_bars("usdc", rows)
    files = {
        symbol: {"file": f"{name}.csv", "quote": name.upper(), "kind": "bars"}
        for symbol, name in (("BTC-USD", "usd"), ("BTC-USDC", "usdc"))
    }
    manifest = {"name": "x", "about": "y", "instruments": files}
    (tmp_path / "dataset.json").write_text(json.dumps(manifest))
    feed = open_replay(tmp_path, symbols=("USDC-USD",))
    assert set(prices(feed, "USDC-USD", T0 + 2 * MINUTE)) == {Decimal("0.98")}
    assert "USDC-USD follows the recorded BTC-USDC and BTC-USD, inside a bar only roughly" in feed.notes


def test_trades_keep_their_own_update_times(open_replay: Open, tmp_path: Path) -> None:
    """Between trades a recorded instrument grows old, as it did then."""
    path = tmp_path / "BTCUSD_trades.csv"
    path.write_text(f"timestamp_ms,price\n{T0_MS},100\n{T0_MS + 2500},101\n{T0_MS + 9000},102\n")
    feed = open_replay(path, symbols=("BTC-USD",))
    seen = []
    for second in (0, 1, 2, 3, 4, 9):
        feed.advance(T0 + second * SECOND)
        seen.append((round(math.exp(feed.log_prices[0])), (feed.updated_ns[0] - T0) // 1_000_000))
    assert seen == [(100, 0), (100, 0), (100, 0), (101, 2500), (101, 2500), (102, 9000)]


def test_odd_instants_and_late_calls_change_nothing(open_replay: Open) -> None:
    """As for every base feed: the grid alone decides."""
    steady, odd = open_replay(seed=5), open_replay(seed=5)
    for at in range(1, 1201):
        steady.advance(steady.start_ns + at * SECOND)
    for at in (1, 7, 7, 900_000_000, 3 * SECOND + 5, 77 * SECOND, 700 * SECOND + 1, 1200 * SECOND):
        odd.advance(odd.start_ns + at)
    assert odd.log_prices == steady.log_prices
    assert odd.updated_ns == steady.updated_ns


def test_a_run_may_use_the_recording_to_its_last_instant(open_replay: Open, write_bars: Writer) -> None:
    """At the very end the last close stands; one instant later is an error."""
    path = write_bars("BTCUSD", [(100, 101, 99, 100), (100, 104, 99, 103)])
    feed = open_replay(path, symbols=("BTC-USD",), length_ns=2 * MINUTE)
    assert feed.end_ns == T0 + 2 * MINUTE
    feed.advance(feed.end_ns)
    assert math.exp(feed.log_prices[0]) == pytest.approx(103)
    with pytest.raises(DataError, match="ends at 2024-08-05T00:02:00Z") as caught:
        feed.advance(feed.end_ns + 1)
    assert caught.value.code == "MD232"


@pytest.mark.parametrize(
    ("start", "length_ns", "code", "message", "hint"),
    [
        (
            "2024-08-01",
            None,
            "MD230",
            "lies before the recording",
            "start before 2024-08-10T00:00:00Z, and not",
        ),
        (
            "2024-08-10",
            None,
            "MD230",
            "lies after the recording",
            "start before 2024-08-10T00:00:00Z, and not",
        ),
        ("2025-01-01", HOUR, "MD230", "lies after", "start at 2024-08-09T23:00:00Z at the latest"),
        ("2024-08-09", 30 * HOUR, "MD231", "only 1d are recorded", "start at 2024-08-08T18:00:00Z at the"),
        ("2024-08-02", 9 * DAY, "MD231", "may take 9d", "shorten the run"),
    ],
)
def test_a_run_that_does_not_fit_is_refused(
    request_for: Requester, start: str, length_ns: int | None, code: str, message: str, hint: str
) -> None:
    """With the range of the recording and the latest start that would do."""
    error = refusal(request_for(dataset="2024-08-05", start_ns=parse_utc(start), length_ns=length_ns))
    assert isinstance(error, UsageError)
    assert error.code == code
    assert message in error.message
    assert "2024-08-02T00:00:00Z to 2024-08-10T00:00:00Z" in error.message
    assert error.hint.startswith(hint)


def test_a_replay_needs_a_dataset(request_for: Requester) -> None:
    """The hint lists those that are shipped."""
    error = refusal(request_for())
    assert error.code == "MD209"
    assert "2024-08-05" in error.hint


def test_recordings_without_common_time_are_refused(
    request_for: Requester, write_bars: Writer, tmp_path: Path
) -> None:
    """All files of a dataset play together."""
    rows = [(100, 101, 99, 100)] * 2
    write_bars("a", rows)
    write_bars("b", rows, first_ms=T0_MS + 120_000)
    files = {
        symbol: {"file": f"{name}.csv", "quote": "USD", "kind": "bars"}
        for symbol, name in (("BTC-USD", "a"), ("ETH-USD", "b"))
    }
    manifest = {"name": "x", "about": "y", "instruments": files}
    (tmp_path / "dataset.json").write_text(json.dumps(manifest))
    assert refusal(request_for(dataset=str(tmp_path))).code == "MD233"


def test_a_file_that_is_not_what_its_manifest_says_is_refused(
    request_for: Requester, write_bars: Writer, tmp_path: Path
) -> None:
    """Bars where trades were promised: one of the two is wrong."""
    write_bars("a", [(100, 101, 99, 100)] * 2)
    manifest = {
        "name": "x",
        "about": "y",
        "instruments": {"BTC-USD": {"file": "a.csv", "quote": "USD", "kind": "trades"}},
    }
    (tmp_path / "dataset.json").write_text(json.dumps(manifest))
    error = refusal(request_for(dataset=str(tmp_path)))
    assert error.code == "MD206"
    assert "holds bars, not the trades that dataset.json says" in error.message


def test_every_instrument_of_the_catalogue_has_a_price_and_a_place(open_replay: Open) -> None:
    """Also those that are off by default, in catalogue order."""
    feed = open_replay(symbols=ALL.symbols)
    assert len(feed.log_prices) == len(feed.updated_ns) == len(ALL)
    by_symbol = dict(zip(feed.catalogue.symbols, feed.log_prices, strict=True))
    assert math.exp(by_symbol["UST-USD"]) == pytest.approx(1)
    assert math.exp(by_symbol["ETH-USDT"]) == pytest.approx(3203.40)
