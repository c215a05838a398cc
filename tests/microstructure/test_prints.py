"""Prints: bursts of one side, many children, heavy tails, at the quote in force."""

from __future__ import annotations

import statistics
from itertools import pairwise

import pytest

from mdsim.core.time import MS, SECOND
from mdsim.microstructure.prints import (
    BURSTS_A_STEP,
    Expansion,
    Print,
    Quote,
    further_prints_table,
    notional_table,
)
from mdsim.microstructure.profile import Liquidity, TradeLaw

LAW = TradeLaw()
BUSY = Liquidity(1e6, 0.5, 10.0, median_usd=200.0, notional_sd=2.2)
QUOTES = [Quote(0, 100, 101)]
STEP_NS = 100 * MS


def expansion(key: int = 99) -> Expansion:
    """Prints of one instrument with steps of 100 ms."""
    return Expansion(LAW, BUSY, key, STEP_NS)


def many(steps: int = 3000, bursts: int = 1, move: int = 0) -> list[Print]:
    """Prints of many steps; 1,000 size increments to the dollar."""
    one = expansion()
    found = []
    for step in range(steps):
        found += one.prints(step, step * STEP_NS, bursts, move, 1000.0, QUOTES)
    return found


def test_asking_twice_gives_the_same() -> None:
    """The prints of a step are a function of key and step."""
    first = expansion().prints(5, 5 * STEP_NS, 4, 1, 1000.0, QUOTES)
    assert first == expansion().prints(5, 5 * STEP_NS, 4, 1, 1000.0, QUOTES)
    assert first != expansion(100).prints(5, 5 * STEP_NS, 4, 1, 1000.0, QUOTES)
    assert first != expansion().prints(6, 5 * STEP_NS, 4, 1, 1000.0, QUOTES)


def test_every_print_lies_in_its_step_in_order() -> None:
    """Times are within the step and sorted; ids rise."""
    for step in range(300):
        made = expansion().prints(step, step * STEP_NS, 6, 0, 1000.0, QUOTES)
        assert len(made) >= 6
        assert all(step * STEP_NS <= one.ts_ns < (step + 1) * STEP_NS for one in made)
        assert [(one.ts_ns, one.trade_id) for one in made] == sorted(
            (one.ts_ns, one.trade_id) for one in made
        )
        assert len({one.trade_id for one in made}) == len(made)


def test_a_buy_prints_at_the_ask_of_the_quote_in_force() -> None:
    """A quote that changes within the step prices what comes after it."""
    half_ns = STEP_NS // 2
    quotes = [Quote(0, 100, 101), Quote(half_ns, 200, 203)]
    made = expansion().prints(0, 0, 60, 0, 1000.0, quotes)
    for one in made:
        bid, ask = (100, 101) if one.ts_ns < half_ns else (200, 203)
        assert one.price == (ask if one.buy else bid)
    assert {one.price for one in made} == {100, 101, 200, 203}


def test_the_next_print_mostly_takes_the_same_side() -> None:
    """About nine times in ten, as measured, while both sides trade alike."""
    trades = many()
    same = statistics.mean(before.buy == after.buy for before, after in pairwise(trades))
    assert same == pytest.approx(0.9, abs=0.04)
    assert statistics.mean(one.buy for one in trades) == pytest.approx(0.5, abs=0.08)


def test_flow_follows_the_last_move() -> None:
    """After a rise orders to buy prevail, after a fall those to sell: five in eight."""
    for move, share in ((3, 0.625), (-3, 0.375)):
        orders = {(one.ts_ns, one.buy): one.buy for one in many(move=move)}
        assert statistics.mean(orders.values()) == pytest.approx(share, abs=0.04)


def test_sizes_have_a_floor_a_median_and_a_power_tail() -> None:
    """Orders start at the least notional; the top percent falls with the index of the law."""
    table = notional_table(LAW, BUSY)
    assert min(table) == LAW.least_usd
    assert table[512] == pytest.approx(200, rel=0.02)
    orders: dict[int, int] = {}
    for one in many(20_000):
        orders[one.ts_ns] = orders.get(one.ts_ns, 0) + one.size
    sizes = sorted(orders.values())
    low, high = sizes[int(0.99 * len(sizes))], sizes[int(0.999 * len(sizes))]
    assert high / low == pytest.approx(10 ** (1 / LAW.tail_index), rel=0.4)


def test_children_are_as_many_as_measured() -> None:
    """By rank of the order: 1.7 below .8, 3.3 to .9, about 6 to .95, 9 to .98, 12.5 to .99, 39 above."""
    means = []
    for split in LAW.splits:
        table = further_prints_table(split, LAW.split_most)
        assert sum(value == 0 for value in table) / 4096 == pytest.approx(1 - split.share, abs=0.01)
        assert max(table) < LAW.split_most
        means.append(1 + sum(table) / 4096)
    assert means == pytest.approx([1.7, 3.3, 6.1, 9, 12.5, 33], rel=0.2)


def test_the_prints_of_an_order_add_up_to_it() -> None:
    """A split order trades its notional, in uneven parts of at least the least notional."""
    orders: dict[tuple[int, bool], list[int]] = {}
    for one in many(4000):
        orders.setdefault((one.ts_ns, one.buy), []).append(one.size)
    split = [sizes for sizes in orders.values() if len(sizes) > 3]
    assert len(split) > 200
    assert min(min(sizes) for sizes in split) >= LAW.least_usd * 1000 - 1
    spread = [statistics.pstdev(sizes) / statistics.mean(sizes) for sizes in split]
    assert 0.7 < statistics.mean(spread) < 1.6


def test_the_smallest_print_is_one_increment() -> None:
    """However little a dollar buys, a print has a size."""
    made = expansion().prints(1, 0, 20, 0, 1e-9, QUOTES)
    assert {one.size for one in made} == {1}


def test_steps_of_any_length_are_filled_evenly() -> None:
    """Bursts spread over a step of ten seconds as over one of 100 ms."""
    long = Expansion(LAW, BUSY, 7, 10 * SECOND)
    made = long.prints(0, 0, 800, 0, 1000.0, QUOTES)
    firsts = {one.ts_ns for one in made}
    assert statistics.mean(firsts) == pytest.approx(5 * SECOND, rel=0.06)


def test_no_volume_asks_for_more_prints_than_a_cycle_can_make() -> None:
    """Past the bound the same prints get larger: playbooks piled up cannot stop the market."""
    bound = BURSTS_A_STEP[0]  # that of a short step
    most, piled = (
        expansion().prints(7, 0, bursts, 0, 1000.0, QUOTES) for bursts in (bound, bound * 1_000_000)
    )
    assert [(one.ts_ns, one.buy) for one in piled] == [(one.ts_ns, one.buy) for one in most]
    volumes = [sum(one.size for one in made) for made in (most, piled)]
    assert volumes[1] / volumes[0] == pytest.approx(1_000_000, rel=1e-3)
