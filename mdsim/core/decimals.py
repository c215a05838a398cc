"""Decimal rules: one explicit context, one gate from float to the grid.

The ambient Decimal context is shared between trio tasks (a child that sets its precision changes
its parent's), so every operation that rounds names ``CONTEXT``.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import exp

from mdsim.core.errors import InternalError

CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN)

MOST_STEPS = 1 << 60
"""The end of every price grid, in increments: quotes are kept as 64-bit integers, with room for a spread."""


def grid_steps(price: float, increment: float) -> int:
    """Nearest whole number of increments, at least one: the only way a model's float becomes a price.

    Raises:
        InternalError: ``price`` is NaN, infinite or not positive.
    """
    if not 0.0 < price < math.inf:
        raise InternalError("MD901", f"a model produced the price {price!r}")
    return round(price / increment) or 1


def grid_all(log_prices: list[float], increments: list[float]) -> list[int]:
    """The same gate for a whole market: natural logs in, whole increments out, one loop.

    What playbooks on top of each other push past the ends of the grid stands at its end: 1, or MOST_STEPS.

    Raises:
        InternalError: a log is NaN, infinite or outside what a float's exponential can hold.
    """
    try:
        steps = [round(exp(log) / increment) for log, increment in zip(log_prices, increments, strict=True)]
    except (OverflowError, ValueError) as error:
        raise InternalError("MD901", f"a model produced the log prices {log_prices!r}") from error
    if min(steps, default=1) > 0 and max(steps, default=1) <= MOST_STEPS:
        return steps
    return [min(step or 1, MOST_STEPS) for step in steps]


def from_steps(steps: int, increment: Decimal) -> Decimal:
    """The exact Decimal of a number of increments."""
    return CONTEXT.multiply(Decimal(steps), increment)


def rounded(value: float, places: int) -> Decimal:
    """A model's float (a confidence, a share) as a Decimal of so many places; never a price."""
    return Decimal(round(value * 10**places)).scaleb(-places, CONTEXT)


def plain(value: Decimal) -> str:
    """Canonical text of a Decimal: no exponent, no trailing zeros after the point, no minus zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def log(value: Decimal) -> float:
    """Natural logarithm as a float, for models that work in log price."""
    return math.log(float(value))
