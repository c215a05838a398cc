"""Twenty virtual subscribers: whom delivery faults of clients act on when nobody is connected.

They read every channel of every instrument, at the cycles of the market, and cost nothing while no such fault
is in force.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from mdsim.chaos.impairment import Rank, shipped
from mdsim.chaos.pipeline import OVERFLOW, ImpairedPipeline, lot
from mdsim.core.errors import InternalError
from mdsim.core.events import Bar, BookDelta, BookSnapshot, Json, Notice, Tick, Trade
from mdsim.core.impairing import Disturbance, Injection
from mdsim.core.serving import Published
from mdsim.engine.corridor import Engine
from mdsim.engine.tape import Tape, TapeSettings

SUBSCRIBERS = 20

_SMALL = TapeSettings(ticks_kept=1, trades_kept=1, bars_kept=1)
_LOSSES = (OVERFLOW, *(name for name, one in shipped().items() if one.rank <= Rank.DROP))


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one subscriber.

    Attributes:
        seq: as its reader sees it.
        sent_ns: when it was published.
        damaged: it cannot be read.
    """

    event: Published
    channel: str
    seq: int
    sent_ns: int
    damaged: bool = False


class _Handling:
    """``Handling`` of letters."""

    def symbol(self, item: Letter) -> str:
        return item.event.symbol

    def channel(self, item: Letter) -> str:
        return item.channel

    def seq(self, item: Letter) -> int:
        return item.seq

    def corrupt(self, item: Letter, rng: random.Random) -> Letter:
        del rng  # nobody looks at how it is damaged
        return replace(item, damaged=True)

    def repeat(self, last: Letter, item: Letter) -> Letter:
        event = msgspec.structs.replace(last.event, seq=item.seq, ts_event_ns=item.event.ts_event_ns)
        return replace(item, event=event)

    def skip(self, item: Letter, by: int) -> Letter:
        return replace(item, seq=item.seq + by)

    def scale(self, item: Letter, factor: float) -> Letter:
        raise InternalError("MD946", f"{item.channel} to a client cannot be scaled by {factor:g}")

    def shift(self, item: Letter, by_ns: int) -> Letter:
        raise InternalError("MD946", f"{item.channel} to a client cannot be shifted by {by_ns} ns")


@dataclass(slots=True)
class Received:
    """What a subscriber has counted.

    Attributes:
        received: messages, those that came twice counted twice.
        late: of these, those that came after the cycle of their publication.
        damaged: of these, those that it could not read.
        lost: messages that never came.
    """

    received: int = 0
    late: int = 0
    damaged: int = 0
    lost: int = 0

    def since(self, before: Received) -> dict[str, Json]:
        """What was counted after an earlier count."""
        return {
            "received": self.received - before.received,
            "late": self.late - before.late,
            "damaged": self.damaged - before.damaged,
            "lost": self.lost - before.lost,
        }


class VirtualSubscribers:
    """``Disturbable``: the clients of a market without clients.

    Give it to the engine's ``edges``, and let the pump call ``deliver`` after each cycle.

    Attributes:
        names: of the connections.
        counts: of each connection, in the same order.
    """

    def __init__(self, engine: Engine, size: int = SUBSCRIBERS) -> None:
        self.names = tuple(f"virtual-{number:02}" for number in range(1, size + 1))
        self.counts = tuple(Received() for _ in self.names)
        self._engine = engine
        self._tape: Tape | None = None
        self._pipelines: dict[int, ImpairedPipeline[Letter]] = {}
        self._hit: dict[tuple[str, str, int], dict[int, Received]] = {}
        self._active: list[Disturbance] = []
        self._injected: list[Injection] = []

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """Let those of clients, and only those, act from now on; tell what came of each that has ended."""
        active = [one for one in disturbances if one.source is None]
        before, self._hit = self._hit, {one.key: self._hit.get(one.key) or self._drawn(one) for one in active}
        for at in range(len(self.names)):
            self._change(at, [one for one in active if at in self._hit[one.key]])
        for one in self._active:
            if one.key not in self._hit:
                self._tell(one, before[one.key])
        self._active = active
        if not self._pipelines:
            self._tape = None
        elif self._tape is None:
            self._tape = Tape(self._engine, _SMALL, since_ns=self._engine.market.now_ns)

    def injections(self) -> Sequence[Injection]:
        """What was done since the last call."""
        for at in self._pipelines:
            self._collect(at)
        told, self._injected = self._injected, []
        return told

    def deliver(self, now_ns: int) -> None:
        """Send what the last cycle has published, and count what arrives."""
        if self._tape is None:
            return
        letters = [Letter(event, _channel(event), event.seq, now_ns) for event in self._tape.record()]
        for at, pipeline in self._pipelines.items():
            for letter in letters:
                pipeline.put(letter, now_ns)
            self._receive(at, pipeline.due(now_ns), now_ns)

    def _drawn(self, disturbance: Disturbance) -> dict[int, Received]:
        """As many of them as the share says, but one at least; with what they had counted."""
        lots = sorted((lot(disturbance, name), at) for at, name in enumerate(self.names))
        size = max(1, int(disturbance.share * len(self.names) + 0.5))
        return {at: replace(self.counts[at]) for at in sorted(at for _, at in lots[:size])}

    def _change(self, at: int, hit: list[Disturbance]) -> None:
        pipeline = self._pipelines.get(at)
        if pipeline is None:
            if hit:
                self._pipelines[at] = ImpairedPipeline(hit, _Handling(), self.names[at])
            return
        pipeline.disturb(hit)
        if not hit:
            self._receive(at, pipeline.flush(), self._engine.market.now_ns + 1)
            self._collect(at)
            del self._pipelines[at]

    def _receive(self, at: int, letters: list[Letter], now_ns: int) -> None:
        counts = self.counts[at]
        for letter in letters:
            counts.received += 1
            counts.late += letter.sent_ns < now_ns
            counts.damaged += letter.damaged

    def _collect(self, at: int) -> None:
        told = self._pipelines[at].injections()
        self.counts[at].lost += sum(1 for one in told if one.fault in _LOSSES and one.symbol)
        self._injected += told

    def _tell(self, ended: Disturbance, before: dict[int, Received]) -> None:
        connections: list[Json] = [
            {"connection": self.names[at], **self.counts[at].since(counts)} for at, counts in before.items()
        ]
        notice = Notice("feed_received", ended.run, ended.path, {"connections": connections})
        self._engine.board.faults.tell(notice)


def _channel(event: Published) -> str:
    if isinstance(event, Tick):
        return "tick"
    if isinstance(event, Trade):
        return "trades"
    if isinstance(event, Bar):
        return f"ohlcv_{event.interval}"
    assert isinstance(event, BookSnapshot | BookDelta)
    return "depth"
