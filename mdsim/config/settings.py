"""What a server is told: frozen, typed, complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from mdsim.config.findings import Sheet
from mdsim.config.values import Provenance
from mdsim.core.instruments import Catalogue
from mdsim.core.secret import Secret
from mdsim.playbook.limits import Ceiling


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the server listens; see the group ``server``.

    Attributes:
        tls_cert, tls_key: paths, both or none.
    """

    bind: str
    port: int
    grpc_port: int
    tls_cert: str | None
    tls_key: str | None
    allowed_origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpreadSettings:
    """How an instrument's spread behaves; factors are 1 as the market model has it."""

    base_spread_bps: Decimal
    volatility_factor: Decimal
    liquidity_factor: Decimal
    time_of_day_factor: Decimal
    asset_specific: Decimal


@dataclass(frozen=True, slots=True)
class InstrumentSettings:
    """What is set for one instrument beside its listing.

    Attributes:
        min_price, max_price: bounds of a source's price, None for none.
        circuit_breaker_threshold, depeg_alert_threshold: fractions.
    """

    symbol: str
    min_price: Decimal | None
    max_price: Decimal | None
    circuit_breaker_threshold: Decimal
    depeg_alert_threshold: Decimal
    spread: SpreadSettings


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One source of prices.

    Attributes:
        tier: ``primary``, ``secondary`` or ``exchange_feeds``.
        type: ``rest_api`` or ``websocket``.
        keys: used in turn; empty for a source without a key.
        rate_limit_per_minute: None for the adapter's own.
        symbols: empty for all that it knows.
        off: why it is not used, empty when it is.
    """

    tier: str
    name: str
    type: str
    url: str
    keys: tuple[Secret, ...]
    rate_limit_per_minute: int | None
    symbols: tuple[str, ...]
    priority: int
    off: str = ""


@dataclass(frozen=True, slots=True)
class ConsensusSettings:
    """How several prices become one.

    Attributes:
        method: ``robust`` or ``two_sigma``.
        smoothing_ns: half-life of the smoothed price, 0 for off.
        quorum: independent sources that full confidence needs.
        fill_in: synthetic prices stand in for what no real source tells.
    """

    method: str
    smoothing_ns: int
    quorum: int
    fill_in: bool = False


@dataclass(frozen=True, slots=True)
class PublicationSettings:
    """How often, to how many, and what.

    Attributes:
        interval_ns: between two publications.
        tick_interval_ns: between two ticks of an instrument, 0 for every publication.
        tick_symbols: instruments with ticks.
        bar_intervals: such as ``1m``; ``bar_lag_ns``: how late a price may still correct one.
    """

    interval_ns: int
    batch_size: int
    compression: bool
    subscribers_per_symbol: int
    tick_interval_ns: int
    tick_symbols: tuple[str, ...]
    tick_volume: bool
    bar_intervals: tuple[str, ...]
    bar_lag_ns: int
    depth_interval_ns: int
    depth_levels: int


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """What is kept; without a path in memory only."""

    path: str | None
    buffer_ticks: int
    retention_ns: int


@dataclass(frozen=True, slots=True)
class ScenarioRules:
    """What one type of scenario may do beside the server's limits.

    Attributes:
        ceilings: its own limits, each with the key that sets it.
        recovery_required: a run must plan its way back.
        gradual_only: no sudden step.
    """

    ceilings: tuple[Ceiling, ...] = ()
    recovery_required: bool = False
    gradual_only: bool = False


@dataclass(frozen=True, slots=True)
class ChaosSettings:
    """Who may disturb the market, and how far.

    Attributes:
        ceilings: limits of every run, each with the key that sets it.
        types: rules by scenario type, such as ``price_shock``.
    """

    enabled: bool
    token: Secret | None
    ceilings: tuple[Ceiling, ...]
    types: Mapping[str, ScenarioRules]

    def rules(self, scenario_type: str) -> ScenarioRules:
        """The rules of a type; one without a name here has none of its own."""
        return self.types.get(scenario_type, ScenarioRules())

    def ceilings_of(self, scenario_type: str) -> tuple[Ceiling, ...]:
        """Every limit that holds for a type; the strictest of a measure counts (``playbook.limits``)."""
        return (*self.ceilings, *self.rules(scenario_type).ceilings)


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """Logs and traces; ``otlp_endpoint`` is the base address, None for no tracing."""

    log_level: str
    otlp_endpoint: str | None
    trace_sample_ratio: Decimal


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a server is told.

    Attributes:
        catalogue: every known instrument; those that are on are ``enabled``, in the order of the file.
        instruments: what is set for each instrument that is on, by symbol.
        sources: in the order of the file, primary first; those that are off say why.
        warnings: what was found and does not stop a start.
        provenance: every value as text with where it came from; secrets are hidden.
    """

    server: ServerSettings
    catalogue: Catalogue
    instruments: Mapping[str, InstrumentSettings]
    sources: tuple[SourceSettings, ...]
    consensus: ConsensusSettings
    publication: PublicationSettings
    history: HistorySettings
    chaos: ChaosSettings
    telemetry: TelemetrySettings
    warnings: tuple[Sheet, ...] = field(default=(), repr=False)
    provenance: tuple[Provenance, ...] = field(default=(), repr=False)

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret, so that logs can be kept free of them."""
        keys = [key for source in self.sources for key in source.keys]
        return (*keys, self.chaos.token) if self.chaos.token is not None else tuple(keys)
