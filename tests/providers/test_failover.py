"""Who leads: the first choice, the next one on failure or staleness, and back only after a while."""

from __future__ import annotations

from mdsim.core.sourcing import SourceTerms
from mdsim.core.time import SECOND
from mdsim.providers.failover import Failover
from mdsim.providers.wire import SourceEvent


def terms(name: str, tier: str, priority: int = 1, max_age_s: int = 10) -> SourceTerms:
    """A source of BTC-USD."""
    return SourceTerms(name, "stream", tier, priority, False, max_age_s * SECOND, ("BTC-USD",))


THREE = (
    terms("binance", "exchange_feeds"),
    terms("coinmarketcap", "secondary"),
    terms("coingecko", "primary"),
)


class Day:
    """A failover that is told second by second who speaks."""

    def __init__(self, *sources: SourceTerms) -> None:
        self.failover = Failover(sources, 0)
        self.now_s = 0
        self.events: list[SourceEvent] = []

    def go(self, seconds: int, *speaking: str) -> str:
        """Let time pass while these speak; who leads then."""
        for _ in range(seconds):
            self.now_s += 1
            for name in speaking:
                self.failover.heard(name, "BTC-USD", self.now_s * SECOND)
            self.events += self.failover.look(self.now_s * SECOND)
        return self.failover.lead("BTC-USD")

    @property
    def told(self) -> list[tuple[int, str, str]]:
        """Second, kind and source of every event."""
        return [(event.at_ns // SECOND, event.kind, event.source) for event in self.events]


def test_the_first_tier_leads_then_the_second_then_the_exchanges() -> None:
    """Each falls silent in turn; after thirty seconds the next leads, and each step is an alert."""
    day = Day(*THREE)
    assert day.go(60, "coingecko", "coinmarketcap", "binance") == "coingecko"
    assert day.go(30, "coinmarketcap", "binance") == "coingecko"
    assert day.go(1, "coinmarketcap", "binance") == "coinmarketcap"
    assert day.go(31, "binance") == "binance"
    assert day.go(31) == ""
    assert day.told == [
        (91, "stale", "coingecko"),
        (91, "failover", "coinmarketcap"),
        (122, "stale", "coinmarketcap"),
        (122, "failover", "binance"),
        (153, "stale", "binance"),
        (153, "failover", "binance"),
    ]


def test_a_connection_that_is_gone_fails_over_at_once() -> None:
    """Nobody waits thirty seconds for what is known."""
    day = Day(*THREE)
    day.go(60, "coingecko", "binance")
    day.failover.failed("coingecko")
    assert day.go(1, "binance") == "binance"


def test_a_source_that_comes_back_leads_again_after_thirty_good_seconds() -> None:
    """A flapping first choice does not flap the lead."""
    day = Day(*THREE)
    day.go(60, "coingecko", "binance")
    for _ in range(5):
        day.failover.failed("coingecko")
        assert day.go(1, "binance") == "binance"
        assert day.go(20, "coingecko", "binance") == "binance"
    assert day.go(10, "coingecko", "binance") == "binance"
    assert day.go(1, "coingecko", "binance") == "coingecko"
    assert [kind for _, kind, _ in day.told].count("failover") == 2


def test_at_the_start_the_first_choice_leads_as_soon_as_it_speaks() -> None:
    """Whoever connects first leads for a moment, not for thirty seconds, and that is no alert."""
    day = Day(*THREE)
    assert day.go(2, "binance") == "binance"
    assert day.go(1, "binance", "coingecko") == "coingecko"
    assert day.told == []


def test_an_alert_names_who_led_and_who_leads() -> None:
    """Also when nobody is left, and when somebody is there again."""
    day = Day(*THREE)
    day.go(60, "coingecko", "binance")
    for names in (("binance",), (), ("coingecko",)):
        for gone in ("coingecko", "binance"):
            if gone not in names:
                day.failover.failed(gone)
        day.go(1, *names)
    assert [(event.was, event.leads) for event in day.events if event.kind == "failover"] == [
        ("coingecko", "binance"),
        ("binance", ""),
        ("", "coingecko"),
    ]


def test_a_stale_source_with_nobody_behind_it_is_taken_again_at_once() -> None:
    """Hysteresis is for a choice; with no other source well there is none."""
    day = Day(*THREE)
    day.go(60, "binance")
    assert day.go(60) == ""
    assert day.go(1, "binance") == "binance"


def test_priority_orders_a_tier_and_the_file_orders_equals() -> None:
    """1 before 2; of two ones the first in the configuration."""
    day = Day(terms("b", "primary", 2), terms("c", "primary"), terms("a", "primary"))
    assert day.go(5, "a", "b", "c") == "c"


def test_a_slow_source_is_stale_by_its_own_measure() -> None:
    """An aggregator that speaks once in five minutes is not stale after thirty seconds."""
    day = Day(terms("coingecko", "primary", max_age_s=300), terms("binance", "exchange_feeds"))
    day.go(1, "coingecko", "binance")
    assert day.go(300, "binance") == "coingecko"
    assert day.go(1, "binance") == "binance"


def test_a_source_that_refuses_an_instrument_has_no_part_in_it() -> None:
    """It neither leads nor goes stale."""
    day = Day(*THREE)
    day.failover.refused("coingecko", "BTC-USD")
    assert day.go(120, "binance", "coinmarketcap") == "coinmarketcap"
    assert day.told == []
    assert Failover(THREE, 0).lead("ETH-USD") == ""
