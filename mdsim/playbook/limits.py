"""Safety limits: how far and how long a run may go, and what a plan that goes further is told.

A limit bounds what is *planned*; it is checked before the run starts. Of several limits of one kind
the strictest holds, so whoever adds one can tighten and never widen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from mdsim.core.decimals import CONTEXT
from mdsim.core.errors import LimitError
from mdsim.core.params import Kind
from mdsim.core.time import HOUR, format_clock, format_duration
from mdsim.core.values import render
from mdsim.playbook.plan import Place, Plan
from mdsim.playbook.spans import FOREVER


class Measure(Enum):
    """What a limit bounds."""

    DEVIATION = "deviation"
    """The largest planned |published / base - 1| of any instrument, as a fraction."""
    DURATION = "duration"
    """The longest that the plan may take, timeouts counted in full, in ns."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """One limit.

    Attributes:
        key: where it is set, as its owner writes it: ``MAX_PRICE_DEVIATION``, ``limits.max_deviation``,
            ``chaos_scenarios.price_shock.max_deviation``.
        value: the most allowed: a fraction, or ns.
        place: its line, when a playbook sets it.
    """

    key: str
    measure: Measure
    value: Decimal | int
    place: Place | None = None

    @property
    def text(self) -> str:
        """The value as it is written."""
        return _text(self.measure, self.value)


MAX_PRICE_DEVIATION = Ceiling("MAX_PRICE_DEVIATION", Measure.DEVIATION, Decimal("0.25"))
SCENARIO_TIMEOUT_HOURS = Ceiling("SCENARIO_TIMEOUT_HOURS", Measure.DURATION, 48 * HOUR)
SERVER = (MAX_PRICE_DEVIATION, SCENARIO_TIMEOUT_HOURS)
"""What bounds every run on a server, at the values it has unless its environment says otherwise."""

_KEYS = {"max_deviation": Measure.DEVIATION, "max_duration": Measure.DURATION}


def of_playbook(plan: Plan) -> tuple[Ceiling, ...]:
    """The limits that a playbook sets for itself."""
    return tuple(
        Ceiling(f"limits.{limit.key}", _KEYS[limit.key], limit.value, limit.place) for limit in plan.limits
    )


@dataclass(frozen=True, slots=True)
class Peak:
    """The farthest that a plan takes one instrument from its base price.

    Attributes:
        deviation: published / base - 1, with its sign, as a fraction.
        rounding: how much of it may be due to the price grid alone (one increment / base).
        at_ns: since the start of the run.
        step, place: what moves the price there, where that is known.
        choices: the branches that lead there, when the plan has any: ``outcome/1: squeeze``.
        follows: no step names the instrument; it goes where its legs go.
    """

    symbol: str
    deviation: Decimal
    rounding: Decimal
    at_ns: int
    step: str = ""
    place: Place | None = None
    choices: tuple[str, ...] = ()
    follows: bool = False

    @property
    def size(self) -> Decimal:
        """How far it is, whatever its sign, without what the grid may have added.

        A rate and its inverse are one price: where BTC-USD falls by 25 %, USDT-BTC rises by 33 %. Of an
        instrument that only follows, the smaller of the two counts.
        """
        size = CONTEXT.abs(self.deviation)
        if self.follows and self.deviation > 0:
            size = CONTEXT.divide(size, CONTEXT.add(1, size))
        return max(Decimal(0), CONTEXT.subtract(size, self.rounding))


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit, and the plan that goes past it."""

    ceiling: Ceiling
    message: str
    hint: str


def check(ceilings: Iterable[Ceiling], peak: Peak | None, longest_ns: int) -> tuple[Breach, ...]:
    """Every measure that goes past a limit, each against its strictest.

    ``peak`` is None when the plan moves nothing; ``longest_ns`` is ``Plan.expected_ns``.
    """
    known = tuple(ceilings)
    found: list[Breach] = []
    deviation = strictest(known, Measure.DEVIATION)
    if deviation is not None and peak is not None and peak.size > deviation.value:
        found.append(Breach(deviation, _too_far(deviation, peak), _tighter(deviation, "move prices less")))
    duration = strictest(known, Measure.DURATION)
    if duration is not None and longest_ns > duration.value:
        lasting = "for an unbounded time" if longest_ns >= FOREVER else f"up to {format_duration(longest_ns)}"
        message = f"the plan may take {lasting}, past {duration.key} of {duration.text}"
        found.append(Breach(duration, message, _tighter(duration, "shorten it, or its timeouts")))
    return tuple(found)


def strictest(ceilings: Iterable[Ceiling], measure: Measure) -> Ceiling | None:
    """The lowest limit of a measure; among equals the first."""
    mine = [ceiling for ceiling in ceilings if ceiling.measure is measure]
    return min(mine, key=lambda ceiling: ceiling.value, default=None)


def refusal(breaches: tuple[Breach, ...]) -> LimitError:
    """The error that refuses a run which goes past limits; the code is that of the first."""
    first = breaches[0]
    code = "MD170" if first.ceiling.measure is Measure.DEVIATION else "MD171"
    text = "\n".join(_placed(breach) for breach in breaches)
    return LimitError(code, text, hint=first.hint)


def _placed(breach: Breach) -> str:
    place = breach.ceiling.place
    return breach.message if place is None else f"{breach.message} (set at {place})"


def _tighter(ceiling: Ceiling, instead: str) -> str:
    return f"{instead}, or raise {ceiling.key}"


def _too_far(ceiling: Ceiling, peak: Peak) -> str:
    by = f", by '{peak.step}'" if peak.step else ""
    where = f" at {peak.place}" if peak.place else ""
    taken = f" when it takes {', '.join(peak.choices)}" if peak.choices else ""
    return (
        f"the plan takes {peak.symbol} {percent(peak.deviation)} from its base price "
        f"at {format_clock(peak.at_ns)}{by}{where}{taken}, past {ceiling.key} of {ceiling.text}"
    )


def percent(fraction: Decimal) -> str:
    """A fraction as signed percent with two decimals."""
    return f"{CONTEXT.quantize(fraction.scaleb(2, context=CONTEXT), Decimal('0.01')):+f}%"


def _text(measure: Measure, value: Decimal | int) -> str:
    if measure is Measure.DURATION:
        return format_duration(int(value))
    return render(Kind.SHARE, Decimal(value))
