"""A market whose numbers are known, and lines that take as much as a test says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec
import pytest

from mdsim.core.events import Bar, BookDelta, BookLevel, BookSnapshot, Tick, Trade
from mdsim.core.instruments import ALL
from mdsim.core.serving import Correlations, Quote, Stats24h, VolumeAtPrice
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
        stalls, cuts, closes: what the hub asked for.
    """

    def __init__(self, room: int | None = None) -> None:
        self.room = room
        self.taken = bytearray()
        self.dead = False
        self.stalls = 0
        self.cuts = 0
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
