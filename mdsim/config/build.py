"""From values to settings, and the rules that hold across keys."""

from __future__ import annotations

from decimal import Decimal

from mdsim.config.findings import Findings
from mdsim.config.forms import is_loopback
from mdsim.config.inputs import Inputs
from mdsim.config.listing import Listing, listed
from mdsim.config.settings import (
    ChaosSettings,
    ConsensusSettings,
    HistorySettings,
    PublicationSettings,
    ScenarioRules,
    ServerSettings,
    Settings,
    SourceSettings,
    TelemetrySettings,
)
from mdsim.config.sources import Judge, SourceList, check_symbol
from mdsim.config.tables_chaos import SCENARIO_TYPES
from mdsim.config.tables_market import SMOOTHING_TWO_SIGMA_NS
from mdsim.config.values import Cell, Layer, Path, Values
from mdsim.core.decimals import CONTEXT
from mdsim.core.errors import Problem
from mdsim.core.instruments import Catalogue
from mdsim.core.time import HOUR, MS, format_duration
from mdsim.playbook.limits import MAX_PRICE_DEVIATION, SCENARIO_TIMEOUT_HOURS, Ceiling, Measure


def build(
    values: Values, inputs: Inputs, unset: dict[Path, str], findings: Findings, judge: Judge
) -> Settings | None:
    """The settings, or None when something was found that stops them; rules across keys are checked here."""
    listing = listed(values, findings)
    sources = SourceList(values, inputs, unset, findings, judge).build(listing.catalogue)
    _check(values, findings, listing.catalogue, sources)
    if findings.failed():
        return None
    return _settings(values, listing, sources)


def _settings(values: Values, listing: Listing, sources: tuple[SourceSettings, ...]) -> Settings:
    return Settings(
        server=ServerSettings(
            bind=_text(values, "server", "bind"),
            port=_count(values, "server", "port"),
            grpc_port=_count(values, "server", "grpc_port"),
            tls_cert=values.text("server", "tls_cert"),
            tls_key=values.text("server", "tls_key"),
            allowed_origins=values.texts("server", "allowed_origins"),
        ),
        catalogue=listing.catalogue,
        instruments=listing.instruments,
        sources=sources,
        consensus=_consensus(values),
        publication=_publication(values, listing.catalogue),
        history=HistorySettings(
            path=values.text("history", "path"),
            buffer_ticks=_count(values, "history", "buffer_ticks"),
            retention_ns=_count(values, "history", "retention"),
        ),
        chaos=_chaos(values),
        telemetry=TelemetrySettings(
            log_level=_text(values, "telemetry", "log_level"),
            otlp_endpoint=values.text("telemetry", "otlp_endpoint"),
            trace_sample_ratio=_number(values, "telemetry", "trace_sample_ratio"),
        ),
    )


def _consensus(values: Values) -> ConsensusSettings:
    method, written = _text(values, "consensus", "method"), values.count("consensus", "smoothing")
    by_method = SMOOTHING_TWO_SIGMA_NS if method == "two_sigma" else 0
    return ConsensusSettings(
        method=method,
        smoothing_ns=by_method if written is None else written,
        quorum=_count(values, "consensus", "quorum"),
        fill_in=values.text("consensus", "fill_in") == "synthetic",
    )


def _publication(values: Values, catalogue: Catalogue) -> PublicationSettings:
    on = tuple(item.symbol for item in catalogue if item.enabled)
    return PublicationSettings(
        interval_ns=interval_ns(values),
        batch_size=_count(values, "publication", "batch_size"),
        compression=values.flag("publication", "compression_enabled"),
        subscribers_per_symbol=_count(values, "publication", "max_subscribers_per_symbol"),
        tick_interval_ns=values.count(*_STREAMS, "tick_data", "frequency") or 0,
        tick_symbols=values.texts(*_STREAMS, "tick_data", "symbols") or on,
        tick_volume=values.flag(*_STREAMS, "tick_data", "include_volume"),
        bar_intervals=values.texts(*_STREAMS, "ohlcv_data", "intervals"),
        bar_lag_ns=_count(values, *_STREAMS, "ohlcv_data", "lag_tolerance"),
        depth_interval_ns=_count(values, *_STREAMS, "market_depth", "frequency"),
        depth_levels=_count(values, *_STREAMS, "market_depth", "depth_levels"),
    )


def _chaos(values: Values) -> ChaosSettings:
    return ChaosSettings(
        enabled=values.flag("chaos_scenarios", "enabled"),
        token=values.secret("chaos_scenarios", "token"),
        ceilings=tuple(
            ceiling
            for ceiling in (
                _ceiling(values, Measure.DEVIATION, MAX_PRICE_DEVIATION.key, "max_price_deviation"),
                _ceiling(values, Measure.DURATION, SCENARIO_TIMEOUT_HOURS.key, "timeout_hours"),
            )
            if ceiling is not None
        ),
        types={group.name: _rules(values, group.name) for group in SCENARIO_TYPES},
    )


