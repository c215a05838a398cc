"""Write the measured tables of ``docs/consensus.md``: five incidents, and four ways to a mean.

``python tools/consensus_page.py`` plays the cases of ``tools/consensus_cases.py`` and writes what came of
them between the marks of the page; ``--check`` exits 1 when they are not up to date. The tables of March
2023 need a recording and have a script of their own, ``tools/consensus_march_2023.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from pathlib import Path
from random import Random

from mdsim.consensus import confidence, means
from mdsim.consensus.centre import NORMAL, bps, median
from mdsim.core.seeds import SeedTree

# The scripts stand beside this one, whether it is run by path or as a module.
sys.path.insert(0, str(Path(__file__).parent.parent))

from tools.consensus_cases import rows

PAGE = Path(__file__).parent.parent / "docs" / "consensus.md"
DRAWS = 4_000

Mean = Callable[[Sequence[float], Sequence[float]], float]
Draw = Callable[[Random, int], tuple[list[float], list[float]]]


def literal(values: Sequence[float], weighing: Sequence[float]) -> float:
    """The weighted mean of what lies within two standard deviations."""
    kept = means.within_two_sigma(values)
    return means.weighted(
        [value for value, keep in zip(values, kept, strict=True) if keep],
        [weight for weight, keep in zip(weighing, kept, strict=True) if keep],
    )


def three_votes(values: Sequence[float], weighing: Sequence[float]) -> float:
    """The weighted median of three votes a source, with 1 bp of uncertainty each."""
    votes = sorted(
        (value * (1.0 + sign / 1e4), weight)
        for value, weight in zip(values, weighing, strict=True)
        for sign in (-1.0, 0.0, 1.0)
    )
    return confidence.quantiles(votes, (0.5,))[0]


def winsorised(values: Sequence[float], weighing: Sequence[float]) -> float:
    """The weighted mean after drawing everything to six robust deviations of the median."""
    middle = median(sorted(values))
    spread_bps = max(median(sorted(bps(value, middle) for value in values)), means.WINSOR_FLOOR_BPS)
    reach = means.WINSOR_DEVIATIONS * NORMAL * spread_bps / 1e4
    low, high = middle * (1.0 - reach), middle * (1.0 + reach)
    return means.weighted([min(max(value, low), high) for value in values], weighing)


MEANS: dict[str, Mean] = {
    "two_sigma": literal,
    "median of three votes": three_votes,
    "winsorised mean": winsorised,
    "robust (winsorised, then the inner range)": means.robust,
}


def good(draws: Random, count: int) -> tuple[list[float], list[float]]:
    """Sources with 1 bp of noise, equal weights."""
    return [1.0 + draws.gauss(0.0, 1.0) / 1e4 for _ in range(count)], [1.0] * count


def off(by_bps: float, how_many: int = 1, weight: float = 1.0) -> Draw:
    """The last of them are off by so much."""

    def draw(draws: Random, count: int) -> tuple[list[float], list[float]]:
        values, weighing = good(draws, count)
        for at in range(count - how_many, count):
            values[at] *= 1.0 + by_bps / 1e4
            weighing[at] = weight
        return values, weighing

    return draw


SETS: tuple[tuple[str, int, Draw], ...] = (
    ("three good ones", 3, good),
    ("five good ones", 5, good),
    ("eleven good ones", 11, good),
    ("three, one 5 % off", 3, off(500.0)),
    ("five, one 5 % off", 5, off(500.0)),
    ("three, one 20 bps off", 3, off(20.0)),
    ("five, one 20 bps off", 5, off(20.0)),
    ("five, one 20 bps off with four times the weight", 5, off(20.0, weight=4.0)),
    ("eleven, two near zero", 11, off(-9_999.0, how_many=2)),
)


def mean_rows() -> Iterator[str]:
    """Root mean square errors in bps."""
    yield f"| sources | {' | '.join(MEANS)} |"
    yield "|---|" + "---|" * len(MEANS)
    for title, count, draw in SETS:
        draws = SeedTree(1).stream("means", title)
        total = dict.fromkeys(MEANS, 0.0)
        for _ in range(DRAWS):
            values, weighing = draw(draws, count)
            for name, mean in MEANS.items():
                total[name] += (1e4 * (mean(values, weighing) - 1.0)) ** 2
        yield f"| {title} | {' | '.join(f'{sqrt(it / DRAWS):.2f}' for it in total.values())} |"


def incident_rows() -> Iterator[str]:
    """Worst and mean errors of every case under both methods."""
    yield "| incident | robust: worst, mean | rejected as | two_sigma: worst, mean | breaker of 20 % |"
    yield "|---|---|---|---|---|"
    for case, ours, theirs in rows():
        halted = f"two_sigma, {theirs.halted_s:g} s" if theirs.halted_s else "–"
        halted = f"robust, {ours.halted_s:g} s" if ours.halted_s else halted
        yield (
            f"| {case.name} | {ours.worst_bps:.1f}, {ours.mean_bps:.1f} | {', '.join(ours.reasons) or '–'} "
            f"| {theirs.worst_bps:.1f}, {theirs.mean_bps:.1f} | {halted} |"
        )


def filled(text: str, name: str, table: Iterator[str]) -> str:
    """The page with a table between its marks."""
    begin = text.index("\n", text.index(f"<!-- {name}: begin")) + 1
    end = text.index(f"<!-- {name}: end")
    return text[:begin] + "\n".join(table) + "\n" + text[end:]


def main() -> int:
    """Write the tables, or check them."""
    before = PAGE.read_text("utf-8")
    text = filled(filled(before, "incidents", incident_rows()), "means", mean_rows())
    if "--check" not in sys.argv:
        PAGE.write_text(text, "utf-8")
    elif text != before:
        sys.stderr.write("docs/consensus.md is not up to date: run make docs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
