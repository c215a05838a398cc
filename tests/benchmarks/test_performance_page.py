"""docs/performance.md: every table is known and made from what was taken; the soak's verdict is a verdict."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import crash_under_load, crews, soak
from docs import performance_page

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "performance.md").read_text("utf-8")
MARKED = re.compile(r"<!-- table: (\w+) -->")


def test_every_table_stands_on_the_page_once() -> None:
    """A benchmark without a place on the page is one that nobody sees."""
    assert sorted(MARKED.findall(PAGE)) == sorted(performance_page.TABLES)


def test_every_table_was_measured() -> None:
    """What was taken covers the page, each with the machine it was measured on."""
    taken = performance_page.figures()
    for name in performance_page.TABLES:
        assert taken[name.split("__")[0]]["machine"]["cores"] > 0


def test_everything_measured_by_make_bench_has_a_table() -> None:
    """Whoever adds a benchmark to it gives it a place on the page."""
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\nbench:")[2].partition("\n\n")[0]
    measured = set(re.findall(r"-m benchmarks\.(\w+)", recipe))
    assert measured
    assert measured <= {name.split("__")[0] for name in performance_page.TABLES}


def test_a_page_is_filled_from_figures_and_says_what_is_missing() -> None:
    """What stood between the marks goes; the machine is named below."""
    text = "before\n<!-- table: memory -->\nold\n<!-- end -->\n<!-- table: rest -->\n<!-- end -->\nafter\n"
    rows = [{"state": "fresh", "memory_mb": 87.04, "descriptors": 24}]
    machine = {"python": "CPython 3.11.0", "cores": 2, "system": "Linux"}
    page = performance_page.page(text, {"memory": {"machine": machine, "rows": rows, "load_1m_after": 1.5}})
    assert "| fresh | 87 | 24 |\n\n*CPython 3.11.0, 2 cores, Linux, load average 1.5 at its end*" in page
    assert performance_page.UNMEASURED in page
    assert "old" not in page
    assert page.startswith("before\n")
    assert page.endswith("after\n")


def test_a_table_that_nobody_knows_is_an_error() -> None:
    """A misspelt mark must not stay empty unnoticed."""
    with pytest.raises(KeyError):
        performance_page.page("<!-- table: memroy -->\n<!-- end -->", {"memroy": {"rows": []}})


ONE = soak.Sample(at_s=0.0, memory_mb=200.0, descriptors=330, p99_ms=5.0, lost=0, gone=0, cpu_share=0.2)
CALM = [
    replace(ONE, at_s=10.0 * at, memory_mb=200.0 + at % 2, descriptors=330 + at % 5) for at in range(1, 121)
]


def test_a_server_that_breathes_is_flat() -> None:
    """Memory and descriptors go up and down by a little."""
    verdict = soak.judge(CALM)
    assert verdict.flat
    assert verdict.judged_s == pytest.approx(890)
    assert abs(verdict.memory_mb_per_hour) < 1


def test_growth_that_ends_early_is_flat() -> None:
    """What is kept of ended runs fills up in the first quarter."""
    filling = [replace(one, memory_mb=one.memory_mb - max(0.0, 250 - one.at_s) / 5) for one in CALM]
    assert soak.judge(filling).flat


@pytest.mark.parametrize(("of_memory", "of_descriptors"), [(0.5, 0.0), (0.0, 0.5)])
def test_a_small_leak_is_found(of_memory: float, of_descriptors: float) -> None:
    """Half a megabyte, or half a descriptor, a minute: 6 MB, and 7 descriptors, while judged."""
    leaking = [
        replace(
            one,
            memory_mb=one.memory_mb + of_memory * one.at_s / 60,
            descriptors=one.descriptors + round(of_descriptors * one.at_s / 60),
        )
        for one in CALM
    ]
    assert not soak.judge(leaking).flat


def test_what_is_planned_of_a_crash_follows_base_and_quote() -> None:
    """By the formula of the exponential curve: half of what is left in each fifth of the time."""
    assert crash_under_load.planned("BTC-USD", 1.0) == pytest.approx(-0.2)
    assert crash_under_load.planned("BTC-USD", 2.0) == pytest.approx(-0.2)
    assert crash_under_load.planned("BTC-USD", 0.2) == pytest.approx(0.8 ** (16 / 31) - 1)
    assert crash_under_load.planned("USDT-ETH", 1.0) == pytest.approx(0.25)
    assert crash_under_load.planned("BTC-ETH", 0.5) == 0
    assert crash_under_load.planned("USDC-USD", 0.5) == 0


def test_waits_are_summed_up() -> None:
    """Percentiles between the values that there are, and nothing at all of nothing."""
    waits = crews.summed([float(at) for at in range(1, 102)], lost=3)
    assert (waits.count, waits.p50_ms, waits.p99_ms, waits.worst_ms, waits.lost) == (101, 51, 100, 101, 3)
    assert crews.summed([]).p99_ms == 0
    assert crews.summed([7.0]).p50_ms == 7