def _rules(values: Values, name: str) -> ScenarioRules:
    ceilings = (
        _ceiling(values, Measure.DEVIATION, "", name, "max_deviation"),
        _ceiling(values, Measure.DURATION, "", name, "max_duration_hours"),
    )

    def flag(key: str) -> bool:
        path = ("chaos_scenarios", name, key)
        return values.cell(*path) is not None and values.flag(*path)

    return ScenarioRules(
        ceilings=tuple(it for it in ceilings if it is not None),
        recovery_required=flag("recovery_required"),
        gradual_only=flag("gradual_only"),
    )


def _ceiling(values: Values, measure: Measure, variable: str, *path: str) -> Ceiling | None:
    """A limit with its key: the variable, unless the file sets it."""
    cell = values.cell("chaos_scenarios", *path)
    number = values.number("chaos_scenarios", *path)
    if cell is None or number is None:
        return None
    in_file = cell.origin.layer is Layer.FILE or not variable
    key = ".".join(("chaos_scenarios", *path)) if in_file else variable
    value = int(CONTEXT.multiply(number, HOUR)) if measure is Measure.DURATION else number
    return Ceiling(key, measure, value, cell.origin.place)


_STREAMS = ("publication_config",)


def interval_ns(values: Values) -> int:
    """``publication.tick_frequency_ms`` in ns."""
    return int(CONTEXT.multiply(_number(values, "publication", "tick_frequency_ms"), MS))


# Rules across keys; values that could not be read are passed over.


def _check(
    values: Values, findings: Findings, catalogue: Catalogue, sources: tuple[SourceSettings, ...]
) -> None:
    _check_server(values, findings)
    for at, symbol in enumerate(values.texts(*_STREAMS, "tick_data", "symbols")):
        check_symbol(findings, catalogue, symbol, (*_STREAMS, "tick_data", "symbols", at))
    _check_pace(values, findings)
    if findings.failed():
        return  # warnings about what does not go together are for values that can be read
    _warn_of_exposure(values, findings)
    quorum = values.cell("consensus", "quorum")
    used = [source for source in sources if not source.off]
    if quorum is not None and isinstance(quorum.value, int) and used and quorum.value > len(used):
        message = (
            f"the quorum is {quorum.value}, and fewer sources are on ({len(used)}): confidence stays under 1"
        )
        path = _path(quorum, ("consensus", "quorum"))
        findings.note(Problem("MD464", message, path, "add sources, or lower consensus.quorum", warning=True))


def _check_server(values: Values, findings: Findings) -> None:
    port, grpc_port = values.cell("server", "port"), values.cell("server", "grpc_port")
    if port is not None and grpc_port is not None and port.value and port.value == grpc_port.value:
        message = f"HTTP and gRPC have the same port {grpc_port.value}"
        findings.note_at(
            grpc_port.origin, Problem("MD461", message, ("server", "grpc_port"), "choose another")
        )
    for one, other in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
        cell = values.cell("server", one)
        if cell is not None and values.cell("server", other) is None:
            message = f"{one} is given without {other}"
            findings.note_at(cell.origin, Problem("MD451", message, ("server", one), "give both, or neither"))


def _warn_of_exposure(values: Values, findings: Findings) -> None:
    bind, token = values.cell("server", "bind"), values.secret("chaos_scenarios", "token")
    enabled = values.cell("chaos_scenarios", "enabled")
    if bind is None or not isinstance(bind.value, str) or is_loopback(bind.value) or token is not None:
        return
    if enabled is not None and enabled.value is True:
        message = f"on {bind.value} without a token, chaos and debug endpoints answer nobody"
        help_ = "set CHAOS_TOKEN, or CHAOS_ENABLED=false"
        findings.note_at(bind.origin, Problem("MD465", message, ("server", "bind"), help_, warning=True))


def _check_pace(values: Values, findings: Findings) -> None:
    if values.cell("publication", "tick_frequency_ms") is None:
        return
    every_ns = interval_ns(values)
    every = format_duration(every_ns)
    for stream in ("tick_data", "market_depth"):
        cell = values.cell(*_STREAMS, stream, "frequency")
        if cell is None or not isinstance(cell.value, int) or cell.value >= every_ns:
            continue
        if cell.origin.layer is Layer.DEFAULT:
            continue  # a slow publication simply sends books less often
        message = f"{stream} every {cell.text} is not possible: prices are published every {every}"
        help_ = "lower publication.tick_frequency_ms, or leave the frequency out"
        path = (*_STREAMS, stream, "frequency")
        findings.note(Problem("MD461", message, path, help_, warning=True))


def _path(cell: Cell, path: Path) -> Path:
    """The path of a value of the file; of a default the mapping that it would stand in."""
    return path if cell.origin.layer is Layer.FILE else path[:-1]


def _text(values: Values, *path: str | int) -> str:
    return values.given(values.text(*path), path)


def _count(values: Values, *path: str | int) -> int:
    return values.given(values.count(*path), path)


def _number(values: Values, *path: str | int) -> Decimal:
    return values.given(values.number(*path), path)
