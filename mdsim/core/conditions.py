"""What a condition is once it is read: a small frozen tree, with every value typed.

The reader is ``playbook.conditions``; the evaluation against a market is ``engine.watches``. Truth
has three values: true, false and unknown (too short a history, a probe in trouble).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from mdsim.core.params import Kind


@dataclass(frozen=True, slots=True)
class MetricType:
    """What a metric measures.

    Attributes:
        kind: the kind of value that it is compared with.
        signature: how it is written, for messages: ``change(SYMBOL over DURATION)``.
        over, versus, source: whether it takes a window, a second symbol (required), a source.
        past: it is unknown until a run has lasted for a while.
    """

    kind: Kind
    signature: str
    summary: str
    over: bool = False
    versus: bool = False
    source: bool = False
    past: bool = False


METRICS: dict[str, MetricType] = {
    "price": MetricType(Kind.PRICE, "price(SYMBOL)", "the published mid"),
    "bid": MetricType(Kind.PRICE, "bid(SYMBOL)", "the best bid"),
    "ask": MetricType(Kind.PRICE, "ask(SYMBOL)", "the best ask"),
    "reference": MetricType(Kind.PRICE, "reference(SYMBOL)", "the base feed's price, before effects"),
    "deviation": MetricType(Kind.CHANGE, "deviation(SYMBOL)", "published / base feed - 1"),
    "spread": MetricType(Kind.SHARE, "spread(SYMBOL)", "(ask - bid) / mid"),
    "change": MetricType(
        Kind.CHANGE, "change(SYMBOL over DURATION)", "price / price a window ago - 1", over=True, past=True
    ),
    "drawdown": MetricType(
        Kind.SHARE, "drawdown(SYMBOL over DURATION)", "1 - price / highest price of the window", over=True
    ),
    "age": MetricType(
        Kind.DURATION, "age(SYMBOL) or age(SYMBOL@SOURCE)", "time since the last update", source=True
    ),
    "rate": MetricType(Kind.RATE, "rate(SYMBOL)", "ticks a second over the last minute", past=True),
    "volume": MetricType(
        Kind.NUMBER, "volume(SYMBOL over DURATION)", "base units traded in the window", over=True, past=True
    ),
    "confidence": MetricType(Kind.NUMBER, "confidence(SYMBOL)", "0..1, how sure the agreed price is"),
    "sources": MetricType(Kind.COUNT, "sources(SYMBOL)", "sources that the agreed price rests on"),
    "state": MetricType(Kind.TEXT, "state(SYMBOL)", "LIVE, SPLIT, SINGLE, FILLED, STALE or HALTED"),
    "basis": MetricType(
        Kind.CHANGE, "basis(TARGET vs BASE)", "price of target / price of base - 1", versus=True
    ),
    "correlation": MetricType(
        Kind.NUMBER,
        "correlation(A vs B over DURATION)",
        "of the cycles' log returns in the window",
        over=True,
        versus=True,
        past=True,
    ),
}


class Aggregation(Enum):
    """What may be asked of a metric at the end of a run, over every cycle since its start."""

    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    P99 = "p99"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Metric:
    """A market metric, such as ``change(BTC-USD over 5m)``.

    Attributes:
        aggregate: evaluated over the whole run instead of now.
    """

    name: str
    symbol: str
    versus: str | None = None
    source: str | None = None
    over_ns: int = 0
    aggregate: Aggregation | None = None

    @property
    def kind(self) -> Kind:
        """Kind of the value it is compared with."""
        return Kind.COUNT if self.aggregate is Aggregation.COUNT else METRICS[self.name].kind


@dataclass(frozen=True, slots=True)
class ProbeField:
    """A field of a probe's last answer, such as ``risk.mode``; ``ok`` is always there."""

    probe: str
    field: str


Subject: TypeAlias = Metric | ProbeField


@dataclass(frozen=True, slots=True)
class Compare:
    """``subject op value``, optionally held ``for`` a duration (0: at once).

    Attributes:
        op: one of ``< <= > >= == !=``.
        value: Decimal for numbers (fractions, ns for durations), text for states.
    """

    subject: Subject
    op: str
    value: Decimal | str | bool
    for_ns: int = 0


@dataclass(frozen=True, slots=True)
class Within:
    """``subject within low..high``, bounds included."""

    subject: Subject
    low: Decimal
    high: Decimal
    for_ns: int = 0


@dataclass(frozen=True, slots=True)
class Flag:
    """A probe's field that is true or false, standing alone."""

    subject: ProbeField
    for_ns: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    """Negation; binds before ``and``."""

    term: Condition


@dataclass(frozen=True, slots=True)
class All:
    """Conjunction."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Disjunction."""

    terms: tuple[Condition, ...]


Condition: TypeAlias = Compare | Within | Flag | Not | All | Any


def remembers(condition: Condition) -> bool:
    """Whether a term must be held ``for`` a while, so that one look cannot tell."""
    if isinstance(condition, Not):
        return remembers(condition.term)
    if isinstance(condition, All | Any):
        return any(remembers(term) for term in condition.terms)
    return condition.for_ns > 0


def subjects(condition: Condition) -> tuple[Subject, ...]:
    """Every metric and probe field of a condition, in the order written, each once."""
    found: dict[Subject, None] = {}

    def walk(node: Condition) -> None:
        if isinstance(node, Not):
            walk(node.term)
        elif isinstance(node, All | Any):
            for term in node.terms:
                walk(term)
        else:
            found.setdefault(node.subject)

    walk(condition)
    return tuple(found)
