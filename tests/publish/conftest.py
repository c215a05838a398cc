"""A market whose numbers are known, and lines that take as much as a test says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from mdsim.core.events import Bar, BookDelta, BookLevel, BookSnapshot, Tick, Trade
from mdsim.core.impairing import Disturbance, Handling, Injection
from mdsim.core.instruments import ALL
from mdsim.core.seeds import SeedTree
from mdsim.core.serving import Correlations, Quote, Stats24h, VolumeAtPrice
from mdsim.publish.disturber import Disturber
from mdsim.publish.hub import Hub
from mdsim.publish.limits import HubLimits
from mdsim.publish.subscriber import Subscriber


def decode(data: bytes) -> list[tuple[int, bytes]]:
    """Opcode and payload of each unmasked frame; fails when a frame is torn."""
    found = []
    while data:
        first, size, rest = data[0], data[1], data[2:]
        assert first & 0x80, "not the last fragment"
        assert not size & 0x80, "masked"
        if size == 126:
            size, rest = int.from_bytes(rest[:2], "big"), rest[2:]
        elif size == 127:
            size, rest = int.from_bytes(rest[:8], "big"), rest[8:]
        assert len(rest) >= size, "torn"
        found.append((first & 0x0F, rest[:size]))
        data = rest[size:]
    return found


class FakeLink:
    """A line that takes ``room`` bytes (None: any number) and remembers them.

    Attributes:
        taken: every byte, in order.
        stalls, cuts, resets, closes: what the hub asked for.
    """

    def __init__(self, room: int | None = None) -> None:
        self.room = room
        self.taken = bytearray()
        self.dead = False
        self.stalls = 0
        self.cuts = 0
        self.resets = 0
        self.closes: list[tuple[int, str]] = []

    def send(self, data: bytes | memoryview) -> int:
        if self.dead:
            raise ConnectionResetError
        size = len(data) if self.room is None else min(self.room, len(data))
        if not size:
            raise BlockingIOError
        if self.room is not None:
            self.room -= size
        self.taken += data[:size]
        return size

    def stalled(self) -> None:
        self.stalls += 1

    def close(self, code: int, reason: str) -> None:
        self.closes.append((code, reason))

    def cut(self) -> None:
        self.cuts += 1

    def reset(self) -> None:
        self.resets += 1

    def messages(self) -> list[dict[str, object]]:
        """The JSON messages so far."""
        return [msgspec.json.decode(payload) for opcode, payload in decode(bytes(self.taken)) if opcode == 1]


class FakeMarket:
    """Books and quotes whose numbers follow what was published."""

    def __init__(self) -> None:
        self.catalogue = ALL
        self.book_seq = 0
        self.tick_seq = 0
        self.bars_kept: list[Bar] = []

    def now_ns(self) -> int:
        return 10**18

    def ready(self) -> str | None:
        return None

    def quote(self, symbol: str) -> Quote:
        one = Decimal("60000.00")
        return Quote(symbol, self.tick_seq, 0, one, one, one, one, one, 1, 1, "LIVE", 0, Decimal("12.50"))

    def book(self, symbol: str, depth: int) -> BookSnapshot:
        return BookSnapshot(symbol, self.book_seq, 0, (BookLevel(Decimal(1), Decimal(2)),), ())

    def published_book(self, symbol: str) -> BookSnapshot:
        return self.book(symbol, 10)

    def ticks(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Tick]:
        return ()

    def trades(self, symbol: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Trade]:
        return ()

    def bars(self, symbol: str, interval: str, start_ns: int, end_ns: int, limit: int) -> Sequence[Bar]:
        return [bar for bar in self.bars_kept if start_ns <= bar.start_ns < end_ns][:limit]

    def stats(self, symbol: str) -> Stats24h:
        raise NotImplementedError

    def correlations(self, symbols: Sequence[str], window_ns: int) -> Correlations:
        raise NotImplementedError

    def volume_profile(self, symbol: str, start_ns: int, end_ns: int, levels: int) -> Sequence[VolumeAtPrice]:
        raise NotImplementedError

    def buffers(self) -> Mapping[str, Mapping[str, int]]:
        return {}


class Stage:
    """A hub over the fake market, on a clock that the test moves."""

    def __init__(self, limits: HubLimits) -> None:
        self.market = FakeMarket()
        self.now_ns = 0
        self.hub = Hub(self.market, limits, clock_ns=lambda: self.now_ns)

    def reader(self, link: FakeLink | None = None) -> tuple[Subscriber, FakeLink]:
        """A new reader and its line."""
        line = link or FakeLink()
        return self.hub.join(line), line

    def line(self, room: int | None = None) -> FakeLink:
        """A line with so much room."""
        return FakeLink(room)

    def tick(self, seq: int, symbol: str = "BTC-USD") -> Tick:
        """Published ticks are numbered by the caller; the market's quote follows."""
        self.market.tick_seq = seq
        one = Decimal("60000.00")
        return Tick(symbol, seq, seq, one, one, one, one)

    def delta(self, seq: int, symbol: str = "BTC-USD") -> BookDelta:
        """Likewise for changes of the book."""
        self.market.book_seq = seq
        return BookDelta(symbol, seq, seq, (BookLevel(Decimal(seq), Decimal(1)),), ())

    def trade(self, seq: int, symbol: str = "BTC-USD") -> Trade:
        return Trade(symbol, seq, seq, seq, "buy", Decimal(1), Decimal(1))

    def decode(self, data: bytes) -> list[tuple[int, bytes]]:
        """Frames of what a line took."""
        return decode(data)


