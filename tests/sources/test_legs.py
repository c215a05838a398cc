"""Which assets a recording tells, and which are made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdsim.sources._datasets import Item
from mdsim.sources._legs import derive


def item(text: str) -> Item:
    """An item from ``BTC-USDT`` or, recorded in another quote, ``BTC-USD-PERP/USDT``."""
    symbol, _, quote = text.partition("/")
    base, own, *rest = symbol.split("-")
    return Item(symbol, base, quote or own, bool(rest), None, None, Path("x.csv"), "x.csv")


@pytest.mark.parametrize(
    ("recorded", "made_up", "rules"),
    [
        ("BTC-USD", "ETH USDT", "BTC=USD+BTC-USD"),
        ("BTC-USDT", "ETH USDT", "BTC=USDT+BTC-USDT"),
        ("BTC-USDT ETH-USDT", "USDT", "BTC=USDT+BTC-USDT ETH=USDT+ETH-USDT"),
        ("BTC-USDT USDT-USD", "ETH", "USDT=USD+USDT-USD BTC=USDT+BTC-USDT"),
        ("BTC-USD BTC-USDT", "ETH", "BTC=USD+BTC-USD USDT=BTC-BTC-USDT"),
        ("USDT-BTC", "ETH USDT", "BTC=USDT-USDT-BTC"),
        ("BTC-ETH", "ETH USDT", "BTC=ETH+BTC-ETH"),
        ("BTC-ETH ETH-USDT", "USDT", "ETH=USDT+ETH-USDT BTC=ETH+BTC-ETH"),
        ("BTC-USD-PERP", "ETH USDT", "BTC=USD+BTC-USD-PERP"),
        ("BTC-USD-PERP/USDT", "ETH USDT", "BTC=USDT+BTC-USD-PERP"),
        ("BTC-USD-PERP BTC-USDT", "ETH USDT", "BTC=USDT+BTC-USDT"),
        ("BTC-USD BTC-USDT USDT-USD", "ETH", "BTC=USD+BTC-USD USDT=BTC-BTC-USDT"),
        ("USDC-USDT", "BTC ETH USDT", "USDC=USDT+USDC-USDT"),
    ],
)
def test_levels_follow_from_recordings_where_they_can(recorded: str, made_up: str, rules: str) -> None:
    """Spot before perpetuals, known legs first, a stablecoin made up rather than a coin."""
    found = derive([item(text) for text in recorded.split()], ["BTC", "ETH", "USDT"])
    assert " ".join(found.made_up) == made_up
    shown = [f"{r.asset}={r.other}{'+' if r.sign > 0 else '-'}{r.item.symbol}" for r in found.rules]
    assert " ".join(shown) == rules


def test_no_asset_is_made_up_and_told_at_once() -> None:
    """Every asset has exactly one origin."""
    found = derive([item(t) for t in ("BTC-ETH", "ETH-USDT", "BTC-USD-PERP/USDC", "USDC-USDT")], ["UST"])
    told = [rule.asset for rule in found.rules]
    assert sorted([*told, *found.made_up]) == ["BTC", "ETH", "USDC", "USDT", "UST"]
