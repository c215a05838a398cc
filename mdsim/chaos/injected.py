"""What was done to messages, gathered for the journal: every one is in it, in as few words as it takes."""

from __future__ import annotations

from mdsim.chaos.impairment import shipped
from mdsim.core.events import Json
from mdsim.core.impairing import Injection

UNTOLD = "untold"
"""The fault of an injection that stands for those that found no room; its amount is their number."""


class Runs:
    """Numbers in the order in which they came, as runs: ``12-15 17 3-4``."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, number: int) -> int:
        """Take one more; how many runs more it makes."""
        if self._ends and self._ends[-1] + 1 == number:
            self._ends[-1] = number
            return 0
        self._starts.append(number)
        self._ends.append(number)
        return 1

    def __len__(self) -> int:
        """How many runs there are."""
        return len(self._starts)

    def __str__(self) -> str:
        pairs = zip(self._starts, self._ends, strict=True)
        return " ".join(str(low) if low == high else f"{low}-{high}" for low, high in pairs)


class _Stream:
    """What one fault did to one symbol and channel."""

    __slots__ = ("count", "least", "most", "seqs")

    def __init__(self) -> None:
        self.seqs = Runs()
        self.count = 0
        self.least = self.most = 0

    def add(self, one: Injection) -> int:
        """Take an injection; how many runs of numbers more it makes."""
        amount = one.amount
        if self.count == 0:
            self.least = self.most = amount
        elif amount < self.least:
            self.least = amount
        elif amount > self.most:
            self.most = amount
        self.count += amount if one.fault == UNTOLD else 1
        return self.seqs.add(one.seq) if one.seq else 0


class Tally:
    """What one step has done, since its start and since it was last told.

    Attributes:
        total: injections since the start, by fault.
        reached: names of the connections or sources that it reached, in that order.
    """

    def __init__(self) -> None:
        self.total: dict[str, int] = {}
        self.reached: dict[str, None] = {}
        self._open: dict[tuple[str, str], dict[tuple[str, str], _Stream]] = {}
        self._size = 0

    def add(self, one: Injection) -> None:
        """Take one injection."""
        self.total[one.fault] = self.total.get(one.fault, 0) + (one.amount if one.fault == UNTOLD else 1)
        self.reached[one.at] = None
        key, place = (one.fault, one.at), (one.symbol, one.channel)
        streams = self._open.get(key)
        if streams is None:
            streams = self._open[key] = {}
        stream = streams.get(place)
        if stream is None:
            stream = streams[place] = _Stream()
        self._size += stream.add(one)

    @property
    def count(self) -> int:
        """Injections since the start."""
        return sum(self.total.values())

    @property
    def size(self) -> int:
        """Runs of numbers that wait to be told."""
        return self._size

    def take(self, kind: str) -> list[dict[str, Json]]:
        """The data of one journal line for each fault and receiver since the last call, in a fixed order.

        Args:
            kind: what the receivers are called: ``connection`` or ``source``.
        """
        lines = [_line(fault, kind, at, streams) for (fault, at), streams in sorted(self._open.items())]
        self._open, self._size = {}, 0
        return lines


def _line(fault: str, kind: str, at: str, streams: dict[tuple[str, str], _Stream]) -> dict[str, Json]:
    messages: list[Json] = []
    unit = shipped()[fault].unit if fault in shipped() else ""
    for (symbol, channel), stream in sorted(streams.items()):
        told: dict[str, Json] = {"symbol": symbol, "channel": channel, "count": stream.count}
        if len(stream.seqs):
            told["seqs"] = str(stream.seqs)
        if unit:
            told |= {f"least_{unit}": stream.least, f"most_{unit}": stream.most}
        if symbol or channel or len(stream.seqs):
            messages.append(told)
    count = sum(stream.count for stream in streams.values())
    return {"fault": fault, kind: at, "count": count, "messages": messages}
