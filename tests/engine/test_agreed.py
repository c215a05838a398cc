"""A base feed that rests on sources, and what the market tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import exp

import msgspec
import pytest

from mdsim.core.conditions import Metric
from mdsim.core.errors import UnavailableError
from mdsim.core.impairing import Disturbance, Injection
from mdsim.core.instruments import ALL
from mdsim.core.ports import FeedRequest
from mdsim.core.seeds import SeedTree
from mdsim.core.sourcing import Judgement, Report, SourceTerms
from mdsim.core.time import SECOND
from mdsim.engine.agreed import AgreedFeed
from mdsim.engine.corridor import Engine
from mdsim.engine.tape import Tape
from mdsim.sources.still import StillFeed

CATALOGUE = ALL.only(["BTC-USD", "ETH-USD"])


class Scripted:
    """A source that says what the test wrote, at its times."""

    notes = ("one source, and that is a script",)
    terms = (
        SourceTerms("kraken", "simulated", "exchange_feeds", 1, False, 5 * SECOND, ("BTC-USD", "ETH-USD")),
    )

    def __init__(self, *script: tuple[int, str]) -> None:
        self._script = [
            Report("kraken", "BTC-USD", at_ns, at_ns, 0, None, None, Decimal(price), None)
            for at_ns, price in script
        ]
        self.disturbed: list[Sequence[Disturbance]] = []

    def drain(self, now_ns: int) -> Sequence[Report]:
        due = [report for report in self._script if report.ts_recv_ns <= now_ns]
        self._script = [report for report in self._script if report.ts_recv_ns > now_ns]
        return due

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        self.disturbed.append(disturbances)

    def injections(self) -> Sequence[Injection]:
        return ()


class Trusting:
    """A room that agrees with whoever spoke last, and halts what costs 1."""

    def __init__(self) -> None:
        self.last: dict[str, Report] = {}

    def take(self, report: Report) -> None:
        self.last[report.symbol] = report

    def judge(self, now_ns: int) -> None:
        self.now_ns = now_ns

    def judgement(self, at: int) -> Judgement:
        symbol = CATALOGUE.symbols[at]
        said = self.last.get(symbol)
        price = 0.0 if said is None or said.last is None else float(said.last)
        state = "HALTED" if price == 1.0 else "SINGLE" if price else "STALE"
        updated_ns = -1 if said is None else said.ts_recv_ns
        return Judgement(symbol, price, price, 2.0, 0.25, 1, 1, state, "one source is left", updated_ns)

    def source_updated_ns(self, at: int, source: str) -> int | None:
        said = self.last.get(CATALOGUE.symbols[at])
        return said.ts_recv_ns if said is not None and source == "kraken" else None


def market(*script: tuple[int, str]) -> Engine:
    """An engine on a scripted source around a still market, from 0 on."""
    around = StillFeed(FeedRequest(CATALOGUE, SeedTree(1), 0, SECOND))
    feed = AgreedFeed(Scripted(*script), Trusting(), CATALOGUE, start_ns=0, step_ns=SECOND, around=around)
    return Engine(feed, {}, {}, seeds=SeedTree(1))


def test_agreed_prices_are_the_base_and_the_rest_is_the_market_around() -> None:
    """What a source tells is priced so; what none lists has the price of the market they stand around."""
    engine = market((0, "64000"), (2 * SECOND, "65000"))
    prices = []
    for now_ns in range(0, 3 * SECOND, SECOND):
        engine.cycle(now_ns)
        prices.append(engine.view.price("BTC-USD"))
    assert prices == [Decimal("64000.00"), Decimal("64000.00"), Decimal("65000.00")]
    assert engine.view.price("ETH-USD") == Decimal("3000.00")
    assert exp(engine.feed.log_prices[0]) == pytest.approx(65000)


def test_the_view_tells_what_the_sources_agree_on() -> None:
    """Confidence, sources, state and the age of one source come from the judgement."""
    engine = market((0, "64000"))
    engine.cycle(0)
    engine.cycle(3 * SECOND)
    read = {
        subject: engine.view.reader(subject)()
        for subject in (
            Metric("confidence", "BTC-USD"),
            Metric("sources", "BTC-USD"),
            Metric("state", "BTC-USD"),
            Metric("age", "BTC-USD", source="kraken"),
            Metric("age", "ETH-USD", source="kraken"),
        )
    }
    assert list(read.values()) == [0.25, 1, "SINGLE", 3 * SECOND, None]


def test_a_source_that_is_not_there_is_named_with_those_that_are() -> None:
    """The message lists the sources."""
    with pytest.raises(UnavailableError) as caught:
        market((0, "64000")).view.reader(Metric("age", "BTC-USD", source="bitstamp"))
    assert caught.value.code == "MD254"
    assert "kraken" in str(caught.value.hint)


def test_a_market_without_sources_does_not_make_up_an_age() -> None:
    """On a plain feed what belongs to sources is not measured."""
    engine = Engine(StillFeed(FeedRequest(CATALOGUE, SeedTree(1), 0, SECOND)), {}, {})
    for subject in (Metric("confidence", "BTC-USD"), Metric("age", "BTC-USD", source="kraken")):
        with pytest.raises(UnavailableError) as caught:
            engine.view.reader(subject)
        assert caught.value.code == "MD253"


def test_what_the_room_halts_is_not_published() -> None:
    """The last good quote stands, the state says so, and other instruments go on."""
    engine = market((0, "64000"), (SECOND, "1"), (2 * SECOND, "63000"))
    tape = Tape(engine)
    states, published = [], []
    for now_ns in range(0, 3 * SECOND, SECOND):
        engine.cycle(now_ns)
        published.append([event.symbol for event in tape.record() if type(event).__name__ == "Tick"])
        quote = tape.quote("BTC-USD")
        states.append((quote.state, quote.price, quote.confidence))
    assert states == [
        ("SINGLE", Decimal("64000.00"), Decimal("0.2500")),
        ("HALTED", Decimal("64000.00"), Decimal("0.2500")),
        ("SINGLE", Decimal("63000.00"), Decimal("0.2500")),
    ]
    assert published == [["BTC-USD", "ETH-USD"], ["ETH-USD"], ["BTC-USD", "ETH-USD"]]


def test_what_the_room_halts_neither_trades_nor_shows_another_book() -> None:
    """No prints, no volume, no depth: the last book stands as the last quote does, and then both go on."""
    engine = market((0, "64000"), (60 * SECOND, "1"), (180 * SECOND, "64000"))
    tape = Tape(engine)
    told: dict[str, list[int]] = {"Trade": [], "BookSnapshot": [], "BookDelta": []}
    books = []
    for now_ns in range(0, 240 * SECOND, SECOND):
        engine.cycle(now_ns)
        for event in tape.record():
            if event.symbol == "BTC-USD" and type(event).__name__ in told:
                told[type(event).__name__].append(event.ts_event_ns)
        book, quote = tape.book("BTC-USD", 20), tape.quote("BTC-USD")
        assert (book.bids[0].price, book.asks[0].price) == (quote.bid, quote.ask)
        if quote.state == "HALTED":
            books.append((book.bids, book.asks))
    assert len(books) == 120
    assert all(book == books[0] for book in books)
    for times in (told["Trade"], told["BookSnapshot"] + told["BookDelta"]):
        assert not [at_ns for at_ns in times if 60 * SECOND <= at_ns < 180 * SECOND]
        assert [at_ns for at_ns in times if at_ns < 60 * SECOND]
        assert [at_ns for at_ns in times if at_ns > 180 * SECOND]


def test_made_up_prices_go_on_from_the_last_agreed_one_and_say_so() -> None:
    """Filled in where a source never spoke; flagged, without confidence, and gone when a source speaks."""
    around = StillFeed(FeedRequest(CATALOGUE, SeedTree(1), 0, SECOND))
    source = Scripted((0, "64000"), (2 * SECOND, "65000"))
    feed = AgreedFeed(source, Trusting(), CATALOGUE, start_ns=0, step_ns=SECOND, fill_in=around)
    engine = Engine(feed, {}, {}, seeds=SeedTree(1))
    engine.cycle(0)
    assert engine.view.price("ETH-USD") == Decimal("3000.00")
    filled = feed.judgement(CATALOGUE.index["ETH-USD"])
    assert (filled.state, filled.confidence, filled.used) == ("FILLED", 0.0, 0)
    assert feed.judgement(0).state == "SINGLE"


def test_what_falls_silent_is_filled_in_from_where_it_was() -> None:
    """The made-up market's own level has no say: only its movement has."""

    class Forgetful(Trusting):
        def judgement(self, at: int) -> Judgement:
            judged = super().judgement(at)
            silent = self.now_ns - judged.updated_ns > 2 * SECOND
            return msgspec.structs.replace(judged, state="STALE") if silent else judged

    around = StillFeed(FeedRequest(CATALOGUE, SeedTree(1), 0, SECOND))
    source = Scripted((0, "64000"), (9 * SECOND, "61000"))
    feed = AgreedFeed(source, Forgetful(), CATALOGUE, start_ns=0, step_ns=SECOND, fill_in=around)
    engine = Engine(feed, {}, {}, seeds=SeedTree(1))
    seen = []
    for now_ns in range(0, 10 * SECOND, SECOND):
        engine.cycle(now_ns)
        seen.append((feed.judgement(0).state, engine.view.price("BTC-USD")))
    assert seen[2] == ("SINGLE", Decimal("64000.00"))
    assert seen[3:9] == [("FILLED", Decimal("64000.00"))] * 6
    assert seen[9] == ("SINGLE", Decimal("61000.00"))
