"""Layers on the base feed's own movement: how much, how together, and how it all goes back to 0."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from mdsim.chaos.board import Board
from mdsim.chaos.layers import FARTHEST
from mdsim.chaos.overlay import EASE_NS, Overlays, Voice
from mdsim.chaos.shapes import shipped
from mdsim.core.instruments import ALL
from mdsim.core.params import Symbols, Value
from mdsim.core.ports import Activation, BaseFeed, EffectType, FeedRequest
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.time import HOUR, MINUTE, MS, SECOND
from mdsim.sources import replay, synthetic

if TYPE_CHECKING:
    from tests.chaos.conftest import Stage

EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
PAIR = ("BTC-USD", "ETH-USD")
EASE_S = EASE_NS // SECOND
Levels = list[tuple[float, ...]]


class Walk:
    """A board on a real base feed, step by step."""

    def __init__(self, feed: BaseFeed) -> None:
        self.feed = feed
        self.board = Board(feed.catalogue, shipped(), feed.step_ns)
        self.now_ns = feed.start_ns
        self.board.compute(self.now_ns, feed.log_prices)

    def start(self, verb: str, *symbols: str, run: str = "run", step: str = "step", **args: Value) -> Walk:
        """A condition, from the next step on."""
        effect = EFFECTS[verb]
        named = Symbols(betas=tuple((symbol, Decimal(1)) for symbol in symbols))
        given = {**{param.name: param.default for param in effect.params}, "symbols": named, **args}
        assert effect.check(given, self.feed.catalogue) == []
        streams = SeedTree(1).stream  # none of them draws
        effect.activate(self.board, Activation(run, (0,), step, self.now_ns, 0, given, streams))
        return self

    def steps(self, count: int, extra: int = 0) -> Iterator[tuple[list[float], list[float]]]:
        """Base and published log levels; ``extra`` cycles between two steps of the feed."""
        step_ns = self.feed.step_ns
        for _ in range(count):
            for at in range(1, extra + 1):
                self.cycle(self.now_ns + at * step_ns // (extra + 1))
            self.now_ns += step_ns
            yield self.feed.log_prices, self.cycle(self.now_ns)

    def cycle(self, now_ns: int) -> list[float]:
        self.feed.advance(now_ns)
        return self.board.compute(now_ns, self.feed.log_prices)

    def run(self, count: int, extra: int = 0) -> tuple[Levels, Levels]:
        """Base and published levels of many steps."""
        both = [(tuple(base), tuple(shown)) for base, shown in self.steps(count, extra)]
        return [base for base, _ in both], [shown for _, shown in both]


class Listener:
    """A layer that adds the same in every step and remembers what it has heard of the past."""

    wants_past = True

    def __init__(self, adds: float) -> None:
        self.keys: tuple[int, ...] = (0,)
        self.offsets = [0.0]
        self.heard: list[float] = []
        self._adds = adds

    def hear(self, changes: Sequence[float], span_ns: int) -> None:
        self.heard.append(changes[0])

    def hold(self, by_ns: int) -> None:
        """It has nothing before it."""

    def respond(self, changes: Sequence[float], now_ns: int, span_ns: int) -> list[float]:
        self.offsets[0] += self._adds
        return [self._adds]


WalkMaker = Callable[..., Walk]


@pytest.fixture
def walks() -> WalkMaker:
    """Makes walks on the synthetic feed: ``walks(step_ns, seed, "BTC-USD", …)``."""

    def make(step_ns: int = SECOND, seed: int = 1, *symbols: str) -> Walk:
        catalogue = ALL.only(symbols or PAIR)
        return Walk(synthetic.open_feed(FeedRequest(catalogue, SeedTree(seed), None, step_ns)))

    return make


def moves(levels: Levels, at: int, every: int = 1) -> list[float]:
    """Log returns of one instrument over ``every`` steps."""
    path = [level[at] for level in levels[::every]]
    return [after - before for before, after in itertools.pairwise(path)]


def together(levels: Levels, every: int = 1) -> float:
    """Realised correlation of the first two instruments."""
    return statistics.correlation(moves(levels, 0, every), moves(levels, 1, every))


def growth(base: Levels, shown: Levels, at: int) -> float:
    """Variance of an instrument's returns against the base feed's."""
    return statistics.pvariance(moves(shown, at)) / statistics.pvariance(moves(base, at))


class TestCorrelation:
    """Realised, not only asked for."""

    @pytest.mark.parametrize("step_ns", [100 * MS, SECOND, 5 * SECOND])
    @pytest.mark.parametrize(
        ("to", "low", "high"), [("0.95", 0.90, 0.99), ("0", -0.1, 0.1), ("-0.5", -0.6, -0.4)]
    )
    @pytest.mark.parametrize("seed", [1, 2])
    def test_it_comes_out_as_asked_and_keeps_the_variance(
        self, walks: WalkMaker, step_ns: int, to: str, low: float, high: float, seed: int
    ) -> None:
        """Whatever the step of the feed, whether assets hear of news at once or not."""
        base, shown = walks(step_ns, seed).start("correlate", *PAIR, to=Decimal(to)).run(2_500)
        assert low <= together(shown) <= high
        assert growth(base, shown, 0) == pytest.approx(1.0, abs=0.1)
        assert growth(base, shown, 1) == pytest.approx(1.0, abs=0.1)

    @pytest.mark.parametrize(("to", "low", "high"), [("0.95", 0.90, 0.99), ("0", -0.12, 0.12)])
    def test_it_holds_over_a_second_where_steps_are_shorter(
        self, walks: WalkMaker, to: str, low: float, high: float
    ) -> None:
        """BTC leads ETH by two steps of 100 ms: what is correlated in a second is not in a step."""
        base, shown = walks(100 * MS, 3).start("correlate", *PAIR, to=Decimal(to)).run(8_000)
        assert abs(together(base)) < 0.1
        assert together(base, every=10) > 0.6
        assert low <= together(shown, every=10) <= high

    def test_a_recording_obeys_too(self) -> None:
        """The day of a recorded panic, minute by minute."""
        request = FeedRequest(ALL.only(PAIR), SeedTree(1), None, MINUTE, 24 * HOUR, dataset="2024-08-05")
        walk = Walk(replay.open_feed(request))
        walk.run(300)
        base, shown = walk.start("correlate", *PAIR, to=Decimal("0.95")).run(1_000)
        assert 0.6 < together(base) < 0.87
        assert 0.90 <= together(shown) <= 0.99
        assert growth(base, shown, 1) == pytest.approx(1.0, abs=0.1)

    @pytest.mark.parametrize("order", [PAIR, PAIR[::-1]])
    def test_whoever_hears_of_news_first_keeps_its_movement(
        self, walks: WalkMaker, order: tuple[str, str]
    ) -> None:
        """Found out by listening, in whatever order they are written."""
        walk = walks(100 * MS, 4)
        walk.run(600)
        base, shown = walk.start("correlate", *order, to=Decimal("0.5")).run(500)
        assert moves(shown, 0) == pytest.approx(moves(base, 0), abs=1e-12)
        assert growth(base, shown, 1) == pytest.approx(1.0, abs=0.25)
        assert 0.4 < together(shown) < 0.6

    def test_three_assets_are_all_correlated(self, walks: WalkMaker) -> None:
        """Every pair alike, the stablecoin in its own small measure."""
        names = (*PAIR, "USDT-USD")
        base, shown = walks(SECOND, 5, *names).start("correlate", *names, to=Decimal("0.8")).run(3_000)
        for one, other in ((0, 1), (0, 2), (1, 2)):
            found = statistics.correlation(moves(shown, one), moves(shown, other))
            assert found == pytest.approx(0.8, abs=0.06)
        assert growth(base, shown, 2) == pytest.approx(1.0, abs=0.1)

    def test_it_is_approached_over_the_time_it_is_given(self, walks: WalkMaker) -> None:
        """Half-way there after half of ``over``, in the mean."""
        walk = walks(SECOND, 6)
        walk.run(512)
        _, shown = walk.start("correlate", *PAIR, to=Decimal("-0.6"), over=4_000 * SECOND).run(6_000)
        first, middle, last = (together(shown[at : at + 1_000]) for at in (0, 2_000, 4_500))
        assert first > 0.35
        assert abs(middle) < 0.2
        assert last < -0.5

    def test_a_market_that_just_opened_is_listened_to_first(self, walks: WalkMaker) -> None:
        """Eight steps; one that has been open is known from the first step on."""
        fresh = walks(SECOND, 7).start("correlate", *PAIR, to=Decimal(-1))
        base, shown = fresh.run(8)
        assert shown == base
        known = walks(SECOND, 7)
        known.run(100)
        base, shown = known.start("correlate", *PAIR, to=Decimal(-1)).run(1)
        assert shown != base

    def test_what_stands_still_is_left_alone(self, stage: Stage) -> None:
        """No deviation, no correlation, no division by 0."""
        stage.play("correlate", symbols="BTC-USD ETH-USD", to="0.9")
        for at in range(1, 40):
            stage.usd["BTC"] *= 1.0 + 0.001 * math.sin(at)
            assert stage.to(at).off("BTC-USD") == stage.off("ETH-USD") == 0.0


class TestVolatility:
    """The base feed's own movement, scaled."""

    @pytest.mark.parametrize("factor", ["3", "0.05", "1"])
    def test_every_step_is_scaled(self, walks: WalkMaker, factor: str) -> None:
        """Exactly, in every instrument that is named."""
        base, shown = walks().start("market", *PAIR, volatility=Decimal(factor)).run(50)
        for at in (0, 1):
            assert moves(shown, at) == pytest.approx(
                [float(factor) * one for one in moves(base, at)], abs=1e-12
            )

    def test_nothing_moves_at_0(self, walks: WalkMaker) -> None:
        """The price stands where it was."""
        _, shown = walks().start("market", *PAIR, volatility=Decimal(0)).run(50)
        assert max(map(abs, moves(shown, 0))) < 1e-12

    def test_cross_rates_follow_their_assets(self, walks: WalkMaker) -> None:
        """They are as far from the quotient of their legs as in the base feed."""
        walk = walks(SECOND, 1, *PAIR, "BTC-ETH", "BTC-USD-PERP").start(
            "market", "BTC-USD", volatility=Decimal(4)
        )
        at = walk.feed.catalogue.index
        for base, shown in walk.steps(50):
            added = [one - other for one, other in zip(shown, base, strict=True)]
            assert added[at["BTC-ETH"]] == pytest.approx(added[at["BTC-USD"]], abs=1e-12)
            assert added[at["BTC-USD-PERP"]] == pytest.approx(added[at["BTC-USD"]], abs=1e-12)
            assert added[at["ETH-USD"]] == 0.0

    @pytest.mark.parametrize(
        "named", [("BTC-ETH",), ("BTC-ETH", "BTC-USD"), ("BTC-ETH", *PAIR), ("BTC-USD-PERP",)]
    )
    def test_a_cross_rate_is_scaled_as_a_whole(self, walks: WalkMaker, named: tuple[str, ...]) -> None:
        """Alone, beside one leg or beside both: never twice."""
        walk = walks(SECOND, 1, *PAIR, "BTC-ETH", "BTC-USD-PERP").start(
            "market", *named, volatility=Decimal(3)
        )
        base, shown = walk.run(50)
        for symbol in named:
            at = walk.feed.catalogue.index[symbol]
            assert moves(shown, at) == pytest.approx([3.0 * one for one in moves(base, at)], abs=1e-11)

    @pytest.mark.parametrize(("keep", "drift"), [(True, 1.0), (False, 3.0)])
    def test_a_trend_is_kept_when_it_shall_be(self, stage: Stage, keep: bool, drift: float) -> None:
        """A steady rise is no noise; the noise around it is scaled either way."""
        level = math.log(60_000.0)

        def rise(seconds: range) -> list[float]:
            found = []
            for at in seconds:
                stage.usd["BTC"] = math.exp(level + 1e-5 * at + 1e-4 * (at % 2))
                found.append(stage.to(at).log("BTC-USD"))
            return found

        rise(range(4_000))
        stage.play("market", at=3_999, symbol="BTC-USD", volatility="3", keep_trend=keep)
        shown = rise(range(4_000, 8_000))
        assert (shown[-1] - shown[1]) / (len(shown) - 2) == pytest.approx(drift * 1e-5, rel=0.05)
        assert max(shown[at + 1] - shown[at] for at in range(100)) > 2.9e-4

    def test_a_mean_reverting_pattern_draws_levels_back(self, stage: Stage) -> None:
        """Half of the offset is left after five minutes of small steps; a random walk keeps it."""
        for step, symbol, pattern in (("a", "BTC-USD", "mean-reverting"), ("b", "ETH-USD", "random-walk")):
            stage.play("market", step=step, symbol=symbol, volatility="3", pattern=pattern)
        stage.to(0)
        stage.usd["BTC"] *= 1.01
        stage.usd["ETH"] *= 1.01
        stage.to(1)
        reverting, walking = stage.off("BTC-USD"), stage.off("ETH-USD")
        assert (reverting, walking) == pytest.approx((2.0 * math.log(1.01),) * 2)
        for at in range(2, 302):
            stage.usd["USDC"] = 1.0 + 1e-5 * (at % 2)  # somebody must move
            stage.to(at)
        assert stage.off("BTC-USD") == pytest.approx(0.5 * reverting, rel=1e-3)
        assert stage.off("ETH-USD") == pytest.approx(walking, abs=1e-12)

    def test_factors_that_overlap_multiply(self, walks: WalkMaker) -> None:
        """Of two runs as of two steps."""
        walk = walks().start("market", *PAIR, step="a", volatility=Decimal(2))
        base, shown = walk.start("market", "ETH-USD", run="other", step="b", volatility=Decimal(5)).run(50)
        assert moves(shown, 0) == pytest.approx([2.0 * one for one in moves(base, 0)], abs=1e-12)
        assert moves(shown, 1) == pytest.approx([10.0 * one for one in moves(base, 1)], abs=1e-12)

    def test_factors_on_top_of_each_other_do_not_take_a_price_anywhere(self, walks: WalkMaker) -> None:
        """Steps that are each within their bounds come to no number that a price cannot be."""
        walk = walks()
        for number in range(40):
            walk.start("market", *PAIR, run=f"run-{number}", volatility=Decimal(100))
        walk.start("correlate", *PAIR, step="tie", to=Decimal("0.9"))
        base, shown = walk.run(300)
        away = [abs(one[at] - other[at]) for one, other in zip(base, shown, strict=True) for at in (0, 1)]
        assert max(away) == pytest.approx(FARTHEST)

        for number in range(40):
            walk.board.release(f"run-{number}")
        walk.board.release("run")
        base, shown = walk.run(3)
        assert shown == base

    def test_a_correlation_holds_beside_it(self, walks: WalkMaker) -> None:
        """What is louder is as correlated as what is not."""
        walk = walks(SECOND, 2).start("market", "BTC-USD", step="a", volatility=Decimal(4))
        walk.run(600)
        base, shown = walk.start("correlate", *PAIR, step="b", to=Decimal("0.95")).run(2_000)
        assert 0.90 <= together(shown) <= 0.99
        assert growth(base, shown, 0) == pytest.approx(16.0, rel=0.02)
        assert growth(base, shown, 1) == pytest.approx(1.0, abs=0.1)


