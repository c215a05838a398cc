"""``move: {history: …}``: recorded crises on today's price, stretched in time and scaled in depth."""

from __future__ import annotations

import itertools
import math
import random
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.chaos import crises
from mdsim.chaos.shapes import shipped
from mdsim.core.errors import Problem
from mdsim.core.instruments import ALL
from mdsim.core.params import Afterwards, Args, Symbols, Value
from mdsim.core.ports import EffectType, Progress
from mdsim.core.registry import discover
from mdsim.core.time import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    from tests.chaos.conftest import CurveMaker, Stage

MOVE = discover("mdsim.chaos.effects", "EFFECT", EffectType)["move"]
EVENT = "2021-05-19"
LOW_S = 47_430  # 13:10:30 of that day

D = Decimal


def args(**written: Value) -> Args:
    defaults: Args = {param.name: param.default for param in MOVE.params}
    return {**defaults, "history": EVENT, **written}


def problems(**written: Value) -> list[Problem]:
    return MOVE.check(args(**written), ALL)


def named(*symbols: str, **weights: str) -> Symbols:
    if weights:
        pairs = tuple((name.replace("_", "-"), D(beta)) for name, beta in weights.items())
        return Symbols(betas=pairs, weighted=True)
    return Symbols(betas=tuple((symbol, D(1)) for symbol in symbols))


def path(asset: str = "BTC", seed: int = 1, scale: str = "1", event: str = EVENT) -> Progress:
    given_: Args = {"history": event, "asset": asset, "scale": D(scale)}
    return shipped()["history"].start(given_, random.Random(seed), DAY)


