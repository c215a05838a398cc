"""Runs on one shared market: start, overlap, limits, keys, pause, stop, logs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

import pytest
import trio
import trio.testing

from mdsim.core.errors import (
    BusyError,
    ConflictError,
    LimitError,
    MdsimError,
    NotFoundError,
    UnavailableError,
    UsageError,
)
from mdsim.core.events import Entry
from mdsim.core.ports import BaseFeed, CurveType, EffectType
from mdsim.core.registry import discover
from mdsim.core.serving import RunInfo, RunRequest
from mdsim.core.time import HOUR, SECOND
from mdsim.engine.corridor import Engine
from mdsim.engine.view import View
from mdsim.playbook.compiler import World
from mdsim.playbook.diagnostics import PlaybookError
from mdsim.playbook.limits import SERVER, Ceiling, Measure
from mdsim.run.clock import VirtualPacer
from mdsim.run.limits import RunLimits
from mdsim.run.manager import RunsManager
from mdsim.run.pump import Pump

EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
CURVES = discover("mdsim.chaos.curves", "CURVE", CurveType)
ETH_LIMIT = Ceiling("chaos_scenarios.eth.max_deviation", Measure.DEVIATION, Decimal("0.02"))
SYMBOLS = ("BTC-USD", "ETH-USD", "BTC-ETH")


def playbook(*steps: str, head: str = "") -> str:
    """A playbook of steps in flow style."""
    return "mdsim: 1\nname: test\n" + head + "steps:\n" + "".join(f"  - {step}\n" for step in steps)


FALL = playbook("move: {symbol: BTC-USD, by: -10%, over: 10s}", "wait: 10s")


def request(text: str = FALL, **fields: object) -> RunRequest:
    return RunRequest(
        **{"playbook": text, "library": "", "file": "test.yaml", "params": {}, **fields}  # type: ignore[arg-type]
    )


class Bench:
    """A market that moves when the test says so, and the runs on it."""

    def __init__(self, feed: BaseFeed, library: Path, limits: RunLimits | None = None) -> None:
        self.engine = Engine(feed, EFFECTS, CURVES)
        self.pump = Pump(self.engine, feed.start_ns, SECOND, VirtualPacer())
        self.start_ns = feed.start_ns
        self.broken: list[str] = []
        self.told: list[str] = []
        numbers = iter(range(1, 1000))
        self.runs = RunsManager(
            self.pump,
            World(EFFECTS, CURVES, feed.catalogue, ("synthetic", "replay"), ("2024-08-05",)),
            library={"fall.yaml": library / "fall.yaml"},
            ceilings=lambda kind: (*SERVER, ETH_LIMIT) if kind == "eth" else SERVER,
            limits=limits,
            ids=lambda: f"run-{next(numbers)}",
            observe=self.observe,
            on_failure=lambda run, error: self.broken.append(f"{run}: {error}"),
            threads=False,
        )

    def observe(self, info: RunInfo, _request: RunRequest) -> Sequence[Bench]:
        self.told.append(f"observe {info.scenario_id} {info.state}")
        return (self,)

    def on_entry(self, entry: Entry) -> None:
        self.told.append(entry.kind)

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        raise AssertionError("nobody is told of time on a server")

    async def go(self, seconds: int) -> None:
        """Let the market go on, cycle by cycle, with the extra cycles that moves and runs ask for."""
        until_ns = self.pump.now_ns + seconds * SECOND
        while (next_ns := self.pump._next_ns()) <= until_ns:
            await self.pump.step(next_ns)
        await trio.testing.wait_all_tasks_blocked()

    async def end(self, call: Callable[..., Awaitable[object]], *args: object) -> None:
        """Let the market go on until something asked of the runs has come to its end."""
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                done = trio.Event()

                async def ask() -> None:
                    await call(*args)
                    done.set()

                nursery.start_soon(ask)
                while not done.is_set():
                    await trio.testing.wait_all_tasks_blocked()
                    await self.go(1)

    def deviation(self, symbol: str) -> float:
        market = self.engine.market
        at = market.catalogue.index[symbol]
        return market.mids[at] / market.reference_steps(at) - 1

    async def entries(self, run: str, after: int = 0) -> list[tuple[int, Entry]]:
        """Everything that a run that has ended has told."""
        async with aclosing(self.runs.follow(run, after)) as followed:
            return [one async for one in followed]


MakeBench = Callable[..., Bench]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "fall.yaml").write_text(FALL)
    (tmp_path / "secret.yaml").write_text("mdsim: 1\nsteps: [{mark: found}]")
    return tmp_path


@pytest.fixture
async def bench(
    scripted: Callable[..., BaseFeed], library: Path, nursery: trio.Nursery
) -> AsyncIterator[Bench]:
    made = Bench(
        scripted(*SYMBOLS), library, RunLimits(at_once=3, ended=2, followers=2, rehearsal_cycles=10_000)
    )
    await nursery.start(made.runs.run)
    await made.pump.step(made.start_ns)
    yield made
    nursery.cancel_scope.cancel()


async def test_a_run_moves_the_market_and_leaves_it_as_it_was(bench: Bench) -> None:
    """Prices go where the plan says; after its end they are the base feed's, exactly."""
    info = await bench.runs.start(request())
    assert (info.state, info.symbols, info.scenario_id) == ("running", ("BTC-USD",), "run-1")
    assert info.ends_ns - info.started_ns == 20 * SECOND

    await bench.go(5)
    assert -0.06 < bench.deviation("BTC-USD") < -0.04
    assert bench.runs.get("run-1").phase == "main"
    assert bench.runs.get("run-1").effects == ("move BTC-USD by -10% over 10s, linear",)
    await bench.go(6)
    assert bench.deviation("BTC-USD") == pytest.approx(-0.1, abs=1e-6)

    await bench.go(11)
    info = bench.runs.get("run-1")
    assert (info.state, info.verdict, info.phase, info.effects) == ("ended", "passed", "", ())
    assert bench.deviation("BTC-USD") == 0
    assert bench.runs.counters.verdicts == {"passed": 1}


