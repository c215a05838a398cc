"""The way back of each move, read from plans that the compiler made."""

from __future__ import annotations

import pytest

from mdsim.cli import wiring
from mdsim.core.time import SECOND
from mdsim.playbook.compiler import compile_playbook
from mdsim.playbook.loader import load
from mdsim.playbook.plan import canonical
from mdsim.telemetry.recoveries import recoveries

MOVE = "move: {symbol: BTC-USD, by: -5%, over: 10s}"
BACK = "restore: {symbol: BTC-USD, over: 20s}"


def found(*steps: str) -> list[float | None]:
    """Seconds of the way back of each move of a playbook of steps, in the order of the document."""
    text = "mdsim: 1\nname: it\nsteps:\n" + "".join(f"  - {step}\n" for step in steps)
    plan = compile_playbook(load(text, "it.yaml"), wiring.world()).plan
    return [None if ns is None else ns / SECOND for ns in recoveries(canonical(plan)).values()]


@pytest.mark.parametrize(
    ("steps", "seconds"),
    [
        ([MOVE], [0]),
        ([MOVE, "wait: 1m", BACK], [20]),
        (["move: {symbol: BTC-USD, by: -5%, over: 10s, then: revert over 60s}", BACK], [60]),
        ([MOVE, "restore: {symbol: ETH-USD, over: 5s}", BACK], [20]),
        ([MOVE, "restore: {symbols: all, over: 7s}"], [7]),
        ([BACK, MOVE], [0]),
        ([MOVE, BACK, MOVE, "restore: {symbol: BTC-USD, over: 3s}"], [20, 3]),
        (
            [
                "move: {symbols: [BTC-USD, ETH-USD], by: -5%, over: 10s}",
                "restore: {symbol: ETH-USD, over: 4s}",
            ],
            [4],
        ),
    ],
)
def test_the_first_restore_after_a_move_is_its_way_back(steps: list[str], seconds: list[float]) -> None:
    """Unless the move reverts by itself; a restore of another instrument is none."""
    assert found(*steps) == seconds


def test_what_a_choice_decides_is_not_known() -> None:
    """Known again where every way is the same, or where one way alone has a weight."""
    ways = "choose: [{{weight: {0}, name: a, steps: [{1}]}}, {{weight: {2}, name: b, steps: [{3}]}}]"
    quick = "{restore: {symbol: BTC-USD, over: 5s}}"
    slow = "{restore: {symbol: BTC-USD, over: 50s}}"
    assert found(MOVE, ways.format(1, quick, 1, slow)) == [None]
    assert found(MOVE, ways.format(1, quick, 1, quick)) == [5]
    assert found(MOVE, ways.format(1, quick, 0, slow)) == [5]
    assert found(MOVE, ways.format(1, "{wait: 1s}", 1, "{wait: 2s}"), BACK) == [20]


def test_a_move_within_a_block_finds_what_follows_the_block() -> None:
    """Repeats and lanes are looked into, and what comes after them."""
    assert found(f"repeat: {{times: 2, steps: [{{{MOVE}}}]}}", BACK) == [20]
    assert found(MOVE, f"repeat: {{times: 2, steps: [{{{BACK}}}]}}") == [20]


@pytest.mark.parametrize(
    "plan", [None, [], {"is": "Step"}, {"is": "Step", "act": {"args": {}}}, [[{"act": 1}]]]
)
def test_odd_plans_have_no_way_back(plan: object) -> None:
    """A log must never end a run."""
    assert recoveries(plan) == {}  # type: ignore[arg-type]  # on purpose