class TestCurve:
    """The path itself, in log price against the start."""

    @pytest.mark.parametrize("asset", ["BTC", "ETH"])
    def test_half_of_a_fall_that_never_came_back_never_does(self, asset: str) -> None:
        """Whatever the seed: with 11, BTC strayed over it for a moment."""
        crisis = crises.load("2022-11-08")
        ceiling = crisis.series[asset].ceiling
        assert ceiling is not None
        since_ns, most = ceiling
        minutes = range(since_ns // MINUTE, crisis.length_ns // MINUTE + 1)
        for seed in range(60):
            way = path(asset, seed, event=crisis.name)
            assert max(way(minute * MINUTE / crisis.length_ns) for minute in minutes) <= most + 1e-9

    @pytest.mark.parametrize("event", crises.names())
    def test_every_keyframe_is_met_whatever_the_seed(self, event: str) -> None:
        """What the figures say is not left to chance."""
        crisis = crises.load(event)
        for asset, series in crisis.series.items():
            progress = path(asset, seed=len(asset), event=event)
            found = [progress(at_ns / crisis.length_ns) for at_ns in series.at_ns]
            assert found == pytest.approx(series.logs, abs=1e-9)

    @settings(deadline=None, derandomize=True, max_examples=25)
    @given(u=st.floats(0, 1), scale=st.decimals("0.01", "3", places=2), seed=st.integers(0, 3))
    def test_scale_multiplies_every_move_in_log_price(self, u: float, scale: Decimal, seed: int) -> None:
        """100 % is what was; 50 % of it is the square root of every price ratio."""
        whole, scaled = path(seed=seed), path(seed=seed, scale=str(scale))
        assert scaled(u) == pytest.approx(float(scale) * whole(u), abs=1e-12)

    def test_between_keyframes_it_strays_as_far_as_was_measured(self) -> None:
        """A Brownian bridge: variance rough² x (1 - x) T half-way through a gap of T minutes."""
        crisis, series = crises.load(EVENT), crises.load(EVENT).series["BTC"]
        gap = max(range(1, len(series.at_ns)), key=lambda k: series.at_ns[k] - series.at_ns[k - 1])
        left, right = series.at_ns[gap - 1], series.at_ns[gap]
        middle = (left + right) // 2 // MINUTE * MINUTE
        x, minutes = (middle - left) / (right - left), (right - left) / MINUTE
        line = series.logs[gap - 1] + x * (series.logs[gap] - series.logs[gap - 1])
        strays = [path(seed=seed)(middle / crisis.length_ns) - line for seed in range(300)]
        spread = math.sqrt(sum(stray * stray for stray in strays) / len(strays))
        assert spread == pytest.approx(series.rough * math.sqrt(x * (1 - x) * minutes), rel=0.12)

    def test_series_that_share_their_draws_stray_together(self) -> None:
        """So that coins keep the correlation of a crisis between keyframes as well."""
        btc, eth = path("BTC"), path("ETH")
        grid = [k / 1440 for k in range(1441)]
        moves = [[one(b) - one(a) for a, b in itertools.pairwise(grid)] for one in (btc, eth)]
        means = [sum(side) / len(side) for side in moves]
        covariance = sum((a - means[0]) * (b - means[1]) for a, b in zip(*moves, strict=True))
        sizes = [sum((a - mean) ** 2 for a in side) for side, mean in zip(moves, means, strict=True)]
        assert covariance / math.sqrt(sizes[0] * sizes[1]) > 0.7


class TestOnTheBoard:
    """What a step does to a market."""

    def test_the_low_is_recorded_against_todays_price(self, stage: Stage) -> None:
        """BTC at 60,000 falls as far as it fell from 42,849.78 that day, and so does ETH on its own path."""
        stage.play("move", symbols="BTC-USD ETH-USD", history=EVENT)
        stage.to(LOW_S)
        assert float(stage.price("BTC-USD")) == pytest.approx(60_000 * 30_000 / 42_849.78, rel=1e-5)
        assert float(stage.price("ETH-USD")) == pytest.approx(3_000 * 1_888 / 3_375.08, rel=1e-5)

    def test_cross_rates_follow(self, stage: Stage) -> None:
        """It is the assets that move."""
        stage.play("move", symbols="BTC-USD ETH-USD", history=EVENT)
        stage.to(LOW_S)
        assert stage.off("BTC-ETH") == pytest.approx(stage.off("BTC-USD") - stage.off("ETH-USD"))

    def test_without_over_it_takes_as_long_as_it_did(self) -> None:
        """The length of the recording's window."""
        assert MOVE.lasts(args(symbol="BTC-USD")) == DAY
        assert MOVE.lasts(args(symbol="UST-USD", history="2022-05-12")) == 97 * HOUR

    def test_over_squeezes_it(self, stage: Stage) -> None:
        """Six hours for a day: the low comes at a quarter of its time."""
        stage.play("move", symbol="BTC-USD", history=EVENT, over=6 * 3600)
        stage.to(LOW_S / 4)
        assert stage.off("BTC-USD") == pytest.approx(math.log(30_000 / 42_849.78), abs=1e-5)

    def test_scale_and_weight_multiply(self, stage: Stage) -> None:
        """Half as far, and of that half again."""
        stage.play("move", symbols={"BTC-USD": "0.5", "ETH-USD": "1"}, history=EVENT, scale="0.5")
        stage.to(LOW_S)
        assert stage.off("BTC-USD") == pytest.approx(math.log(30_000 / 42_849.78) / 4, abs=1e-5)
        assert stage.off("ETH-USD") == pytest.approx(math.log(1_888 / 3_375.08) / 2, abs=1e-5)

    def test_all_means_what_was_recorded(self, stage: Stage) -> None:
        """Of Black Thursday there is BTC alone, and ETH stays where it is."""
        stage.play("move", symbols="all", history="2020-03-12")
        stage.to(38_850)
        assert stage.off("BTC-USD") == pytest.approx(math.log(5_550 / 7_934.58), abs=1e-5)
        assert stage.off("ETH-USD") == 0.0

    def test_what_it_left_is_held_and_given_back_by_release(self, stage: Stage) -> None:
        """Like any move: the last level is kept, and nothing is left when the run goes."""
        stage.play("move", symbol="BTC-USD", history=EVENT, over=60)
        stage.to(100)
        assert stage.off("BTC-USD") == pytest.approx(crises.load(EVENT).series["BTC"].logs[-1])
        stage.board.release("run")
        stage.to(101)
        assert stage.off("BTC-USD") == 0.0

    def test_the_journal_says_which_series_was_followed(self, stage: Stage) -> None:
        """By event and asset."""
        stage.play("move", symbol="BTC-USD", history=EVENT, scale="0.5")
        stage.to(1)
        (told,) = stage.notices("effect_started")
        assert told.data["summary"] == f"move BTC-USD as on {EVENT}, 50% as far over 1d, history"
        assert told.data["targets"] == [
            {"symbol": "BTC-USD", "on": ["BTC"], "from": "60000", "series": f"{EVENT} BTC"}
        ]


class TestRules:
    """What is refused, and what is said instead."""

    @pytest.mark.parametrize(
        ("written", "code", "where", "says"),
        [
            (
                {"symbol": "ETH-USD", "history": "2020-03-12"},
                "MD146",
                ("symbol",),
                "ETH was not recorded on 2020-03-12, so ETH-USD has nothing to follow",
            ),
            ({"symbols": named(BTC_USD="1", UST_USD="1")}, "MD146", ("symbols", "UST-USD"), "UST was not"),
            ({"symbol": "BTC-USD", "history": "1929-10-24"}, "MD146", ("history",), "no such crisis"),
            ({"symbol": "BTC-USD", "over": 0}, "MD147", ("over",), "takes time"),
            ({"symbols": named("BTC-USD", "ETH-USD"), "lag": SECOND}, "MD147", ("lag",), "'lag' does not go"),
            (
                {"symbols": named("BTC-USD", "ETH-USD"), "correlation": D("0.9")},
                "MD147",
                ("correlation",),
                "follows its own recording",
            ),
            ({"symbol": "BTC-USD", "by": D("-0.1")}, "MD105", ("history",), "cannot both be given"),
            (
                {"symbol": "BTC-USD", "history": None, "by": D("-0.1"), "scale": D("0.5")},
                "MD148",
                ("scale",),
                "'scale' needs 'history'",
            ),
        ],
    )
    def test_a_mistake_is_told_at_its_place(
        self, written: dict[str, Value], code: str, where: tuple[str, ...], says: str
    ) -> None:
        """With the code that explains it."""
        (found,) = [one for one in problems(**written) if one.code == code]
        assert found.at == where
        assert says in found.message
        assert found.help

    def test_the_message_lists_what_there_is(self) -> None:
        """Series of the crisis, or the crises."""
        (found,) = problems(symbol="USDC-USD")
        assert found.help.startswith("recorded: BTC, ETH;")
        (found,) = problems(symbol="BTC-USD", history="2008-09-15")
        assert "2020-03-12, 2021-05-19" in found.help

    def test_all_must_cover_something(self) -> None:
        """A market without BTC has nothing to follow on Black Thursday."""
        written = args(symbols=Symbols(every=True), history="2020-03-12")
        (found,) = MOVE.check(written, ALL.only(["ETH-USD"]))
        assert (found.code, found.at) == ("MD146", ("symbols",))

    def test_a_curve_of_its_own_is_refused(self, curve: CurveMaker) -> None:
        """And the curve called history needs a crisis."""
        (found,) = problems(symbol="BTC-USD", curve=curve("exp"))
        assert (found.code, found.at) == ("MD107", ("curve",))
        (found,) = problems(symbol="BTC-USD", history=None, by=D("-0.1"), over=HOUR, curve=curve("history"))
        assert found.help == "write history: 2021-05-19"

    def test_jitter_and_a_way_back_go_with_it(self) -> None:
        """What every move may have."""
        assert problems(symbol="BTC-USD", jitter=D("0.001"), then=Afterwards(HOUR), isolated=True) == []

    def test_the_perpetual_follows_its_base_asset(self) -> None:
        """Named alone, it takes the series of BTC and changes its basis."""
        assert problems(symbol="BTC-USD-PERP") == []
