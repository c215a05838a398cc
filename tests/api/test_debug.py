"""Looking inside: sources, buffers, the timeline of runs, correlations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from mdsim.core.events import Entry
from mdsim.core.serving import RunInfo, RunRequest
from mdsim.core.time import MINUTE, parse_utc

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import Ask, MakeApp

START_NS = parse_utc("2026-01-05T11:00:00Z")


def run(name: str, started_ns: int) -> RunInfo:
    """A run that has ended."""
    return RunInfo(
        name, "price_shock", "crash", "ended", "", ("BTC-USD",), (), started_ns, MINUTE, started_ns + MINUTE,
        "passed", "", {},
    )  # fmt: skip


class Ended:
    """Runs that all have ended, newest first as the port gives them."""

    def all(self) -> tuple[RunInfo, ...]:
        return run("second", START_NS + MINUTE), run("first", START_NS)

    async def start(self, request: RunRequest) -> RunInfo:
        raise AssertionError

    def compile_only(self, request: RunRequest) -> RunInfo:
        raise AssertionError

    def get(self, scenario_id: str) -> RunInfo:
        raise AssertionError

    def pause(self, scenario_id: str) -> RunInfo:
        raise AssertionError

    def resume(self, scenario_id: str) -> RunInfo:
        raise AssertionError

    async def stop(self, scenario_id: str) -> RunInfo:
        raise AssertionError

    async def stop_all(self) -> tuple[RunInfo, ...]:
        raise AssertionError

    def follow(self, scenario_id: str, after: int = 0) -> AsyncIterator[tuple[int, Entry]]:
        raise AssertionError


async def test_the_timeline_tells_runs_in_the_order_they_began(ask: Ask, make_rest: MakeApp) -> None:
    """Oldest first, each with its begin and end in both notations."""
    told = (await ask("/debug/scenario-timeline", app=make_rest(runs=Ended()))).json()

    runs = told["runs"]
    assert isinstance(runs, list)
    assert [item["scenario_id"] for item in runs] == ["first", "second"]
    assert (runs[0]["started"], runs[0]["ends"]) == ("2026-01-05T11:00:00Z", "2026-01-05T11:01:00Z")
    assert told["market_time"] == "2026-01-05T12:00:00Z"


async def test_a_server_without_runs_has_an_empty_timeline(ask: Ask) -> None:
    """No runs port is no error."""
    assert (await ask("/debug/scenario-timeline")).json()["runs"] == []


async def test_sources_tell_how_they_do(ask: Ask) -> None:
    """Name, kind, state and counts; nothing of keys or addresses."""
    assert (await ask("/debug/data-sources/status")).json()["sources"] == [
        {
            "name": "synthetic",
            "kind": "synthetic",
            "state": "LIVE",
            "priority": 1,
            "symbols": ["BTC-USD"],
            "age_ns": None,
            "latency_ms": None,
            "updates": 0,
            "errors": {},
            "reason": "",
            "standings": [],
            "tier": "",
            "leads": [],
        }
    ]


async def test_buffers_tell_fill_and_bound(ask: Ask) -> None:
    """As the market counts them, by symbol."""
    told = (await ask("/debug/price-buffers")).json()

    assert told["buffers"] == [{"symbol": "BTC-USD", "levels": {"ticks": 601, "ticks_most": 10_000}}]


async def test_the_matrix_takes_the_words_of_its_public_sister(ask: Ask) -> None:
    """Symbols and window as on /api/v1/correlations, refusals too."""
    assert (await ask("/debug/correlation-matrix?window=10m")).json()["symbols"] == ["BTC-USD", "ETH-USD"]
    assert (await ask("/debug/correlation-matrix?window=1s")).status == 422
