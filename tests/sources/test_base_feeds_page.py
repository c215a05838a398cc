"""The page ``docs/base-feeds.md`` says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdsim.core.time import DAY, HOUR, MINUTE, MS, SECOND
from mdsim.sources._datasets import names
from mdsim.sources._parameters import DEFAULTS

PAGE = (Path(__file__).parents[2] / "docs" / "base-feeds.md").read_text(encoding="utf-8")
RISKY, STABLE, VOLATILITY = DEFAULTS.risky, DEFAULTS.stable, DEFAULTS.volatility


@pytest.mark.parametrize(
    ("parameter", "numbers"),
    [
        ("BTC volatility", [RISKY["BTC"].annual_volatility]),
        ("ETH volatility", [RISKY["ETH"].annual_volatility]),
        ("loading on the market factor", [RISKY["BTC"].loading]),
        ("lead of BTC", [DEFAULTS.lead_ns / MS]),
        ("tail degrees at one second", [DEFAULTS.tail_degrees]),
        ("GARCH alpha", [VOLATILITY.garch_alpha]),
        ("GARCH beta", [VOLATILITY.garch_beta]),
        ("fast factor", [VOLATILITY.fast_sd, VOLATILITY.fast_half_life_ns / HOUR]),
        ("slow factor", [VOLATILITY.slow_sd, VOLATILITY.slow_half_life_ns / DAY]),
        ("day curve, first harmonic", [VOLATILITY.hours.day_amplitude, VOLATILITY.hours.day_peak_hour]),
        (
            "day curve, second harmonic",
            [VOLATILITY.hours.half_day_amplitude, VOLATILITY.hours.half_day_peak_hour],
        ),
        ("weekend", [VOLATILITY.hours.weekend]),
        ("jumps", [DEFAULTS.jumps_per_day, -DEFAULTS.jump_mean * 100, DEFAULTS.jump_sd * 100]),
        ("USDT peg", [STABLE["USDT"].sd_bps, STABLE["USDT"].half_life_ns / MINUTE]),
        ("USDC peg", [STABLE["USDC"].sd_bps, STABLE["USDC"].half_life_ns / MINUTE]),
        (
            "basis of the perpetual",
            [
                DEFAULTS.basis.mean_bps,
                DEFAULTS.basis.sd_bps,
                DEFAULTS.basis.half_life_ns / MINUTE,
                DEFAULTS.basis.band_bps,
            ],
        ),
        (
            "pair term",
            [DEFAULTS.pair.sd_bps, DEFAULTS.pair.half_life_ns / SECOND, DEFAULTS.pair.band_bps],
        ),
    ],
)
def test_the_table_of_parameters_is_the_one_in_the_code(parameter: str, numbers: list[float]) -> None:
    """Each number of a row, in its unit, stands in the row."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {parameter} |")]
    value, unit = (cell.strip() for cell in row.split("|")[2:4])
    assert float(value) == numbers[0]
    words = unit.replace(",", " ").replace("(", " ").replace(")", " ").replace("−", " ").split()
    for number in numbers[1:]:
        assert f"{number:g}" in words


def test_every_shipped_dataset_is_on_the_page() -> None:
    """With its name as it is written in a playbook."""
    for name in names():
        assert f"| `{name}` |" in PAGE
