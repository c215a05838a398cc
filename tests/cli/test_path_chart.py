"""Prices drawn with characters: to scale, with the base where it is, and nothing invented."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.cli.path_chart import ROWS, chart, moved, ruler
from mdsim.core.time import HOUR, MINUTE, SECOND
from mdsim.run.series import Track

if TYPE_CHECKING:
    import subprocess

    Command = Callable[..., subprocess.CompletedProcess[str]]


def track(*points: tuple[int, int], base: int = 10_000) -> Track:
    """A track of (second, price in cents)."""
    at_ns = [at * SECOND for at, _ in points]
    prices = [price for _, price in points]
    return Track("BTC-USD", "0.01", at_ns, prices, [base] * len(points), prices, prices)


def test_fall_and_return_are_drawn_where_they_are() -> None:
    """High on the left, low in the middle, high again; the base is a line where the price has left it."""
    drawn = chart(track((0, 10_000), (4, 9_000), (8, 9_000), (9, 10_000)), 10 * SECOND, 10, blocks=False)

    assert drawn.rows == (
        ("100.00", "#####----#"),
        ("", "    #    #"),
        ("", "    #    #"),
        ("", "    #    #"),
        ("90.00", "    ######"),
    )
    assert drawn.title == "from 100.00, farthest 90.00 (-10.00%) at +00:00:04, ends at 100.00"


def test_half_blocks_hold_two_levels_a_cell() -> None:
    """Twice as fine as plain ASCII, in the same height."""
    drawn = chart(track((0, 10_000), (5, 9_000)), 10 * SECOND, 10, blocks=True)

    assert len(drawn.rows) == ROWS
    assert drawn.rows[0][1].startswith("▀▀▀▀▀█")
    assert drawn.rows[-1][1].endswith("▄▄▄▄")


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=40), st.booleans(), st.integers(1, 60))
def test_every_column_shows_a_price_and_extremes_reach_the_edges(
    prices: list[int], blocks: bool, columns: int
) -> None:
    """Whatever the prices: no column is empty, and the lowest and the highest row are touched."""
    it = track(*enumerate(prices))
    drawn = chart(it, len(prices) * SECOND, columns, blocks=blocks)
    ink = "▀▄█#"
    cells = [line.ljust(columns) for _, line in drawn.rows]

    assert all(any(line[at] in ink for line in cells) for at in range(columns))
    assert all(len(line) == columns for line in cells)
    if max(prices) > 10_000:
        assert any(sign in ink for sign in cells[0])
    if min(prices) < 10_000:
        assert any(sign in ink for sign in cells[-1])


def test_rounding_is_no_move() -> None:
    """An instrument that only the grid has nudged is not drawn."""
    assert not moved(track((0, 10_000), (5, 10_001)))
    assert moved(track((0, 10_000), (5, 10_002)))


def test_ruler_ends_with_the_chart() -> None:
    """The last mark stands below the last column."""
    line = ruler(36 * HOUR, 88)

    assert line.startswith("+00:00:00")
    assert line.endswith("+36:00:00")
    assert len(line) == 88


def test_plan_draws_prices_before_anything_runs(mdsim: Command, tmp_path: Path) -> None:
    """The way of each instrument that the plan moves, and no other."""
    text = "mdsim: 1\nsteps: [{move: {symbol: BTC-USD, by: -12%, over: 10m}}, {expect: price(ETH-USD) > 1}]\n"
    (tmp_path / "book.yaml").write_text(text)
    done = mdsim("plan", "book.yaml")

    assert done.returncode == 0, done.stderr
    assert "on a market that stands still" in done.stdout
    assert "BTC-USD  from 60000.00, farthest 52800.00 (-12.00%) at +00:10:00" in done.stdout
    assert "ETH-USD  from" not in done.stdout


def test_plan_of_a_market_that_cannot_be_opened_is_still_shown(mdsim: Command, tmp_path: Path) -> None:
    """The timeline is there, and one line says why prices are not."""
    head = "mdsim: 1\nbaseline: {source: replay, dataset: ./nowhere}\n"
    (tmp_path / "book.yaml").write_text(head + "steps: [{move: {symbol: BTC-USD, by: -12%, over: 10m}}]\n")
    done = mdsim("plan", "book.yaml")

    assert "move BTC-USD by -12% over 10m" in done.stdout
    assert "prices    not drawn:" in done.stdout


def test_plan_that_moves_nothing_says_so(mdsim: Command, tmp_path: Path) -> None:
    """An empty drawing would look like a fault."""
    (tmp_path / "book.yaml").write_text("mdsim: 1\nlimits: {max_duration: 1h}\nsteps: [{wait: 1m}]\n")
    done = mdsim("plan", "book.yaml")

    assert "prices    the plan moves none" in done.stdout
    assert "limits    max_duration 1h" in done.stdout


def test_offsets_of_a_narrow_ruler_do_not_run_into_each_other() -> None:
    """There are fewer of them instead."""
    for columns in range(30, 120):
        offsets = ruler(12 * MINUTE, columns).split()
        assert offsets[0] == "+00:00:00"
        assert offsets[-1] == "+00:12:00"
        assert {len(offset) for offset in offsets} == {9}
