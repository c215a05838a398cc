"""The Python client over runs on a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mdsim.cli.remote import Order, play
from mdsim.client import Client as Asking
from mdsim.client.failures import RefusedError
from mdsim.client.run import Run
from mdsim.core.errors import ConflictError, ExitCode, LimitError, NotFoundError
from mdsim.run.result import RunResult

if TYPE_CHECKING:
    from tests.scenarios.conftest import Server

DIP = """mdsim: 1
name: dip
params:
  far: {type: change, default: -3%}
phases:
  - name: fall
    steps:
      - move: {symbol: BTC-USD, by: $far, over: 10s}
      - wait: 20s
      - expect: price(BTC-USD) < 59000
"""


async def test_a_run_is_started_held_followed_and_ended(server: Server) -> None:
    """Every call of the client does on the server what it says, and its entries come in order."""
    async with Asking(server.url) as client:
        run = await client.runs.start(DIP, params={"far": "-5%"}, seed=3, idempotency_key="once")
        assert (run.playbook, run.state, run.symbols) == ("dip", "running", ("BTC-USD",))
        again = await client.runs.start(DIP, params={"far": "-5%"}, seed=3, idempotency_key="once")
        assert again.scenario_id == run.scenario_id
        assert [one.scenario_id for one in await client.runs.list()] == [run.scenario_id]
        await server.go(12)
        assert server.deviation("BTC-USD") == pytest.approx(-0.05, abs=1e-5)
        assert (await client.runs.pause(run.scenario_id)).state == "paused"
        assert (await client.runs.resume(run.scenario_id)).state == "running"
        stopped = await server.end(client.runs.stop(run.scenario_id))
        assert isinstance(stopped, Run)
        assert (stopped.state, stopped.verdict) == ("ended", "aborted")
        assert server.deviation("BTC-USD") == 0
        async with client.runs.events(run.scenario_id) as events:
            told = [event async for event in events]
        async with client.runs.events(run.scenario_id, after=told[-1].number) as events:
            assert [event async for event in events] == []
        assert await client.runs.stop_all() == ()
    assert [one.number for one in told] == list(range(1, len(told) + 1))
    kinds = [one.entry.kind for one in told]
    assert (kinds[0], kinds[-1]) == ("run_started", "run_ended")
    assert {"paused", "resumed", "release"} <= set(kinds)


async def test_refusals_of_runs_are_errors_of_their_kind(server: Server) -> None:
    """Mistakes with their lines, a limit, another run in the way, an unknown id."""
    async with Asking(server.url) as client:
        with pytest.raises(RefusedError) as caught:
            await client.runs.start(DIP.replace("move", "moove"))
        assert caught.value.exit_code is ExitCode.INVALID
        assert caught.value.flaws[0].line == 8
        with pytest.raises(LimitError, match="MAX_PRICE_DEVIATION"):
            await client.runs.start(DIP, params={"far": "-60%"})
        plan = await client.runs.plan(DIP)
        assert (plan.scenario_id, plan.ends_ns - plan.started_ns) == ("", 30_000_000_000)
        await client.runs.start(DIP)
        with pytest.raises(ConflictError, match="MD351"):
            await client.runs.start(DIP)
        with pytest.raises(NotFoundError, match="MD350"):
            await client.runs.get("run-0")


async def test_a_run_followed_on_the_command_line_ends_in_its_verdict(server: Server) -> None:
    """The result is put together from what the server tells."""
    async with Asking(server.url) as client:
        order = Order(DIP, {}, 7, 1.0, ("BTC-USD",))
        result = await server.end(play(client, order, []))
    assert isinstance(result, RunResult)
    assert result.exit_code is ExitCode.PASSED
    assert (result.seed, result.lasted_ns) == (7, 30_000_000_000)
    assert [(check.path, check.at_ns) for check in result.checks] == [("fall/3", 30_000_000_000)]
