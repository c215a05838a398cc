"""What a delivery fault may do to a report of a simulated venue."""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec

from mdsim.core.decimals import CONTEXT
from mdsim.core.sourcing import Report

_SHARP = Decimal("1e-12")
_MOST = Decimal("1e20")
"""Past it a price is this: outliers and shifts of the point multiply, and no market believes either."""


class _Handling:
    """``Handling`` of reports: the model's stand-in for the wire."""

    def symbol(self, item: Report) -> str:
        return item.symbol

    def channel(self, item: Report) -> str:
        return "tick"

    def seq(self, item: Report) -> int:
        return item.seq

    def corrupt(self, item: Report, rng: random.Random) -> Report:
        """A price that is none, or quotes that are crossed: what a broken message leaves of them."""
        if item.bid is None or item.ask is None or rng.random() < 0.5:
            nothing = Decimal("NaN")
            return msgspec.structs.replace(item, bid=None, ask=None, last=nothing)
        return msgspec.structs.replace(item, bid=item.ask, ask=item.bid)

    def repeat(self, last: Report, item: Report) -> Report:
        return msgspec.structs.replace(item, bid=last.bid, ask=last.ask, last=last.last)

    def skip(self, item: Report, by: int) -> Report:
        return msgspec.structs.replace(item, seq=item.seq + by) if item.seq else item

    def scale(self, item: Report, factor: float) -> Report:
        times = CONTEXT.create_decimal_from_float(factor)

        def scaled(price: Decimal | None) -> Decimal | None:
            if price is None:
                return None
            product = CONTEXT.multiply(price, times)
            if product.is_nan():
                return product
            return CONTEXT.quantize(min(product, _MOST), _SHARP)

        return msgspec.structs.replace(
            item, bid=scaled(item.bid), ask=scaled(item.ask), last=scaled(item.last)
        )

    def shift(self, item: Report, by_ns: int) -> Report:
        ts_ns = item.ts_event_ns
        return msgspec.structs.replace(item, ts_event_ns=ts_ns + by_ns) if ts_ns else item


HANDLING = _Handling()
