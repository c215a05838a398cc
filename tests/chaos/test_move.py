"""The verb ``move``: every problem it finds, and how it reads."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mdsim.chaos.effects.move import EFFECT
from mdsim.chaos.shapes import shipped
from mdsim.core.errors import Problem
from mdsim.core.instruments import ALL
from mdsim.core.params import Afterwards, Args, CurveSpec, DurationDraw, Keyframe, Symbols, Value
from mdsim.core.time import MINUTE, SECOND


def curve(shape: str, **args: Value) -> CurveSpec:
    defaults: Args = {param.name: param.default for param in shipped()[shape].params}
    return CurveSpec(shape, {**defaults, **args})


def symbols(**weights: str) -> Symbols:
    written = tuple((name.replace("_", "-"), Decimal(weight)) for name, weight in weights.items())
    return Symbols(betas=written, weighted=True)


def args(**written: Value) -> Args:
    return {param.name: param.default for param in EFFECT.params} | written


def problems(**written: Value) -> list[Problem]:
    return EFFECT.check(args(**written), ALL)


D = Decimal
PAIR = symbols(BTC_USD="1", ETH_USD="1.25")
PATH = (Keyframe(5 * MINUTE, D("-0.03")), Keyframe(10 * MINUTE, D("-0.01")))

RIGHT: dict[str, dict[str, Value]] = {
    "to": {"symbol": "USDT-USD", "to": D("0.98"), "over": MINUTE, "jitter": D("0.0005")},
    "to at once": {"symbol": "BTC-USD", "to": D(50_000)},
    "to for several": {"symbols": symbols(USDT_USD="1", USDC_USD="1"), "to": D("0.98")},
    "by in company": {
        "symbols": PAIR,
        "by": D("-0.2"),
        "over": MINUTE,
        "correlation": D("0.8"),
        "lag": SECOND,
    },
    "by for all": {"symbols": Symbols(every=True), "by": D("-0.2"), "over": DurationDraw(SECOND, MINUTE)},
    "step needs no time": {"symbol": "BTC-USD", "by": D("-0.2"), "curve": curve("step")},
    "overshoot": {
        "symbol": "BTC-USD",
        "by": D("0.1"),
        "over": MINUTE,
        "curve": curve("overshoot", settle=20 * SECOND),
    },
    "retrace": {
        "symbols": Symbols(every=True),
        "retrace": D("0.6"),
        "over": MINUTE,
        "curve": curve("bridge"),
    },
    "walk": {"symbol": "BTC-USD", "over": MINUTE, "curve": curve("random-walk")},
    "path": {"symbol": "BTC-USD", "path": PATH},
    "path joined": {
        "symbol": "BTC-USD",
        "path": PATH,
        "curve": curve("path", join="smooth"),
        "jitter": D("0.001"),
    },
    "path held": {"symbol": "BTC-USD", "path": PATH, "over": 20 * MINUTE},
}

WRONG: list[tuple[dict[str, Value], str, tuple[str | int, ...], str]] = [
    ({"by": D("-0.1")}, "MD100", (), "no instrument is named"),
    ({"symbol": "BTC-USD", "symbols": PAIR, "by": D(1)}, "MD100", ("symbols",), "cannot both be given"),
    (
        {"symbols": symbols(BTC_USD="0"), "by": D(1)},
        "MD115",
        ("symbols", "BTC-USD"),
        "the weight 0 of BTC-USD",
    ),
    (
        {"symbols": symbols(USDT_USD="1", USDC_USD="0.5"), "to": D("0.9")},
        "MD104",
        ("symbols", "USDC-USD"),
        "USDC-USD cannot have the weight 0.5: 'to' is a price, reached exactly",
    ),
    ({"symbol": "BTC-USD"}, "MD105", (), "a move needs one of 'to', 'by', 'retrace', 'path' or 'history'"),
    (
        {"symbol": "BTC-USD", "to": D(50_000), "by": D("-0.1")},
        "MD105",
        ("by",),
        "a move does one thing: 'to' and 'by' cannot both be given",
    ),
    (
        {"symbol": "BTC-USD", "by": D("-0.1"), "over": MINUTE, "curve": curve("random-walk")},
        "MD106",
        ("curve",),
        "the curve random-walk has no target, so 'by' means nothing to it",
    ),
    (
        {"symbol": "BTC-USD", "by": D("-0.1"), "over": MINUTE, "curve": curve("path")},
        "MD107",
        ("curve",),
        "the curve path needs keyframes under 'path'",
    ),
    (
        {"symbol": "BTC-USD", "path": PATH, "curve": curve("exp")},
        "MD107",
        ("curve",),
        "keyframes are joined by the curve path, not by exp",
    ),
    (
        {"symbol": "BTC-USD", "by": D("-0.1"), "curve": curve("exp")},
        "MD108",
        ("curve",),
        "the curve exp needs 'over': the move takes no time",
    ),
    (
        {"symbol": "BTC-USD", "curve": curve("random-walk")},
        "MD108",
        ("curve",),
        "the curve random-walk needs",
    ),
    (
        {"symbol": "BTC-USD", "by": D("-0.1"), "jitter": D("0.001")},
        "MD108",
        ("jitter",),
        "'jitter' needs 'over'",
    ),
    (
        {"symbols": PAIR, "by": D("-0.1"), "over": DurationDraw(10 * SECOND, MINUTE), "lag": 15 * SECOND},
        "MD109",
        ("lag",),
        "lag (15s) must be shorter than over (10s)",
    ),
    (
        {"symbol": "BTC-USD", "by": D("-0.1"), "over": MINUTE, "correlation": D("0.5")},
        "MD110",
        ("correlation",),
        "'correlation' is about followers, and only one instrument moves",
    ),
    ({"symbols": PAIR, "path": PATH, "lag": SECOND}, "MD111", ("lag",), "'lag' does not go with keyframes"),
    (
        {"symbol": "BTC-USD", "path": (Keyframe(MINUTE, D(-1)),)},
        "MD112",
        ("path", 0, "by"),
        "a price cannot fall by 100 % or more",
    ),
    (
        {"symbol": "BTC-USD", "path": (Keyframe(0, D("-0.1")),)},
        "MD112",
        ("path",),
        "the last keyframe must come after the start",
    ),
    (
        {"symbol": "BTC-USD", "path": PATH, "over": 2 * MINUTE},
        "MD113",
        ("over",),
        "over ends before the last keyframe, which is at 10m",
    ),
    (
        {
            "symbols": PAIR,
            "by": D("0.1"),
            "over": MINUTE,
            "lag": 50 * SECOND,
            "curve": curve("overshoot", settle=20 * SECOND),
        },
        "MD114",
        ("curve",),
        "settle (20s) must be shorter than over (10s)",
    ),
]


@pytest.mark.parametrize("name", RIGHT)
def test_what_goes_together_is_accepted(name: str) -> None:
    """Not even a warning."""
    assert problems(**RIGHT[name]) == []


@pytest.mark.parametrize(("written", "code", "at", "message"), WRONG)
def test_each_mistake_is_one_problem_at_its_place(
    written: dict[str, Value], code: str, at: tuple[str | int, ...], message: str
) -> None:
    """With its code and a message that starts with what is wrong."""
    found = problems(**written)
    assert [(one.code, one.at, one.warning) for one in found] == [(code, at, False)]
    assert message in found[0].message
    assert not found[0].message.endswith(".")


def test_all_mistakes_are_told_at_once() -> None:
    """Nobody likes to be told one a time."""
    found = problems(symbols=symbols(BTC_USD="0", ETH_USD="1"), correlation=D("0.5"), curve=curve("exp"))
    assert [one.code for one in found] == ["MD115", "MD105", "MD108", "MD108"]


def test_a_cross_rate_beside_its_legs_is_a_warning() -> None:
    """The playbook runs, the cross follows."""
    (found,) = problems(symbols=symbols(BTC_USD="1", ETH_USD="1", BTC_ETH="1"), by=D("-0.1"))
    assert (found.code, found.at, found.warning) == ("MD102", ("symbols", "BTC-ETH"), True)


def test_a_price_far_from_the_market_is_a_warning() -> None:
    """It is nearly always the wrong symbol."""
    (found,) = problems(symbol="BTC-USD", to=D("0.92"))
    assert (found.code, found.warning) == ("MD118", True)
    assert found.message == "0.92 is far from what BTC-USD trades at, about 60000"
    assert problems(symbol="UST-USD", to=D("0.02")) == []


def test_all_must_cover_something() -> None:
    """A market of stablecoins has no asset that 'all' would mean."""
    stable = ALL.only(["USDT-USD", "USDC-USD"])
    (found,) = EFFECT.check(args(symbols=Symbols(every=True), by=D("-0.1")), stable)
    assert (found.code, found.at) == ("MD103", ("symbols",))


def test_keyframes_tell_how_long_they_take() -> None:
    """So a step with a path needs no ``over``; nothing else has a time of its own."""
    assert EFFECT.lasts(args(path=PATH)) == 10 * MINUTE
    assert EFFECT.lasts(args(by=D("-0.1"))) is None


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (RIGHT["to"], "move USDT-USD to 0.98 over 1m, linear, jitter 5bp"),
        (RIGHT["to at once"], "move BTC-USD to 50000 at once"),
        (
            RIGHT["by in company"],
            "move BTC-USD, ETH-USD ×1.25 by -20% over 1m, linear, correlation 0.8, lag 1s",
        ),
        (RIGHT["by for all"], "move all by -20% over 1s..1m, linear"),
        (RIGHT["overshoot"], "move BTC-USD by +10% over 1m, overshoot (settle 20s)"),
        (RIGHT["retrace"], "move all back by 60% over 1m, bridge"),
        (RIGHT["walk"], "move BTC-USD over 1m, random-walk"),
        (RIGHT["path"], "move BTC-USD through 2 keyframes over 10m, path"),
        (RIGHT["path joined"], "move BTC-USD through 2 keyframes over 10m, path (join smooth), jitter 0.1%"),
        (
            {"symbol": "BTC-ETH", "by": D("0.01"), "isolated": True, "then": Afterwards(MINUTE)},
            "move BTC-ETH by +1% at once, isolated, then revert over 1m",
        ),
    ],
)
def test_it_reads_as_one_line(written: dict[str, Value], line: str) -> None:
    """With what was written and nothing that was not."""
    assert EFFECT.describe(args(**written)) == line