async def test_two_runs_keep_apart(bench: Bench) -> None:
    """Releasing one leaves the other's offset alone."""
    await bench.runs.start(request())
    await bench.runs.start(request(playbook("move: {symbol: ETH-USD, by: +5%}", "wait: 1m")))
    await bench.go(12)
    assert bench.deviation("ETH-USD") == pytest.approx(0.05, abs=1e-4)

    await bench.end(bench.runs.stop, "run-1")

    assert bench.deviation("BTC-USD") == 0
    assert bench.deviation("ETH-USD") == pytest.approx(0.05, abs=1e-4)
    assert [info.state for info in bench.runs.all()] == ["running", "ended"]


async def test_a_second_run_on_the_same_instrument_is_refused_unless_it_asks(bench: Bench) -> None:
    """The refusal names the run that holds it; with overlap allowed, offsets add in log price."""
    await bench.runs.start(request())
    with pytest.raises(ConflictError, match=r"run-1 \(test\) holds BTC-USD until about 2026") as refused:
        await bench.runs.start(request())
    assert refused.value.code == "MD351"
    assert bench.runs.counters.refused == 1

    await bench.runs.start(request(overlap="allow"))
    await bench.go(11)

    assert bench.deviation("BTC-USD") == pytest.approx(0.9 * 0.9 - 1, abs=1e-6)


async def test_what_gives_back_its_own_offsets_touches_nobody_elses(bench: Bench) -> None:
    """`restore: all` is no reason to refuse a run on another instrument."""
    await bench.runs.start(request())
    info = await bench.runs.start(
        request(playbook("move: {symbol: ETH-USD, by: -1%, over: 2s}", "restore: {symbols: all, over: 2s}"))
    )
    assert info.symbols == ("ETH-USD",)


