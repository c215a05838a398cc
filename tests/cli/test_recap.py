"""The recap: verdict, checks, prices, and how to run it again."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from rich.console import Console

from mdsim.cli.recap import Played, change, draw, ranked, record
from mdsim.playbook.plan import Plan
from mdsim.run.result import RunResult, Verdict


@pytest.fixture
def played(plan: Plan, result: RunResult) -> Played:
    """A failed run of two and a half seconds."""
    return Played("demo.yaml", plan, result, 2_500_000_000, "mdsim play demo.yaml --seed 7")


def drawn(played: Played, *, quiet: bool = False) -> str:
    """The recap as text."""
    stream = io.StringIO()
    draw(
        Console(file=stream, width=110, color_system=None, highlight=False, markup=False), played, quiet=quiet
    )
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def test_the_first_line_is_the_verdict_with_both_times(played: Played) -> None:
    """Nobody has to scroll for whether it passed."""
    assert drawn(played).splitlines()[0] == (
        " FAILED  demo  1h of market in 2.50 s: 36,001 cycles, 72,002 ticks"
    )


def test_failed_checks_come_first_and_passed_ones_last(result: RunResult) -> None:
    """What counts stands before warnings, what is open before what passed."""
    assert [(check.kind, check.level) for check in ranked(result.checks)] == [
        ("expect", "fail"),
        ("never", "warn"),
        ("reaches", "fail"),
        ("wait", "fail"),
    ]


def test_a_pipe_gets_each_check_on_lines_that_are_neither_folded_nor_padded(
    played: Played, result: RunResult
) -> None:
    """What greps and diffs read must not depend on a width that nobody sees."""
    check = replace(
        result.checks[0], text="price(BTC-USD) > " + "1" * 150, seen=(("price(BTC-USD)", "2" * 120),)
    )
    stream = io.StringIO()
    console = Console(file=stream, width=110, color_system=None, highlight=False, markup=False)
    draw(console, replace(played, result=replace(result, checks=(check,))))

    lines = stream.getvalue().splitlines()
    assert any("1" * 150 in line for line in lines)
    assert any("2" * 120 in line for line in lines)
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_failed_check_shows_question_sight_and_place(played: Played) -> None:
    """The three things that a reader needs to act."""
    text = drawn(played)
    assert "expect price(BTC-USD) > 50000" in text
    assert "saw price(BTC-USD) = 48123.40" in text
    assert "demo.yaml:20:5" in text


def test_a_passed_check_does_not_point_at_its_line(played: Played) -> None:
    """There is nothing to do there."""
    assert "demo.yaml:9:5" not in drawn(played)


def test_prices_seed_digest_notes_and_command_are_there(played: Played) -> None:
    """Everything that makes the run repeatable is on the last lines."""
    text = drawn(played)
    assert "47000.10  +00:30:00" in text
    assert "note    ETH-USD is made up" in text
    assert "seed    7" in text
    assert f"digest  {'ab' * 32}" in text
    assert text.splitlines()[-1] == "again   mdsim play demo.yaml --seed 7"


def test_quiet_keeps_the_verdict_and_what_speaks_against_it(played: Played) -> None:
    """A passed check, prices and digest are noise then."""
    text = drawn(played, quiet=True)
    assert "demo.yaml:20:5" in text
    assert "wait price(BTC-USD)" not in text
    assert "digest" not in text


def test_the_reason_of_an_ending_without_a_check_is_said(played: Played) -> None:
    """An aborted run says who aborted it."""
    ended = replace(played, result=replace(played.result, verdict=Verdict.ABORTED, reason="interrupted"))
    assert "  interrupted" in drawn(ended)


def test_many_checks_are_cut_with_a_count(played: Played) -> None:
    """A recap fits a screen; the journal has the rest."""
    many = replace(played.result, checks=played.result.checks * 20)
    assert "… and 40 more" in drawn(replace(played, result=many))


def test_change_has_a_sign_and_two_places(result: RunResult) -> None:
    """From 60000.00 to 48123.40 is a fifth."""
    first = result.symbols[0]
    assert change(first) == "-19.79%"
    assert change(replace(first, last=Decimal("60600.00"))) == "+1.00%"


def test_the_record_is_json_with_prices_as_text(played: Played) -> None:
    """No binary float touches a price."""
    shown = json.loads(json.dumps(record(played)))
    assert shown["verdict"] == "failed"
    assert shown["exit_code"] == 1
    assert shown["params"] == {"drop": "-0.12"}
    assert shown["symbols"][0]["low"] == "47000.10"
    assert shown["checks"][3]["seen"] == {"price(BTC-USD)": "48123.40"}
    assert shown["again"] == "mdsim play demo.yaml --seed 7"


@pytest.mark.parametrize("width", [110, 72, 50, 40])
def test_no_price_is_cut_off_on_a_narrow_terminal(played: Played, width: int) -> None:
    """Columns are left out instead, the times first."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None, markup=False)
    draw(console, played)
    rows = [line for line in stream.getvalue().splitlines() if line.startswith(("BTC-", "ETH-"))]
    assert rows
    assert not any("…" in row for row in rows)
    for it in played.result.symbols:
        assert any(row.startswith(it.symbol + " ") and f" {it.low:f} " in row for row in rows)
