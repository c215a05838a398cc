"""The sparkline of the live view."""

from __future__ import annotations

from mdsim.cli.sparkline import ASCII, Sparkline


def test_lowest_and_highest_values_get_the_outer_signs() -> None:
    """The line spans the whole range of what it shows."""
    line = Sparkline()
    for value in (1.0, 2.0, 3.0):
        line.push(value)
    assert str(line) == "▁▅█"


def test_only_the_newest_values_stay() -> None:
    """A full line scrolls to the left."""
    line = Sparkline(columns=2)
    for value in (9.0, 1.0, 2.0):
        line.push(value)
    assert str(line) == "▁█"


def test_flat_prices_draw_a_flat_line() -> None:
    """Equal values have no range to divide by."""
    line = Sparkline(signs=ASCII)
    line.push(5.0)
    line.push(5.0)
    assert str(line) == "__"


def test_nothing_yet_draws_nothing() -> None:
    """Before the first sample the line is empty."""
    assert str(Sparkline()) == ""