@pytest.mark.parametrize(
    ("asked", "error", "code", "says"),
    [
        (request("steps: ["), PlaybookError, "MD004", "test.yaml"),
        (request(FALL, params={"low": "1"}), UsageError, "MD066", "parameter low: the playbook has no such"),
        (request(FALL, library="fall.yaml"), UsageError, "MD357", "one of them"),
        (request("", library="../secret.yaml"), NotFoundError, "MD356", "'../secret.yaml'"),
        (request("", library="secret"), NotFoundError, "MD356", "no playbook"),
        (request(FALL, speed=0.0), UsageError, "MD357", "0.01 to 1000"),
        (request(FALL, speed=float("nan")), UsageError, "MD357", "nan"),
        (request(FALL, idempotency_key="ä"), UsageError, "MD357", "ASCII"),
        (
            request(playbook("move: {symbol: BTC-USD, by: -30%}")),
            LimitError,
            "MD170",
            "past MAX_PRICE_DEVIATION of 25%",
        ),
        (
            request(playbook("move: {symbol: BTC-USD, by: -30%}", head="limits: {max_deviation: 20%}\n")),
            LimitError,
            "MD170",
            "past limits.max_deviation of 20%",
        ),
        (
            request(playbook("move: {symbol: ETH-USD, by: -3%}"), scenario_type="eth"),
            LimitError,
            "MD170",
            "past chaos_scenarios.eth.max_deviation of 2%",
        ),
        (request(playbook("wait: 49h")), LimitError, "MD171", "past SCENARIO_TIMEOUT_HOURS of 2d"),
        (
            request(playbook("repeat: {every: 1ms, for: 40h, steps: [{mark: again}]}")),
            LimitError,
            "MD355",
            "rehearsal",
        ),
        (
            request(
                playbook(*(f"expect: price(BTC-USD) > {at}" for at in range(1, 3)))
                + "".join(f"  - expect: change(BTC-USD over {at}s) < +1%\n" for at in range(1, 102))
            ),
            LimitError,
            "MD360",
            "102 different metrics",
        ),
        (
            request(playbook("wait: {until: sources(BTC-USD) > 3, timeout: 5s}")),
            UnavailableError,
            "MD253",
            "sources",
        ),
        (request(playbook("move: {symbol: USDE-USD, by: -1%}")), PlaybookError, "MD068", "USDE-USD"),
    ],
)
async def test_what_must_not_run_is_refused_and_leaves_nothing_behind(
    bench: Bench, asked: RunRequest, error: type[MdsimError], code: str, says: str
) -> None:
    """Each refusal has its code and names its key; no run, no view, no watch stays."""
    with pytest.raises(error) as refused:
        await bench.runs.start(asked)

    assert refused.value.code == code
    assert says in refused.value.message
    assert bench.runs.all() == ()
    assert len(bench.engine._views) == 1


async def test_a_library_playbook_runs_by_its_name(bench: Bench) -> None:
    """With or without its ending."""
    info = await bench.runs.start(request("", library="fall"))
    assert info.playbook == "test"


async def test_a_repeated_key_answers_with_the_first_run(bench: Bench) -> None:
    """Twice at once or later; with another request it is refused, and a refused start frees its key."""
    asked = request(idempotency_key="once")
    found: list[str] = []

    async def start() -> None:
        found.append((await bench.runs.start(asked)).scenario_id)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(start)
        nursery.start_soon(start)
    await start()
    assert found == ["run-1"] * 3
    assert (bench.runs.counters.started, bench.runs.counters.repeated) == (1, 2)

    with pytest.raises(ConflictError, match="another request"):
        await bench.runs.start(request(playbook("wait: 5s"), idempotency_key="once"))

    far = playbook("move: {symbol: ETH-USD, by: -90%}")
    with pytest.raises(LimitError):
        await bench.runs.start(request(far, idempotency_key="again"))
    near = playbook("move: {symbol: ETH-USD, by: -9%}")
    assert (await bench.runs.start(request(near, idempotency_key="again"))).scenario_id == "run-2"


async def test_runs_at_once_are_bounded(bench: Bench) -> None:
    """Past the bound a start is refused, and taken again when one has ended."""
    for _ in range(3):
        await bench.runs.start(request(overlap="allow"))
    with pytest.raises(BusyError, match="3 runs run"):
        await bench.runs.start(request(overlap="allow"))
    await bench.end(bench.runs.stop, "run-2")
    await bench.runs.start(request(overlap="allow"))


async def test_a_paused_run_stands_still_and_goes_on_where_it_was(bench: Bench) -> None:
    """Its clock, its conditions and its moves stop; the market does not; its end moves back."""
    await bench.runs.start(request())
    await bench.go(4)
    before = bench.deviation("BTC-USD")
    assert bench.runs.pause("run-1").state == "paused"
    await bench.go(60)
    assert bench.runs.pause("run-1").at_ns == 4 * SECOND
    assert bench.deviation("BTC-USD") == pytest.approx(before, abs=1e-9)
    assert bench.runs.get("run-1").ends_ns == bench.start_ns + 80 * SECOND

    assert bench.runs.resume("run-1").state == "running"
    await bench.go(6)
    assert bench.deviation("BTC-USD") == pytest.approx(-0.1, abs=1e-6)
    await bench.go(9)
    assert bench.runs.get("run-1").state == "running"
    await bench.go(3)

    kinds = [entry.kind for _, entry in await bench.entries("run-1")]
    assert kinds.count("paused") == kinds.count("resumed") == 1
    with pytest.raises(ConflictError, match="has ended"):
        bench.runs.pause("run-1")


