"""Whether prices flow, the metrics, and what a code means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from mdsim import __version__
from mdsim.api.answers import Instant, Utc
from mdsim.api.market_routes import states
from mdsim.api.problems import RequestError
from mdsim.api.routes import Call, Parameter, Reply, Route
from mdsim.core.codes import CODES
from mdsim.core.serving import MarketPort
from mdsim.core.spelling import shown
from mdsim.core.time import format_utc

METRICS = "text/plain; version=0.0.4; charset=utf-8"


class Health(msgspec.Struct, frozen=True):
    """Whether prices flow; `reason` says why not. `symbols` counts instruments by state."""

    status: Literal["ok", "unavailable"]
    reason: str
    version: str
    market_time_ns: Instant
    market_time: Utc
    symbols: dict[str, int]


class CodeText(msgspec.Struct, frozen=True):
    """What a code means, why it is refused, and an example of wrong and right."""

    code: str
    title: str
    text: str
    wrong: str
    right: str


def health_of(market: MarketPort) -> Health:
    """The present health: unavailable before prices flow and when no instrument is live."""
    counts: dict[str, int] = {}
    for _, state in states(market):
        counts[state] = counts.get(state, 0) + 1
    reason = market.ready()
    if reason is None and not any(counts.get(state) for state in ("LIVE", "SPLIT", "SINGLE", "FILLED")):
        stale, halted = counts.get("STALE", 0), counts.get("HALTED", 0)
        reason = f"no instrument is live: {stale} stale, {halted} halted"
    now_ns = market.now_ns()
    return Health(
        "ok" if reason is None else "unavailable",
        reason or "",
        __version__,
        now_ns,
        format_utc(now_ns),
        counts,
    )


def health_routes(market: MarketPort, metrics: Callable[[], bytes]) -> tuple[Route, ...]:
    """``/health``, ``/metrics`` and ``/problems/{code}``."""
    answers = _Inside(market, metrics)
    return (
        Route(
            "GET",
            "/health",
            "getHealth",
            "Whether prices flow",
            "operation",
            answers.health,
            Health,
            others={503: Health},
            only_listed=False,
        ),
        Route(
            "GET",
            "/metrics",
            "getMetrics",
            "Metrics in the Prometheus text format",
            "operation",
            answers.metrics_text,
            media=METRICS,
            only_listed=False,
        ),
        Route(
            "GET",
            "/problems/{code}",
            "explainProblem",
            "What the code of a problem document means",
            "operation",
            explain,
            CodeText,
            parameters=(Parameter("code", "path", "The code.", str, True, "MD484"),),
            errors=(404, 422),
        ),
    )


async def explain(call: Call) -> Reply:
    """Answer ``GET /problems/{code}``."""
    code = call.parts["code"]
    known = CODES.get(code)
    if known is None:
        raise RequestError(404, "MD497", f"there is no code {shown(code)}", hint="codes look like MD484")
    return Reply(CodeText(code, known.title, known.text, known.wrong, known.right))


@dataclass(frozen=True, slots=True)
class _Inside:
    market: MarketPort
    metrics: Callable[[], bytes]

    async def health(self, _call: Call) -> Reply:
        found = health_of(self.market)
        return Reply(found, 200 if found.status == "ok" else 503)

    async def metrics_text(self, _call: Call) -> Reply:
        return Reply(self.metrics(), media=METRICS)
