"""The seams of a server: what consumers may ask of the live market and of the runs on it.

The servers (`api`) and the hub (`publish`) know these ports and nothing behind them; the command line
hands in what stands there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Protocol, TypeAlias

import msgspec

from mdsim.core.events import Bar, BookDelta, BookSnapshot, Entry, Json, Tick, Trade
from mdsim.core.instruments import Catalogue


class Quote(msgspec.Struct, frozen=True, gc=False):
    """The present of one instrument.

    Attributes:
        confidence: 0..1, how sure the agreed price is (1 on a synthetic market).
        sources_used, sources_total: sources the price rests on, and those there are.
        state: ``LIVE``, ``SPLIT`` (two sources disagree), ``SINGLE`` (one is left),
            ``FILLED`` (made up while sources are silent), ``STALE`` or ``HALTED``.
        age_ns: time since the base feed's last update.
        volume_24h: base units traded in the last 24 hours.
    """

    symbol: str
    seq: int
    ts_event_ns: int
    price: Decimal
    bid: Decimal
    ask: Decimal
    reference: Decimal
    confidence: Decimal
    sources_used: int
    sources_total: int
    state: str
    age_ns: int
    volume_24h: Decimal


class Stats24h(msgspec.Struct, frozen=True, gc=False):
    """The last 24 hours of one instrument, or as much of it as there is (``since_ns``)."""

    symbol: str
    since_ns: int
    until_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    last: Decimal
    volume: Decimal
    quote_volume: Decimal
    change: Decimal
    trades: int


class Correlations(msgspec.Struct, frozen=True, gc=False):
    """A correlation matrix of log returns, symbols in the order asked; None where it is unknown."""

    symbols: tuple[str, ...]
    window_ns: int
    samples: int
    matrix: tuple[tuple[float | None, ...], ...]


class VolumeAtPrice(msgspec.Struct, frozen=True, gc=False):
    """One level of a volume profile: what traded in ``low <= price < high``."""

    low: Decimal
    high: Decimal
    volume: Decimal
    trades: int


class MarketPort(Protocol):
    """The live market, in memory; every answer is at once and costs microseconds.

    Unknown symbols are the caller's to refuse (``symbol in market.catalogue``).
    """

    catalogue: Catalogue

    def now_ns(self) -> int:
        """Market time of the last publication."""

    def ready(self) -> str | None:
        """None once prices flow, otherwise why not."""

    def quote(self, symbol: str) -> Quote:
        """The present of an instrument."""

    def book(self, symbol: str, depth: int) -> BookSnapshot:
        """The ladder, best first, at most ``depth`` levels a side."""

    def published_book(self, symbol: str) -> BookSnapshot:
        """The ladder that was last published: the next change that is published belongs on top of it."""

    def ticks(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Tick]:
        """Published ticks with ``start_ns <= ts < end_ns``, oldest first, as far as the buffer goes."""

    def trades(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Trade]:
        """Prints, likewise."""

    def bars(self, symbol: str, interval: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Bar]:
        """Bars that began in ``start_ns <= start < end_ns``, oldest first; the open one is not among them."""

    def stats(self, symbol: str) -> Stats24h:
        """Statistics of the last 24 hours."""

    def correlations(self, symbols: Sequence[str], window_ns: int) -> Correlations:
        """Correlations of the instruments' log returns over a window."""

    def volume_profile(self, symbol: str, start_ns: int, end_ns: int, levels: int) -> Sequence[VolumeAtPrice]:
        """What traded at which price, in ``levels`` equal bands from low to high."""

    def buffers(self) -> Mapping[str, Mapping[str, int]]:
        """Fill and bound of every buffer by symbol, for ``/debug/price-buffers`` and metrics."""


Published: TypeAlias = Tick | Trade | BookSnapshot | BookDelta | Bar
"""What the hub is fed with; each belongs to one channel: tick, trades, depth, ohlcv_<interval>."""


class MarketEvent(msgspec.Struct, frozen=True, gc=False, tag="event"):
    """What the ``events`` channel tells.

    ``event`` is source_stale, failover, anomaly, circuit_breaker, depeg_alert or scenario.
    """

    symbol: str
    seq: int
    ts_event_ns: int
    event: str
    data: dict[str, Json]


class RunRequest(msgspec.Struct, frozen=True):
    """A playbook to run on the live market.

    Attributes:
        playbook: text of a playbook, or empty when ``library`` names a shipped one.
        file: name for diagnostics, such as ``inline.yaml``.
        params: values as text, as ``--set`` gives them.
        speed: how fast the scenario's clock runs against the market's.
        scenario_type: metric label and the key of its limits: ``playbook``, ``price_shock``, …
        overlap: ``allow`` or ``refuse`` runs that touch the same symbols.
        idempotency_key: a repeated key answers with the first run instead of starting another.
        traceparent: where in a trace the caller stands, as the W3C header has it; no part of what is asked.
    """

    playbook: str
    library: str
    file: str
    params: dict[str, str]
    seed: int = 1
    speed: float = 1.0
    scenario_type: str = "playbook"
    overlap: str = "refuse"
    idempotency_key: str = ""
    traceparent: str = ""


class RunInfo(msgspec.Struct, frozen=True):
    """What is known of one run.

    Attributes:
        state: ``running``, ``paused``, ``releasing`` or ``ended``.
        phase: name of the present phase, empty before and after.
        effects: descriptions of what is active now.
        verdict: empty while it runs.
        plan: canonical plan.
        warnings: of the compiler, as rendered lines.
    """

    scenario_id: str
    scenario_type: str
    playbook: str
    state: str
    phase: str
    symbols: tuple[str, ...]
    effects: tuple[str, ...]
    started_ns: int
    at_ns: int
    ends_ns: int
    verdict: str
    reason: str
    plan: Json
    warnings: tuple[str, ...] = ()


class RunsPort(Protocol):
    """The runs on the live market.

    Methods raise ``MdsimError`` children with stable codes: an unknown id, an overlap, a limit.
    """

    async def start(self, request: RunRequest) -> RunInfo:
        """Compile, check limits and overlap, start; raises PlaybookError, LimitError, ConflictError."""

    def compile_only(self, request: RunRequest) -> RunInfo:
        """What ``start`` would run, without running it (state ``ended``, no id)."""

    def get(self, scenario_id: str) -> RunInfo:
        """One run, running or lately ended."""

    def all(self) -> tuple[RunInfo, ...]:
        """Runs that run, then those lately ended, newest first."""

    def pause(self, scenario_id: str) -> RunInfo:
        """Stop the playbook's clock; prices flow on."""

    def resume(self, scenario_id: str) -> RunInfo:
        """Let it go on."""

    async def stop(self, scenario_id: str) -> RunInfo:
        """End it and release its effects; a run that has ended is no error."""

    async def stop_all(self) -> tuple[RunInfo, ...]:
        """End every run; what was stopped."""

    def follow(self, scenario_id: str, after: int = 0) -> AsyncIterator[tuple[int, Entry]]:
        """Numbered entries of a run from ``after`` on, until it ends."""
