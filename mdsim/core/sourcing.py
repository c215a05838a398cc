"""The seams of real and simulated sources: what one source says, what is agreed on, and why not.

A provider's adapter, a simulated venue and a replayed recording all say the same thing: a ``Report``. The
consensus room hears reports and answers with one ``Judgement`` an instrument; nothing else passes between
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, runtime_checkable

import msgspec

from mdsim.core.impairing import Disturbance, Injection

TIERS = ("primary", "secondary", "exchange_feeds")
"""Tiers of sources, the first choice first."""
STATES = ("LIVE", "SPLIT", "SINGLE", "FILLED", "STALE", "HALTED")
"""How an instrument stands: agreed on, by two that disagree, by one, made up, old, not published."""


class Report(msgspec.Struct, frozen=True, gc=False):
    """What one source said of one instrument at one time.

    Attributes:
        source: name of the source, such as ``binance``.
        symbol: our name of the instrument; an inverted pair has been inverted.
        ts_event_ns: the source's own time, 0 when the message carries none.
        ts_recv_ns: when it reached us, on our clock.
        seq: the source's own number for this instrument, 0 where it has none; otherwise it rises.
        bid, ask: best quotes, or both None where the source tells a single price.
        last: last trade or the source's single price, or None.
        volume_24h: base units, or None.
    """

    source: str
    symbol: str
    ts_event_ns: int
    ts_recv_ns: int
    seq: int
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    volume_24h: Decimal | None


@dataclass(frozen=True, slots=True)
class SourceTerms:
    """What is known of a source before it speaks.

    Attributes:
        kind: ``stream``, ``poll`` or ``simulated``.
        tier: ``primary``, ``secondary`` or ``exchange_feeds``.
        priority: 1 is the first choice.
        aggregator: it is made of other sources' prices, so it cross-checks and stands in, without a vote
            beside them.
        max_age_ns: a report older than this is stale.
        symbols: instruments that it reports.
    """

    name: str
    kind: str
    tier: str
    priority: int
    aggregator: bool
    max_age_ns: int
    symbols: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, int]:
        """Sorts sources by choice: tier, then priority; the smallest is the first choice."""
        return (TIERS.index(self.tier) if self.tier in TIERS else len(TIERS), self.priority)


class ReportSource(Protocol):
    """Where reports come from: connections to providers, simulated venues, a recording.

    Attributes:
        terms: the sources, in a fixed order.
        notes: what a run must tell its user.
    """

    @property
    def terms(self) -> tuple[SourceTerms, ...]: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def drain(self, now_ns: int) -> Sequence[Report]:
        """Every report received up to ``now_ns`` that was not given yet, by time of receipt."""

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """These, and only these, act on the sources from now on; their own ``source`` names which."""

    def injections(self) -> Sequence[Injection]:
        """What disturbances have done since the last call."""


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """Why a source's price did not count.

    Attributes:
        reason: a stable word such as ``stale``, ``outlier``, ``frozen``, ``crossed``, ``decimals``, ``skew``.
        detail: for people, with figures.
    """

    source: str
    symbol: str
    at_ns: int
    reason: str
    detail: str


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """What the sources agree on for one instrument.

    Attributes:
        price: agreed mid in quote units; the last good one when ``state`` is ``STALE`` or ``HALTED``.
        smoothed: the smoothed price, equal to ``price`` when smoothing is off.
        interval_bps: half-width of the confidence interval.
        confidence: 0..1.
        used, total: independent groups that counted, and sources that report the instrument.
        state: one of ``STATES``.
        reason: why it is not ``LIVE``, for people; empty otherwise.
        updated_ns: receipt of the newest report that counted; -1 before the first.
    """

    symbol: str
    price: float
    smoothed: float
    interval_bps: float
    confidence: float
    used: int
    total: int
    state: str
    reason: str
    updated_ns: int


@runtime_checkable
class JudgedFeed(Protocol):
    """What a base feed can tell beyond prices when it rests on sources; a plain feed has none of it."""

    @property
    def halted(self) -> list[bool] | None:
        """By instrument, whether nothing may be published of it; None: everything may."""

    @property
    def sources(self) -> tuple[SourceTerms, ...]: ...

    def judgement(self, at: int) -> Judgement:
        """The present judgement of instrument ``at`` of the catalogue."""

    def source_updated_ns(self, at: int, source: str) -> int | None:
        """When a source last reported instrument ``at``, or None when it never did or does not."""

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """These, and only these, act on the sources from now on."""

    def injections(self) -> Sequence[Injection]:
        """What disturbances of sources have done since the last call."""
