"""Small hand-made plans and runs for the tests of the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest
import trio

from mdsim.cli.server import Server
from mdsim.config.load import load
from mdsim.core.conditions import Compare, Metric
from mdsim.core.params import Symbols
from mdsim.core.time import HOUR, MINUTE, SECOND, parse_utc
from mdsim.playbook.plan import (
    Act,
    Baseline,
    Block,
    Body,
    EffectAct,
    Lane,
    Place,
    Plan,
    Question,
    Step,
    WaitAct,
)
from mdsim.run.result import Check, RunResult, SymbolSummary, Verdict

ROOT = Path(__file__).parent.parent.parent

PLACE = Place("demo.yaml", 7, 3)
BELOW = Question("price(BTC-USD) < 50000", Compare(Metric("price", "BTC-USD"), "<", Decimal(50_000)), PLACE)

Maker = Callable[..., Step]


@pytest.fixture
def question() -> Question:
    """A question about bitcoin's price."""
    return BELOW


@pytest.fixture
def place() -> Place:
    """Some place in a file."""
    return PLACE


@pytest.fixture
def step() -> Maker:
    """Makes a step: ``step("wait", WaitAct(...), path="a/1")``; further fields by name."""

    def make(verb: str, act: Act, *, path: str = "p/1", **fields: object) -> Step:
        return Step(verb=verb, path=path, order=(0,), place=PLACE, summary=f"{verb} it", act=act, **fields)  # type: ignore[arg-type]

    return make


@pytest.fixture
def plan_of() -> Callable[..., Plan]:
    """Makes a plan of blocks."""

    def make(*blocks: Block, expected_ns: int = HOUR) -> Plan:
        return Plan(
            name="demo",
            about="A demonstration.",
            tags=(),
            file="demo.yaml",
            params=(("drop", Decimal("-0.12")),),
            baseline=Baseline(),
            requires=(),
            always=(),
            never=(),
            phases=blocks,
            expect=(BELOW,),
            finally_=(),
            symbols=("BTC-USD", "ETH-USD"),
            expected_ns=expected_ns,
        )

    return make


@pytest.fixture
def block_of() -> Callable[..., Block]:
    """Makes a phase of named lanes: ``block_of("crash", {"prices": [step]}, for_ns=HOUR)``."""

    def make(name: str, lanes: dict[str, list[Step]], **fields: object) -> Block:
        made = tuple(
            Lane(lane, f"{name}/{lane}" if lane else name, (0, at), Body(tuple(steps)))
            for at, (lane, steps) in enumerate(lanes.items())
        )
        return Block(name, name, (0,), PLACE, made, **fields)  # type: ignore[arg-type]

    return make


@pytest.fixture
def plan(plan_of: Callable[..., Plan], block_of: Callable[..., Block], step: Maker) -> Plan:
    """Two phases: one lane of plain steps, then two lanes side by side."""
    move = EffectAct("move", {"symbols": Symbols(betas=(("ETH-USD", Decimal(1)),))}, 3 * MINUTE, False)
    return plan_of(
        block_of("calm", {"": [step("wait", WaitAct(MINUTE), path="calm/1")]}),
        block_of(
            "crash",
            {
                "prices": [step("move", move, path="crash/prices/1")],
                "checks": [step("wait", WaitAct(until=BELOW, timeout_ns=5 * MINUTE), path="crash/checks/1")],
            },
        ),
    )


@pytest.fixture
def result() -> RunResult:
    """A run with one check of each kind of answer."""
    seen = (("price(BTC-USD)", "48123.40"),)
    return RunResult(
        verdict=Verdict.FAILED,
        checks=(
            Check(
                "wait", "crash/checks/1", "demo.yaml:9:5", "price(BTC-USD) < 50000", Verdict.PASSED, MINUTE
            ),
            Check("never", "", "demo.yaml:4:5", "spread(BTC-USD) > 1%", Verdict.FAILED, SECOND, level="warn"),
            Check("reaches", "calm", "demo.yaml:5:5", "age(BTC-USD) > 1s", Verdict.INCONCLUSIVE, HOUR),
            Check("expect", "", "demo.yaml:20:5", "price(BTC-USD) > 50000", Verdict.FAILED, HOUR, seen=seen),
        ),
        seed=7,
        start_ns=parse_utc("2026-01-05T00:00:00Z"),
        lasted_ns=HOUR,
        cycles=36_001,
        ticks=72_002,
        digest="ab" * 32,
        symbols=(
            SymbolSummary(
                symbol="BTC-USD",
                first=Decimal("60000.00"),
                last=Decimal("48123.40"),
                low=Decimal("47000.10"),
                low_at_ns=30 * MINUTE,
                high=Decimal("60100.00"),
                high_at_ns=MINUTE,
            ),
        ),
        notes=("ETH-USD is made up",),
    )


Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def mdsim(tmp_path: Path) -> Command:
    """Runs the command as a process of its own, in an empty folder."""

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mdsim", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )

    return run


Serving = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def serving() -> Serving:
    """A whole server in this process, on free ports of loopback: ``serving("publication: …", NAME="value")``.

    It publishes every 10 ms of real time unless the configuration says otherwise.
    """

    @asynccontextmanager
    async def make(config: str = "", **environ: str) -> AsyncIterator[Server]:
        flags = {"--port": "0", "--grpc-port": "0"}
        server = Server(load(dedent(config), {"TICK_FREQUENCY_MS": "10", **environ}, flags), seed=1)
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                await nursery.start(server.serve)
                try:
                    yield server
                finally:
                    server.stop()

    return make
