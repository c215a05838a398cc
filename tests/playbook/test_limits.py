"""Limits: which holds, what goes past it, and what the refusal says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.core.errors import ExitCode
from mdsim.core.instruments import ALL
from mdsim.core.ports import CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.core.time import HOUR, MINUTE
from mdsim.playbook.compiler import World, compile_playbook
from mdsim.playbook.diagnostics import PlaybookError
from mdsim.playbook.limits import (
    SERVER,
    Ceiling,
    Measure,
    Peak,
    check,
    of_playbook,
    percent,
    refusal,
    strictest,
)
from mdsim.playbook.loader import load
from mdsim.playbook.plan import Place, Plan
from mdsim.playbook.spans import FOREVER

STEP = "steps: [{move: {symbol: BTC-USD, by: -12%, over: 10m}}]\n"
PLACE = Place("demo.yaml", 7, 3)
WORLD = World(
    discover("mdsim.chaos.effects", "EFFECT", EffectType),
    discover("mdsim.chaos.curves", "CURVE", CurveType),
    ALL,
    ("synthetic",),
    (),
)


def compiled(text: str) -> Plan:
    return compile_playbook(load("mdsim: 1\nname: test\n" + text, "test.yaml"), WORLD).plan


def peak(deviation: str, rounding: str = "0.0000001", **more: object) -> Peak:
    fields = {"symbol": "BTC-USD", "at_ns": 90 * MINUTE, **more}
    return Peak(deviation=Decimal(deviation), rounding=Decimal(rounding), **fields)  # type: ignore[arg-type]


def test_limits_of_a_playbook_are_typed_and_know_their_lines() -> None:
    """``max_deviation`` is a fraction, ``max_duration`` nanoseconds; both point at their value."""
    found = of_playbook(compiled("limits: {max_deviation: 20%, max_duration: 6h}\n" + STEP))

    assert [(it.key, it.value) for it in found] == [
        ("limits.max_deviation", Decimal("0.20")),
        ("limits.max_duration", 6 * HOUR),
    ]
    assert [str(it.place) for it in found] == ["test.yaml:3:25", "test.yaml:3:44"]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ("{max_deviaton: 20%}", "MD051"),
        ("{max_deviation: 0.2}", "MD021"),
        ("{max_deviation: -20%}", "MD023"),
        ("{max_duration: 5m..6m}", "MD074"),
        ("{max_duration: 0s}", "MD026"),
        ("20%", "MD053"),
    ],
)
def test_limits_that_make_no_sense_are_diagnosed(limits: str, code: str) -> None:
    """A misspelt key or a value without its unit is an error with its place, never a limit unread."""
    with pytest.raises(PlaybookError) as caught:
        compiled(f"limits: {limits}\n{STEP}")

    assert [it.problem.code for it in caught.value.diagnostics] == [code]


def test_playbook_without_limits_has_none() -> None:
    """Nothing is bounded that nobody bounded."""
    assert of_playbook(compiled(STEP)) == ()


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.decimals("0.01", "2", places=2), min_size=1, max_size=5))
def test_of_several_limits_the_strictest_holds(values: list[Decimal]) -> None:
    """Whoever adds a limit can tighten and never widen."""
    ceilings = [Ceiling(f"k{at}", Measure.DEVIATION, value) for at, value in enumerate(values)]

    assert strictest(ceilings, Measure.DEVIATION) == ceilings[values.index(min(values))]
    assert strictest(ceilings, Measure.DURATION) is None


def test_plan_within_its_limits_is_not_refused() -> None:
    """At the limit is not past it."""
    assert check(SERVER, peak("-0.25", rounding="0"), 48 * HOUR) == ()
    assert check(SERVER, None, 0) == ()


def test_grid_alone_never_breaks_a_limit() -> None:
    """A move by exactly the limit lands up to one increment beyond it, which the plan did not ask for."""
    assert check(SERVER, peak("-0.2500003", rounding="0.0000005"), 0) == ()
    assert len(check(SERVER, peak("-0.2500003", rounding="0.0000001"), 0)) == 1


def test_breach_names_the_limit_its_key_the_value_and_the_step() -> None:
    """Everything that is needed to change either the plan or the limit stands in one sentence."""
    far = peak("-0.3", step="move BTC-USD by -30%", place=PLACE, choices=("outcome/1: squeeze",))
    (breach,) = check(SERVER, far, HOUR)

    assert breach.message == (
        "the plan takes BTC-USD -30.00% from its base price at +01:30:00, by 'move BTC-USD by -30%' "
        "at demo.yaml:7:3 when it takes outcome/1: squeeze, past MAX_PRICE_DEVIATION of 25%"
    )


def test_deviation_upwards_counts_like_one_downwards() -> None:
    """The limit is on the size."""
    assert len(check(SERVER, peak("+0.3"), 0)) == 1


@pytest.mark.parametrize(
    ("longest_ns", "told"), [(49 * HOUR, "up to 49h"), (FOREVER, "for an unbounded time")]
)
def test_duration_past_the_limit_is_told_in_words(longest_ns: int, told: str) -> None:
    """An unbounded plan is past every limit."""
    (breach,) = check(SERVER, None, longest_ns)

    assert breach.message == f"the plan may take {told}, past SCENARIO_TIMEOUT_HOURS of 2d"


def test_refusal_tells_every_breach_and_exits_with_the_code_of_limits() -> None:
    """Two limits broken are two sentences; the code is the first's, the exit code 6."""
    own = of_playbook(compiled("limits: {max_deviation: 10%, max_duration: 5m}\n" + STEP))
    error = refusal(check(own, peak("-0.12"), 10 * MINUTE))

    assert (error.code, error.exit_code) == ("MD170", ExitCode.LIMIT)
    assert "past limits.max_deviation of 10% (set at test.yaml:3:25)" in error.message
    assert "past limits.max_duration of 5m (set at test.yaml:3:44)" in error.message
    assert refusal(check(own, None, 10 * MINUTE)).code == "MD171"


def test_percent_is_signed_with_two_decimals() -> None:
    """As people read changes."""
    assert [percent(Decimal(it)) for it in ("-0.0898", "0.2", "0")] == ["-8.98%", "+20.00%", "+0.00%"]