async def test_the_pause_step_waits_until_somebody_resumes(bench: Bench) -> None:
    """On a server there is somebody."""
    await bench.runs.start(request(playbook("wait: 2s", "pause: look at the screens", "mark: went on")))
    await bench.go(30)
    info = bench.runs.get("run-1")
    assert (info.state, info.at_ns) == ("paused", 2 * SECOND)
    assert "mark" not in bench.told

    bench.runs.resume("run-1")
    await bench.go(3)

    assert bench.runs.get("run-1").verdict == "passed"
    assert bench.told[-4:-1] == ["step_ended", "phase_ended", "release"]


async def test_stop_releases_a_paused_run_too_and_twice_is_no_error(bench: Bench) -> None:
    """Its steps of `finally` run, its effects go, its entries tell it."""
    text = playbook("move: {symbol: BTC-USD, by: -5%}", "wait: 1h") + "finally:\n  - mark: tidy\n"
    await bench.runs.start(request(text))
    await bench.go(3)
    bench.runs.pause("run-1")
    await bench.end(bench.runs.stop, "run-1")

    info = bench.runs.get("run-1")
    assert (info.state, info.verdict, info.reason) == ("ended", "aborted", "stopped")
    assert bench.deviation("BTC-USD") == 0
    told = [entry.kind for _, entry in await bench.entries("run-1")]
    assert told[-4:] == ["mark", "step_ended", "release", "run_ended"]
    assert await bench.runs.stop("run-1") == info


async def test_stop_all_ends_every_run(bench: Bench) -> None:
    """What was stopped is told; with nothing running, nothing is."""
    await bench.runs.start(request())
    await bench.runs.start(request(overlap="allow"))
    await bench.go(5)
    await bench.end(bench.runs.stop_all)
    assert bench.deviation("BTC-USD") == 0
    assert await bench.runs.stop_all() == ()
    assert {info.state for info in bench.runs.all()} == {"ended"}


async def test_what_waits_for_its_start_does_not_begin_after_stop_all(bench: Bench) -> None:
    """Who stops everything in a fright must not see one more crash begin, since it took long to rehearse."""
    refused: list[MdsimError] = []

    async def start() -> None:
        with pytest.raises(ConflictError, match="stopped while this start waited") as caught:
            await bench.runs.start(request(idempotency_key="crash"))
        refused.append(caught.value)

    async with trio.open_nursery() as starting:
        starting.start_soon(start)
        while not bench.runs.waiting:
            await trio.lowlevel.checkpoint()
        assert await bench.runs.stop_all() == ()

    assert [error.code for error in refused] == ["MD361"]
    assert (await bench.runs.start(request(idempotency_key="crash"))).state == "running"


async def test_a_run_that_stays_past_the_time_limit_is_ended(bench: Bench) -> None:
    """A pause cannot hold effects for ever: the limit counts the market's time."""
    await bench.runs.start(request())
    bench.runs.pause("run-1")
    bench.pump.now_ns += 48 * HOUR
    await bench.go(3)
    info = bench.runs.get("run-1")
    assert info.verdict == "aborted"
    assert "SCENARIO_TIMEOUT_HOURS of 2d" in info.reason


async def test_speed_hastens_the_clock_and_the_moves(bench: Bench) -> None:
    """At ten times the pace, a plan of twenty seconds takes two; times told are the plan's own."""
    info = await bench.runs.start(request(speed=10.0))
    assert info.ends_ns - info.started_ns == 2 * SECOND
    await bench.go(1)
    assert bench.deviation("BTC-USD") == pytest.approx(-0.1, abs=1e-6)
    await bench.go(2)
    told = [(entry.kind, entry.at_ns) for _, entry in await bench.entries("run-1")]
    assert ("step_ended", 10 * SECOND) in told
    assert ("phase_ended", 20 * SECOND) in told


async def test_followers_read_from_any_number_and_end_with_the_run(bench: Bench) -> None:
    """Numbers rise by one; a late follower begins where it asks; live ones hear the end."""
    await bench.runs.start(request())
    heard: list[int] = []

    async def listen() -> None:
        async with aclosing(bench.runs.follow("run-1")) as followed:
            async for number, _ in followed:
                heard.append(number)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            await bench.go(22)

    everything = await bench.entries("run-1")
    assert heard == [number for number, _ in everything] == list(range(1, len(heard) + 1))
    assert everything[0][1].kind == "run_started"
    assert everything[-1][1].kind == "run_ended"
    assert await bench.entries("run-1", after=len(heard) - 2) == everything[-2:]
    assert bench.runs.followers == 0


