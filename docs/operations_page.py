"""The tables of the operations page, made from the names that the code uses."""

from __future__ import annotations

import re
from collections.abc import Callable

from mdsim.telemetry.names import METRICS, Metric

_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def page(text: str) -> str:
    """The page with each table written again between its marks."""
    return _TABLE.sub(lambda found: found[1] + "\n" + TABLES[found[2]]() + "\n\n", text)


def _promised() -> str:
    return _rows([metric for metric in METRICS if metric.promised])


def _more() -> str:
    return _rows([metric for metric in METRICS if not metric.promised])


def _rows(metrics: list[Metric]) -> str:
    head = ["| metric | labels | kind | |", "|---|---|---|---|"]
    return "\n".join(head + [_row(metric) for metric in metrics])


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {labels} | {metric.kind.value} | {metric.help} |"


TABLES: dict[str, Callable[[], str]] = {"promised": _promised, "more": _more}
