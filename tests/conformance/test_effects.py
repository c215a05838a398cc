"""Promises that every effect keeps: a new file under ``chaos/effects`` is picked up here by itself."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from decimal import Decimal

import pytest

from mdsim.chaos.board import Board
from mdsim.core.events import Notice
from mdsim.core.instruments import ALL
from mdsim.core.params import Afterwards, Args, CurveSpec, Keyframe, Kind, Symbols, Value
from mdsim.core.ports import Activation, CurveType, EffectType, Tap
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MINUTE, SECOND

CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)
EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
BASE = [math.log(100.0 + at) for at in range(len(ALL))]

SAMPLES: dict[Kind, Value] = {
    Kind.DURATION: 10 * SECOND,
    Kind.CHANGE: Decimal("-0.1"),
    Kind.SHARE: Decimal("0.01"),
    Kind.FACTOR: Decimal(2),
    Kind.SCALE: Decimal(2),
    Kind.RATE: Decimal(5),
    Kind.PRICE: Decimal(1_000),
    Kind.NUMBER: Decimal("0.5"),
    Kind.COUNT: 2,
    Kind.FLAG: True,
    Kind.TEXT: "text",
    Kind.SYMBOL: "BTC-USD",
    Kind.SYMBOLS: Symbols(betas=(("ETH-USD", Decimal(1)), ("BTC-USD", Decimal(1)))),
    Kind.CURVE: CurveSpec("linear", {}),
    Kind.KEYFRAMES: (Keyframe(4 * SECOND, Decimal("-0.02")), Keyframe(8 * SECOND, Decimal("0.01"))),
    Kind.THEN: Afterwards(MINUTE),
    Kind.SOURCE: "binance",
}
SAMPLES_BY_NAME: dict[str, Value] = {"target": "BTC-USD-PERP"}
"""Where the sample of a kind would contradict that of another parameter."""


def valid(effect: EffectType) -> Iterator[Args]:
    """Arguments without a problem: defaults and up to three more parameters, filled by their kind."""
    defaults = {param.name: param.default for param in effect.params}
    fillers = {
        param.name: param.choices[0] if param.choices else SAMPLES[param.kind]
        for param in effect.params
        if param.choices or param.kind in SAMPLES
    }
    fillers |= {name: SAMPLES_BY_NAME[name] for name in fillers if name in SAMPLES_BY_NAME}
    needed = {param.name: fillers[param.name] for param in effect.params if param.required}
    for size in range(4):
        for names in itertools.combinations([name for name in fillers if name not in needed], size):
            args = {**defaults, **needed, **{name: fillers[name] for name in names}}
            if not [one for one in effect.check(args, ALL) if not one.warning]:
                yield args


def cases(*, levels: bool) -> list[tuple[EffectType, Args]]:
    chosen = [e for e in EFFECTS.values() if not levels or (e.tap is Tap.REFERENCE and not e.lasting)]
    return [(effect, args) for effect in chosen for args in valid(effect)]


def put(
    board: Board, effect: EffectType, args: Args, at_ns: int = 0, step: str = "step", seed: int = 1
) -> None:
    over = args.get("over") or effect.lasts(args) or 0
    assert isinstance(over, int)
    seeds = SeedTree(seed)
    effect.activate(
        board,
        Activation("run", (0,), step, at_ns, over, args, lambda *parts: seeds.stream("step", step, *parts)),
    )


def disturbed() -> Board:
    """A board on which a run has moved something already, so that there is something to give back."""
    board = Board(ALL, CURVES)
    by: Args = {"symbol": "BTC-USD", "by": Decimal("-0.2"), "over": None, "isolated": False}
    put(board, EFFECTS["move"], by, step="before")
    board.compute(SECOND, BASE)
    board.notices()
    return board


def floats(data: object) -> Iterator[object]:
    """Every value that is no JSON without floats."""
    if isinstance(data, dict):
        for item in data.values():
            yield from floats(item)
    elif isinstance(data, list):
        for item in data:
            yield from floats(item)
    elif not (data is None or isinstance(data, str | int | bool)):
        yield data


every_effect = pytest.mark.parametrize("effect", EFFECTS.values(), ids=list(EFFECTS))


@every_effect
def test_it_is_described(effect: EffectType) -> None:
    """A line for the list and help for every parameter; each is named once."""
    assert effect.summary
    assert all(param.help for param in effect.params)
    assert len({param.name for param in effect.params}) == len(effect.params)


@every_effect
def test_it_can_be_used(effect: EffectType) -> None:
    """Some arguments have no problem, and read as a line that begins with the verb."""
    found = list(valid(effect))
    assert found
    for args in found:
        line = effect.describe(args)
        assert line.startswith(f"{effect.name} ")
        assert "\n" not in line


@every_effect
def test_its_problems_stand_at_its_own_parameters(effect: EffectType) -> None:
    """Whatever is filled in, each problem has a code, no full stop, and a place below the verb."""
    names = {param.name for param in effect.params}
    filled = {param.name: SAMPLES.get(param.kind) for param in effect.params}
    for missing in (*names, None):
        for one in effect.check({**filled, **({missing: None} if missing else {})}, ALL):
            assert one.code.startswith("MD")
            assert not one.message.endswith(".")
            assert not one.at or one.at[0] in names


def test_levels_are_released_without_a_trace() -> None:
    """At any moment: waiting, half-way, just ended, long ended."""
    for effect, args in cases(levels=True):
        for moment in (2, 7, 12, 40):
            board = disturbed()
            put(board, effect, args, at_ns=2 * SECOND)
            for at in range(2, moment + 1):
                board.compute(at * SECOND, BASE)
            board.release("run")
            assert board.compute(100 * SECOND, BASE) is BASE, effect.describe(args)


def test_levels_that_are_cut_stay_where_they_were() -> None:
    """The price has no jump at the end of a block."""
    for effect, args in cases(levels=True):
        if effect.lasts(args) is None and not args.get("over"):
            continue
        board = disturbed()
        put(board, effect, args, at_ns=2 * SECOND)
        before = board.compute(7 * SECOND, BASE)
        board.cut("run", "step", 7 * SECOND)
        assert board.compute(100 * SECOND, BASE) == pytest.approx(before, abs=1e-12), effect.describe(args)


def test_one_seed_gives_one_market() -> None:
    """Bit for bit, cycle by cycle."""

    def levels(effect: EffectType, args: Args) -> list[list[float]]:
        board = disturbed()
        put(board, effect, args, at_ns=2 * SECOND)
        return [list(board.compute(at * SECOND, BASE)) for at in range(2, 20)]

    for effect, args in cases(levels=True):
        assert levels(effect, args) == levels(effect, args)


def test_every_start_has_one_end_and_no_float() -> None:
    """The journal can be read without knowing the board."""
    for effect, args in cases(levels=True):
        board = disturbed()
        put(board, effect, args, at_ns=2 * SECOND)
        told: list[Notice] = []
        week = 7 * 24 * 3600  # longer than any crisis that travels along
        for at in (*range(2, 100), week, 2 * week):
            board.compute(at * SECOND, BASE)
            told += board.notices()
        kinds = [one.kind for one in told if one.path == "step"]
        assert kinds[:2] == ["effect_started", "effect_ended"]
        assert kinds.count("effect_ended") == 1
        assert [value for one in told for value in floats(one.data)] == []
        assert all(one.data["effect"] == effect.name for one in told)