async def test_followers_are_bounded(bench: Bench) -> None:
    """One more than the bound is refused at once."""
    await bench.runs.start(request())
    open_ones = [bench.runs.follow("run-1") for _ in range(2)]
    for one in open_ones:
        await anext(one)
    with pytest.raises(BusyError, match="2 event streams"):
        bench.runs.follow("run-1")
    for one in open_ones:
        await one.aclose()
    bench.runs.follow("run-1")


async def test_ended_runs_are_forgotten_in_order(bench: Bench) -> None:
    """Two are kept; the first to end goes first, with its idempotency key."""
    for at in range(3):
        await bench.runs.start(request(playbook("wait: 1s"), idempotency_key=f"key-{at}"))
        await bench.go(3)
    assert [info.scenario_id for info in bench.runs.all()] == ["run-3", "run-2"]
    with pytest.raises(NotFoundError, match="no scenario 'run-1'"):
        bench.runs.get("run-1")
    assert (await bench.runs.start(request(playbook("wait: 1s"), idempotency_key="key-0"))).scenario_id == (
        "run-4"
    )


async def test_a_run_that_breaks_ends_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours is told, its effects go, and another run goes on."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    await bench.runs.start(request(playbook("move: {symbol: ETH-USD, by: -5%}", "wait: 1m")))
    await bench.go(2)
    await bench.runs.start(request())
    with monkeypatch.context() as patch:
        patch.setattr("mdsim.run.tree.Tree._wait", broken)
        await bench.go(12)

    info = bench.runs.get("run-2")
    assert (info.state, info.verdict) == ("ended", "error")
    assert "division" not in info.reason
    assert bench.broken[0].startswith("run-2: ")
    assert bench.deviation("BTC-USD") == 0
    assert bench.runs.get("run-1").state == "running"


async def test_conditions_look_back_to_the_start_of_their_own_run(bench: Bench) -> None:
    """`min` over the run does not see what was there before it."""
    await bench.runs.start(request())
    await bench.go(22)
    text = playbook("wait: 5s") + "expect:\n  - min(deviation(BTC-USD)) > -1%\n"
    await bench.runs.start(request(text))
    await bench.go(7)
    assert bench.runs.get("run-2").verdict == "passed"


async def test_compiling_alone_starts_nothing(bench: Bench) -> None:
    """The plan and its end are told, with what is odd about it."""
    text = playbook("wait: 1m", head="baseline: {source: replay, dataset: 2024-08-05}\n")
    info = bench.runs.compile_only(request(text, speed=2.0))
    assert (info.scenario_id, info.state, info.verdict) == ("", "ended", "")
    assert info.ends_ns - info.started_ns == 30 * SECOND
    assert "counts offline alone" in info.warnings[0]
    assert isinstance(info.plan, dict)
    assert bench.runs.all() == ()


async def test_closing_releases_what_runs_and_takes_nothing_more(bench: Bench) -> None:
    """A server that stops leaves the market as it found it."""
    await bench.runs.start(request())
    await bench.go(5)
    await bench.end(bench.runs.close)
    assert bench.deviation("BTC-USD") == 0
    with pytest.raises(BusyError, match="takes no runs now"):
        await bench.runs.start(request())


async def test_observers_are_asked_for_each_run_and_told_everything(bench: Bench) -> None:
    """They know the run before its first entry."""
    await bench.runs.start(request(playbook("mark: one")))
    await bench.go(3)
    assert bench.told[:2] == ["observe run-1 running", "run_started"]
    assert bench.told[-1] == "run_ended"


async def test_a_start_is_rehearsed_in_a_thread_beside_the_pump(
    scripted: Callable[..., BaseFeed], library: Path, nursery: trio.Nursery
) -> None:
    """As on a server: the same answers and errors come back from the thread."""
    made = Bench(scripted(*SYMBOLS), library)
    made.runs._threads = trio.CapacityLimiter(1)
    await nursery.start(made.runs.run)
    await made.pump.step(made.start_ns)
    with pytest.raises(PlaybookError):
        await made.runs.start(request("steps: ["))
    assert (await made.runs.start(request())).symbols == ("BTC-USD",)
    await made.go(22)
    assert made.runs.get("run-1").verdict == "passed"
    nursery.cancel_scope.cancel()
