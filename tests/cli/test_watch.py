"""The board of `mdsim watch` on terminals of several widths."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from rich.console import Console

from mdsim.cli.watch import Board
from mdsim.client.stream import Update
from mdsim.core.events import Tick


@pytest.fixture
def board() -> Board:
    """Two instruments with a past of fifty prices, one of them with a long name and price."""
    board = Board()
    for at in range(50):
        for symbol, price in (("BTC-USD-PERP", "61234.5"), ("USDT-BTC", "0.0000167100")):
            it = Decimal(price)
            tick = Tick(symbol, at, at * 1_000_000_000, it, it, it, reference=it)
            board.take(Update(tick, at))
    return board


def drawn(board: Board, width: int) -> list[str]:
    """The lines of the board without its caption."""
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(board.table(width))
    return [line.rstrip() for line in stream.getvalue().splitlines()][:3]


@pytest.mark.parametrize("width", [120, 100, 80, 70])
def test_prices_are_whole_at_any_usual_width(board: Board, width: int) -> None:
    """The path of the price gives way, never a digit."""
    lines = drawn(board, width)

    assert lines[1].split()[:5] == ["BTC-USD-PERP", "61234.5", "61234.5", "61234.5", "+0.000%"]
    assert lines[2].split()[:5] == ["USDT-BTC", *["0.0000167100"] * 3, "+0.000%"]
    assert max(len(line) for line in lines) <= width


def test_a_wide_terminal_shows_the_path(board: Board) -> None:
    """Forty prices back, where there is room."""
    assert len(drawn(board, 120)[1].split()[5]) == 40
    assert 6 <= len(drawn(board, 80)[1].split()[5]) < 40


def test_a_narrow_terminal_keeps_the_price_and_lets_quotes_go(board: Board) -> None:
    """Half a terminal beside an editor."""
    lines = drawn(board, 50)

    assert lines[0].split() == ["symbol", "price", "vs", "base"]
    assert lines[2].split()[:3] == ["USDT-BTC", "0.0000167100", "+0.000%"]
    assert max(len(line) for line in lines) <= 50
