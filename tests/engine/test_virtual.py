"""The virtual subscribers: whom offline faults reach, what they count, and that it all adds up."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from mdsim.chaos.shapes import shipped
from mdsim.core.events import Json, Notice
from mdsim.core.params import Symbols, Value
from mdsim.core.ports import EffectType
from mdsim.core.registry import discover
from mdsim.core.seeds import SeedTree
from mdsim.core.time import MS, SECOND
from mdsim.engine.commands import Command, CutEffect, StartEffect
from mdsim.engine.corridor import Engine
from mdsim.engine.virtual import VirtualSubscribers

if TYPE_CHECKING:
    from tests.conftest import FeedMaker

EFFECTS = discover("mdsim.chaos.effects", "EFFECT", EffectType)
EVERY_NS = 100 * MS


class Bench:
    """An engine with virtual subscribers, a cycle each 100 ms."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.clients = VirtualSubscribers(engine)
        engine.edges.append(self.clients)
        self.now_ns = engine.feed.start_ns - EVERY_NS
        self.told: list[Notice] = []
        self.cycles(1)

    def cycles(self, count: int) -> None:
        for _ in range(count):
            self.now_ns += EVERY_NS
            self.told += self.engine.cycle(self.now_ns).notices
            self.clients.deliver(self.now_ns)

    def start(self, path: str = "step", **written: Value) -> None:
        args = {param.name: param.default for param in EFFECTS["feed"].params} | written
        action = StartEffect("feed", args, 0, SeedTree(1))
        self.engine.submit(Command(self.now_ns, (0,), "run", path, action))

    def stop(self, path: str = "step") -> None:
        self.engine.submit(Command(self.now_ns, (1,), "run", path, CutEffect()))
        self.cycles(1)

    def last(self, kind: str) -> dict[str, Json]:
        return [one for one in self.told if one.kind == kind][-1].data

    def received(self) -> dict[str, tuple[int, int, int]]:
        """Of the last step that ended: received, late and lost by connection."""
        listed = self.last("feed_received")["connections"]
        assert isinstance(listed, list)
        found = {}
        for one in listed:
            assert isinstance(one, dict)
            found[str(one["connection"])] = tuple(
                value for name in ("received", "late", "lost") if isinstance(value := one[name], int)
            )
        return found  # type: ignore[return-value]  # three names, three numbers


@pytest.fixture
def bench(scripted: FeedMaker) -> Bench:
    """BTC and ETH, calm."""
    return Bench(Engine(scripted("BTC-USD", "ETH-USD"), EFFECTS, shipped(), seeds=SeedTree(3)))


def test_a_share_is_exact_and_one_at_least(bench: Bench) -> None:
    """Half are ten, one percent is one."""
    bench.start(clients=Decimal("0.5"), silence=True)
    bench.start("other", clients=Decimal("0.01"), freeze=True)
    bench.cycles(3)
    bench.stop()
    assert len(bench.received()) == 10
    bench.stop("other")
    assert len(bench.received()) == 1


def test_nothing_is_recorded_while_no_fault_is_in_force(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No tape, no pipeline: the cycles cost what they did."""

    def never(*_args: object, **_options: object) -> None:
        message = "a tape was made"
        raise AssertionError(message)

    monkeypatch.setattr("mdsim.engine.virtual.Tape", never)
    bench.cycles(5)
    bench.start(source="binance", loss=Decimal(1))
    bench.cycles(5)
    bench.stop()
    assert bench.last("effect_ended")["ticks_touched"] == 0
    assert sum(counts.received for counts in bench.clients.counts) == 0


def test_every_message_is_received_or_lost_and_told(bench: Bench) -> None:
    """Ticks of ten seconds: received and lost make a hundred, and the journal names the lost."""
    bench.start(clients=Decimal(1), loss=Decimal("0.3"), symbol="BTC-USD", channel="tick")
    bench.start("eth", clients=Decimal(1), silence=True, symbol="ETH-USD")
    for channel in ("depth", "trades"):
        bench.start(channel, clients=Decimal(1), silence=True, channel=channel)
    bench.cycles(100)
    bench.stop()
    seqs: dict[str, list[int]] = {}
    for one in bench.told:
        if one.kind == "injected" and one.data["fault"] == "loss":
            messages = one.data["messages"]
            assert isinstance(messages, list)
            for told in messages:
                assert isinstance(told, dict)
                for part in str(told["seqs"]).split():
                    low, _, high = part.partition("-")
                    seqs.setdefault(str(one.data["connection"]), []).extend(
                        range(int(low), int(high or low) + 1)
                    )
    assert len(seqs) == 20
    for name, numbers in seqs.items():
        assert len(set(numbers)) == len(numbers)
        assert set(numbers) <= set(range(2, 102))
        assert bench.received()[name][0] == 100 - len(numbers)


def test_late_messages_arrive_when_they_are_due_and_the_rest_at_the_end(bench: Bench) -> None:
    """250 ms are three cycles; what still waits at the end is received, and late."""
    bench.start(clients=Decimal("0.05"), latency=250 * MS, symbols=Symbols(every=True), channel="depth")
    bench.cycles(1)
    hit = next(at for at, counts in enumerate(bench.clients.counts) if counts.received)
    counts = bench.clients.counts[hit]
    assert counts.late == 0  # ticks are not of this channel
    before = counts.received
    bench.cycles(2)
    assert counts.late == 0
    bench.cycles(1)
    assert counts.late == 2
    bench.cycles(20)
    bench.stop()
    assert counts.late == 6
    assert counts.received > before


def test_a_line_that_is_down_loses_everything_and_comes_back(bench: Bench) -> None:
    """And the connection itself is told."""
    bench.start(clients=Decimal("0.05"), disconnect=True)
    bench.cycles(10)
    bench.stop()
    ((received, _, lost),) = bench.received().values()
    assert (received, lost > 20) == (0, True)
    assert bench.last("feed_ended") == {
        "effect": "feed",
        "faults": {"disconnect": lost + 1},
        "connections": 1,
    }


def test_frozen_and_damaged_messages_arrive_all_the_same(bench: Bench) -> None:
    """They are received, and what cannot be read is counted."""
    bench.start(clients=Decimal(1), freeze=True, gap=3, corrupt=Decimal(1), channel="tick")
    bench.cycles(10)
    bench.stop()
    faults = bench.last("feed_ended")["faults"]
    assert faults == {"corrupt": 400, "freeze": 360, "gap": 400}
    assert {counts.damaged for counts in bench.clients.counts} == {20}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_tells_the_same(scripted: FeedMaker, seed: int) -> None:
    """Line by line."""

    def play() -> list[Notice]:
        bench = Bench(Engine(scripted("BTC-USD", "ETH-USD"), EFFECTS, shipped(), seeds=SeedTree(seed)))
        bench.start(clients=Decimal("0.3"), loss=Decimal("0.2"), jitter=SECOND, reorder=Decimal("0.1"))
        bench.cycles(30)
        bench.stop()
        return bench.told

    assert play() == play()
