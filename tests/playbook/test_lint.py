"""Warnings: what is cut, what fights, what never runs; and what is fine and must stay silent.

The messages themselves stand in ``mistakes/warnings.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mdsim.playbook.diagnostics import Diagnostic

Linted = Callable[[str], tuple[Diagnostic, ...]]

PHASE = "phases:\n  - name: a\n    for: 5m\n    steps: "
COND = "price(BTC-USD) < 5"


def codes(found: tuple[Diagnostic, ...]) -> list[str]:
    return [item.problem.code for item in found]


@pytest.mark.parametrize(
    "steps",
    [
        "[{wait: 5m}]",
        "[{wait: 4m..6m}]",
        "[{wait: 5m}, {mark: at the very end}]",
        f"[{{when: {COND}, wait: 4m}}, {{wait: 5m}}]",
        f"[{{if: {COND}, then: [{{wait: 4m}}]}}, {{wait: 5m}}]",
        "[{choose: [{steps: [{wait: 3m}]}, {steps: [{wait: 1m}]}]}, {wait: 4m}]",
        f"[{{wait: {{until: {COND}}}}}, {{wait: 5m}}]",
        f"[{{repeat: {{times: 9, every: 5m, until: {COND}, steps: [{{mark: x}}]}}}}]",
        "[{repeat: {times: 2, every: 5m, steps: [{mark: x}]}}]",
        "[{at: 5m, mark: x}]",
    ],
)
def test_content_that_may_fit_its_phase_is_not_warned_about(warnings: Linted, steps: str) -> None:
    """Draws count with their lower end; guards and branches may let the rest of the list begin earlier."""
    assert codes(warnings(PHASE + steps)) == []


@pytest.mark.parametrize(
    "steps",
    [
        "[{wait: 6m}]",
        "[{wait: 6m..7m}]",
        "[{nudge: {symbols: BTC-USD, by: -5%, over: 6m}}]",
        "[{fog: {loss: 5%, for: 6m}}]",
        "[{at: 4m, wait: 2m}]",
        f"[{{if: {COND}, then: [{{wait: 9m}}], else: [{{wait: 8m}}]}}]",
        f"[{{if: {COND}, then: [{{wait: 9m}}]}}]",
        f"[{{when: {COND}, wait: 9m}}]",
        "[{wait: 2m}, {choose: [{steps: [{wait: 4m}]}, {steps: [{wait: 1m}]}]}]",
        "[{repeat: {times: 3, every: 5m, steps: [{wait: 1s}]}}]",
    ],
)
def test_content_longer_than_its_phase_is_warned_about_at_the_step_that_is_cut(
    warnings: Linted, steps: str
) -> None:
    """However the draw falls; a branch or a guarded step counts as soon as it could only be cut."""
    found = warnings(PHASE + steps)
    assert set(codes(found)) == {"MD141"}
    assert found[0].problem.warning


def test_only_the_first_step_that_is_cut_is_told(warnings: Linted) -> None:
    """The rest of the list follows from it."""
    assert codes(warnings(PHASE + "[{wait: 6m}, {wait: 6m}]")) == ["MD141"]


def test_a_phase_without_an_end_cuts_nothing(warnings: Linted) -> None:
    """It ends with its last lane."""
    assert codes(warnings("steps: [{wait: 9h}]")) == []


LANES = "phases:\n  - name: a\n    lanes:\n      one: {one}\n      two: {two}\n"


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("{symbols: BTC-USD, to: 5, over: 5m}", "{symbols: BTC-USD, to: 6, over: 1m}", ["MD142"]),
        ("{symbols: BTC-USD, to: 5, over: 5m}", "{symbols: [ETH-USD, BTC-USD], to: 6, over: 1m}", ["MD142"]),
        ("{symbols: BTC-USD, to: 5, over: 5m}", "{symbols: ETH-USD, to: 6, over: 1m}", []),
        ("{symbols: BTC-USD, to: 5, over: 5m}", "{symbols: BTC-USD, by: -5%, over: 1m}", []),
    ],
)
def test_two_prices_for_one_symbol_at_one_time_are_refused(
    warnings: Linted, mistakes: Linted, one: str, two: str, expected: list[str]
) -> None:
    """Changes add up and may overlap; one symbol cannot be at two prices, so nothing runs."""
    text = LANES.replace("{one}", f"[{{nudge: {one}}}]").replace("{two}", f"[{{nudge: {two}}}]")
    assert codes(mistakes(text) if expected else warnings(text)) == expected


@pytest.mark.parametrize("between", ["{wait: 5m}", f"{{wait: {{until: {COND}, timeout: 1m}}}}"])
def test_prices_one_after_another_or_at_unknown_times_are_fine(warnings: Linted, between: str) -> None:
    """A move that starts when the other ends, or after a wait of unknown length."""
    move = "{nudge: {symbols: BTC-USD, to: 5, over: 5m}}"
    text = LANES.replace("{one}", f"[{move}]").replace("{two}", f"[{between}, {move}]")
    assert codes(warnings(text)) == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("[{stop: }, {mark: x}]", ["MD143"]),
        ("[{fail: bad}, {mark: x}, {mark: y}]", ["MD143"]),
        ("[{at: 5m, stop: }, {at: 1m, mark: x}]", []),
        ("[{at: 5m, stop: }, {at: 6m, mark: x}]", ["MD143"]),
        (f"[{{when: {COND}, stop: }}, {{mark: x}}]", []),
        (f"[{{if: {COND}, then: [{{stop: }}]}}, {{mark: x}}]", []),
        ("[{repeat: {times: 2, steps: [{stop: }, {mark: x}]}}]", ["MD143"]),
        ("[{mark: x}, {stop: }]", []),
    ],
)
def test_steps_behind_an_unguarded_end_are_warned_about(
    warnings: Linted, steps: str, expected: list[str]
) -> None:
    """Also inside blocks, and by time in a schedule."""
    assert codes(warnings(f"steps: {steps}")) == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (f"[{{wait: {{until: {COND}, timeout: 5m}}}}]", []),
        (f"[{{wait: {{until: {COND}, timeout: 6m}}}}]", ["MD144"]),
        (f"[{{wait: 4m}}, {{expect: {{that: {COND}, within: 2m}}}}]", ["MD144"]),
        ("[{timeout: 6m, lanes: {a: [{wait: 1m}]}}]", ["MD144"]),
    ],
)
def test_a_timeout_that_outlasts_its_phase_is_warned_about(
    warnings: Linted, steps: str, expected: list[str]
) -> None:
    """It could never do what it says."""
    assert codes(warnings(PHASE + steps)) == expected


def test_unused_parameters_and_unexpanded_runs_are_warned_about_in_the_order_of_the_file(
    warnings: Linted,
) -> None:
    """Warnings of the compiler and of lint are sorted together."""
    text = (
        "params: {a: {type: count, default: 1}}\nmatrix: {a: [1]}\nseeds: 1..5\nsteps: [{stop: }, {mark: x}]"
    )
    found = warnings(text)
    assert codes(found) == ["MD140", "MD145", "MD145", "MD143"]
    assert [item.place.line for item in found] == [2, 3, 4, 5]
