"""Keys about who may disturb the market, and how far: the limits of every run and of each scenario type."""

from __future__ import annotations

from decimal import Decimal

from mdsim.config.grammar import Form, Group, Key
from mdsim.core.params import Kind

_HOURS_MOST = Decimal(24 * 366)


def _limits(name: str, told: str, *own: Key, deviation: str | None = None, hours: str | None = None) -> Group:
    kept: list[Key] = []
    if name not in ("feed_disruption", "correlation_break"):
        kept.append(
            Key(
                "max_deviation",
                Kind.NUMBER,
                "largest planned |published / base - 1|, as a fraction",
                deviation,
                "the server's limit alone",
                low=Decimal("0.0001"),
                high=Decimal(1_000),
            )
        )
    kept.append(
        Key(
            "max_duration_hours",
            Kind.NUMBER,
            "the longest it may take, in hours",
            hours,
            "the server's limit alone",
            low=Decimal("0.001"),
            high=_HOURS_MOST,
        )
    )
    return Group(name, f"Limits of {told}; the server's own limits hold as well", (*kept, *own))


_RECOVERY = "a run must plan its way back"
SCENARIO_TYPES = (
    _limits(
        "price_shock",
        "POST /chaos/price-shock",
        Key("recovery_required", Kind.FLAG, _RECOVERY, "true"),
        deviation="0.25",
        hours="2",
    ),
    _limits(
        "stablecoin_depeg",
        "POST /chaos/stablecoin-depeg",
        Key("gradual_only", Kind.FLAG, "no sudden step", "true"),
        deviation="0.10",
        hours="72",
    ),
    _limits("gradual_divergence", "POST /chaos/gradual-divergence"),
    _limits("feed_disruption", "POST /chaos/feed-disruption"),
    _limits(
        "market_crash",
        "POST /chaos/market-crash",
        Key("recovery_required", Kind.FLAG, _RECOVERY, "false"),
    ),
    _limits("volatility_spike", "POST /chaos/volatility-spike"),
    _limits("correlation_break", "POST /chaos/correlation-break"),
    _limits("playbook", "POST /chaos/playbooks"),
)

CHAOS = Group(
    "chaos_scenarios",
    "Who may disturb the market, and how far",
    (
        Key(
            "enabled",
            Kind.FLAG,
            "false takes the chaos and debug endpoints away (404)",
            "true",
            env=("CHAOS_ENABLED",),
        ),
        Key(
            "token",
            Form.SECRET,
            "what callers show as Authorization: Bearer; write ${NAME}",
            absent="no token: loopback alone",
            env=("CHAOS_TOKEN",),
        ),
        Key(
            "max_price_deviation",
            Kind.NUMBER,
            "largest planned |published / base - 1| of any run, as a fraction",
            "0.25",
            low=Decimal("0.0001"),
            high=Decimal(1_000),
            env=("MAX_PRICE_DEVIATION",),
        ),
        Key(
            "timeout_hours",
            Kind.NUMBER,
            "the longest that any run may take, in hours",
            "48",
            low=Decimal("0.001"),
            high=_HOURS_MOST,
            env=("SCENARIO_TIMEOUT_HOURS",),
        ),
        *SCENARIO_TYPES,
    ),
)