class TestTime:
    """Neither the engine's cycles nor the past of other effects have a say."""

    def test_extra_cycles_change_nothing(self, walks: WalkMaker) -> None:
        """Bit for bit, at every step of the feed."""

        def levels(extra: int) -> Levels:
            walk = walks(SECOND, 3)
            walk.run(50, extra)
            walk.start("correlate", *PAIR, step="a", to=Decimal("-0.5"), over=30 * SECOND)
            walk.start(
                "market", *PAIR, step="b", volatility=Decimal(3), keep_trend=True, pattern="mean-reverting"
            )
            return walk.run(100, extra)[1]

        assert levels(0) == levels(3)

    def test_the_offset_goes_back_in_a_straight_line(self, stage: Stage) -> None:
        """Outside the block, in five minutes; then the base feed's own list is handed through."""
        stage.play("market", symbol="BTC-USD", volatility="3")
        stage.to(0)
        stage.usd["BTC"] *= 1.01
        whole = stage.to(1).off("BTC-USD")
        stage.board.cut("run", "step", 10 * SECOND)
        assert stage.to(10).off("BTC-USD") == pytest.approx(whole)
        assert stage.board.next_due_ns(10 * SECOND) == (10 + EASE_S) * SECOND
        stage.usd["BTC"] *= 1.01  # heard by nobody any more
        for share in (0.25, 0.5, 0.75):
            at = 10 + (1.0 - share) * EASE_S
            assert stage.to(at).off("BTC-USD") == pytest.approx(share * whole)
        base = stage.base()
        assert stage.board.compute((10 + EASE_S) * SECOND, base) is base
        stage.to(11 + EASE_S)
        assert [one.kind for one in stage.told] == ["effect_started", "effect_ended", "effect_reverted"]
        assert stage.told[1].data["reverts_over_ns"] == EASE_NS
        assert stage.told[1].data["kept"] == {"BTC": "0.0199006617063"}

    def test_an_effect_that_added_nothing_has_nothing_to_give_back(self, stage: Stage) -> None:
        """No fade, no cycle for its end."""
        stage.play("market", symbol="BTC-USD", volatility="3")
        stage.to(1)
        stage.board.cut("run", "step", SECOND)
        assert stage.board.next_due_ns(SECOND) is None
        assert stage.to(2).notices("effect_ended")[0].data.get("reverts_over_ns") is None

    def test_a_release_takes_everything_away_at_once(self, walks: WalkMaker) -> None:
        """What is in force and what fades; another run keeps its own."""
        walk = walks().start("market", *PAIR, step="a", volatility=Decimal(2))
        walk.start("market", *PAIR, run="other", step="b", volatility=Decimal(3))
        walk.run(20)
        walk.board.cut("run", "a", walk.now_ns)
        walk.start("correlate", *PAIR, step="c", to=Decimal(0))
        walk.run(20)
        assert set(walk.board.offsets("run")) == {"BTC", "ETH"}
        walk.board.release("run")
        assert walk.board.offsets("run") == {}
        base, shown = next(walk.steps(1))
        held = walk.board.offsets("other")
        assert shown[0] == base[0] + held["BTC"]
        walk.board.release("other")
        base, shown = next(walk.steps(1))
        assert shown is base

    def test_a_jump_at_an_end_is_no_movement(self) -> None:
        """Whoever begins later hears what layers did in the past, and not that they were taken away."""
        overlays = Overlays([(0, 2, 1)], 3, SECOND)
        base = [10.0]

        def step(now_ns: int) -> None:
            base[0] += 0.5
            overlays.levels(now_ns, base)

        overlays.levels(0, base)
        step(1)
        overlays.start(Voice("run", "a", "market", "", Listener(7.0)))
        step(2)
        step(3)
        overlays.release("run")
        step(4)
        late = Listener(0.0)
        overlays.start(Voice("run", "b", "market", "", late))
        assert late.heard == [0.5, 7.5, 7.5, 0.5]

    def test_a_fade_shows_through_a_move_to_a_price(self, stage: Stage) -> None:
        """A price is met exactly, whatever the base feed and its layers do."""
        stage.play("market", step="a", symbol="BTC-USD", volatility="5")
        stage.play("move", step="b", symbol="BTC-USD", to="50000", over=100)
        for at in range(101):
            stage.usd["BTC"] = 60_000.0 * (1.0 + 1e-3 * math.sin(at))
            stage.to(at)
        assert stage.price("BTC-USD") == Decimal("50000.00")

    def test_a_pause_holds_a_way_back(self, stage: Stage) -> None:
        """Of the run that is paused, and of no other."""
        stage.play("market", symbol="BTC-USD", volatility="3")
        stage.play("market", run="other", step="b", symbol="ETH-USD", volatility="3")
        stage.to(0)
        stage.usd["BTC"] *= 1.01
        stage.usd["ETH"] *= 1.01
        whole = stage.to(1).off("BTC-USD")
        stage.board.cut("run", "step", SECOND)
        stage.board.cut("other", "b", SECOND)
        stage.board.hold("run", 60 * SECOND)
        assert stage.to(61).off("BTC-USD") == pytest.approx(whole)
        assert stage.off("ETH-USD") == pytest.approx((1.0 - 60 / EASE_S) * whole)
        assert stage.to(61 + EASE_S / 2).off("BTC-USD") == pytest.approx(0.5 * whole)

    def test_a_pause_holds_a_ramp(self, walks: WalkMaker) -> None:
        """A correlation on its way stays where it is meanwhile."""
        walk = walks(SECOND, 6)
        walk.run(512)
        walk.start("correlate", *PAIR, to=Decimal(-1), over=1_000 * SECOND)
        paused: Levels = []
        for _ in range(1_500):
            paused += walk.run(1)[1]
            walk.board.hold("run", SECOND)
        assert together(paused) > 0.5
        walk.run(1_000)
        assert together(walk.run(300)[1]) < -0.99