MakeStage = Callable[..., Stage]


@pytest.fixture
def make_stage() -> MakeStage:
    """Makes a stage: ``make_stage(push_bytes=100)``."""

    def make(**limits: int) -> Stage:
        return Stage(HubLimits(**limits))

    return make


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    return make_stage()


class FakePipeline:
    """Loses the numbers in ``lose``, delays the rest by ``latency_ns``, and is ``down`` as it was told."""

    def __init__(self, disturbances: Sequence[Disturbance], handling: Handling[Any], at: str) -> None:
        self.down = ""
        self._handling = handling
        self._at = at
        self._waiting: list[tuple[int, Any]] = []  # with the time of sending
        self._told: list[Injection] = []
        self.disturb(disturbances)

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        self._all = tuple(disturbances)
        self.down = next((str(one.args["down"]) for one in self._all if "down" in one.args), "")
        if self.down:
            self._tell(self._all[0], self.down, "", "", 0, 0)

    def _tell(self, by: Disturbance, fault: str, symbol: str, channel: str, seq: int, at_ns: int) -> None:
        self._told.append(Injection(by.run, by.path, fault, self._at, symbol, channel, seq, at_ns, 0))

    def _latency_ns(self) -> int:
        return sum(late for one in self._all if isinstance(late := one.args.get("latency_ns"), int))

    def put(self, item: Any, at_ns: int) -> None:
        asks = self._handling
        for one in self._all:
            if asks.seq(item) in one.args.get("lose", ()):  # type: ignore[operator]
                self._tell(one, "loss", asks.symbol(item), asks.channel(item), asks.seq(item), at_ns)
                return
        self._waiting.append((at_ns, item))

    def due(self, at_ns: int) -> list[Any]:
        until_ns = at_ns - self._latency_ns()
        leaving = [item for sent_ns, item in self._waiting if sent_ns <= until_ns]
        self._waiting = [one for one in self._waiting if one[0] > until_ns]
        return leaving

    def next_due_ns(self) -> int | None:
        return min((sent_ns + self._latency_ns() for sent_ns, _ in self._waiting), default=None)

    def flush(self) -> list[Any]:
        return self.due(1 << 62)

    def injections(self) -> list[Injection]:
        told, self._told = self._told, []
        return told


class Faults:
    """A disturber with fake pipelines, and what it told.

    Attributes:
        told: every injection, in order.
        drawn: connections that are chosen; None for all.
    """

    def __init__(self, stage: Stage) -> None:
        self._told: list[Injection] = []
        self.drawn: tuple[str, ...] | None = None
        self.disturber = Disturber(
            FakePipeline,
            self._chosen,
            clock_ns=lambda: stage.now_ns,
        )
        stage.hub.disturber = self.disturber

    def _chosen(self, _disturbance: Disturbance, connection: str) -> bool:
        return self.drawn is None or connection in self.drawn

    def fault(self, *, order: int = 0, source: str | None = None, **args: object) -> Disturbance:
        """A disturbance of all clients, as the fake pipeline understands its arguments."""
        rng = SeedTree(1).stream
        return Disturbance("run", (order,), f"step {order}", 0, source, 1.0, None, None, args, rng)  # type: ignore[arg-type]  # the fake's own

    @property
    def told(self) -> list[Injection]:
        self._told += self.disturber.injections()
        return self._told

    def apply(self, *disturbances: Disturbance) -> None:
        """One cycle in which these are in force."""
        self.disturber.disturb(disturbances)


@pytest.fixture
def faults(stage: Stage) -> Faults:
    return Faults(stage)
