"""Scripted faults of a double: what each does, who has it, and which act now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import trio

from mdsim.core.errors import UsageError
from mdsim.core.spelling import shown, suggest

STREAMS = ("binance", "coinbase", "kraken", "coinmarketcap")
EXCHANGES = ("binance", "coinbase", "kraken")
ALL = ("binance", "coinbase", "kraken", "coingecko", "coinmarketcap")


@dataclass(frozen=True, slots=True)
class FaultType:
    """A fault that a double can show.

    Attributes:
        doubles: those that have it.
        amount: what ``amount`` means when it is started without one, and in which unit.
    """

    name: str
    summary: str
    doubles: tuple[str, ...]
    amount: float = 0.0
    unit: str = ""


FAULTS: Mapping[str, FaultType] = {
    fault.name: fault
    for fault in (
        FaultType("wrong_decimals", "every price times `amount`", ALL, 0.01, "times"),
        FaultType("frozen", "prices stand still; pings, heartbeats and stamps go on", ALL),
        FaultType("silence", "nothing is sent or answered, and nothing is closed", ALL),
        FaultType("late_snapshot", "snapshots of books come `amount` late", EXCHANGES, 3.0, "seconds"),
        FaultType("gap", "every `amount`th message of a channel is lost", EXCHANGES, 10, "messages"),
        FaultType("bad_checksum", "the checksums of books are wrong", ("kraken",)),
        FaultType(
            "storm_429",
            "requests and new connections are answered 429, Retry-After `amount`",
            ALL,
            2.0,
            "seconds",
        ),
        FaultType(
            "ban_418",
            "requests and new connections are answered 418, a ban for `amount`",
            ("binance",),
            120.0,
            "seconds",
        ),
        FaultType(
            "out_of_credits",
            "requests are answered 429 because the credits of the day (1009) or month (1010) are spent",
            ("coinmarketcap",),
            1010.0,
            "of its codes",
        ),
        FaultType("clock_skew", "its stamps run `amount` ahead", ALL, 30.0, "seconds"),
        FaultType(
            "disconnect_mid_frame", "every connection breaks in the midst of its next message", STREAMS
        ),
        FaultType(
            "server_shutdown",
            "connections are closed by the server, `amount` after notice",
            STREAMS,
            1.0,
            "seconds",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of a script.

    Attributes:
        at_s: from the start of the script; ``for_s``: how long.
        amount: as ``FaultType.amount`` says; None for the usual.
    """

    at_s: float
    fault: str
    for_s: float
    amount: float | None = None


class Faults:
    """The faults of one double.

    Attributes:
        on_start: called with the name of each fault that starts.
    """

    def __init__(self, double: str) -> None:
        self._double = double
        self._acting: dict[str, float] = {}
        self.on_start: Callable[[str], None] = lambda _name: None

    def start(self, name: str, amount: float | None = None) -> None:
        """Let a fault act from now on; one that acts takes the new amount.

        Raises:
            UsageError: there is no such fault, or this double does not have it.
        """
        fault = _named(name, self._double)
        self._acting[name] = fault.amount if amount is None else amount
        self.on_start(name)

    def stop(self, name: str) -> None:
        """End a fault; one that does not act is left alone.

        Raises:
            UsageError: there is no such fault, or this double does not have it.
        """
        _named(name, self._double)
        self._acting.pop(name, None)

    def clear(self) -> None:
        """End all of them."""
        self._acting.clear()

    def on(self, name: str) -> bool:
        """Whether a fault acts."""
        return name in self._acting

    def amount(self, name: str) -> float:
        """The amount of a fault, 0 while it does not act."""
        return self._acting.get(name, 0.0)

    @property
    def acting(self) -> tuple[str, ...]:
        """What acts, in the order of its start."""
        return tuple(self._acting)

    async def play(self, script: Iterable[Planned | tuple[float, str, float]]) -> None:
        """Start and stop faults at their times, from now on; returns when the last has ended.

        Args:
            script: ``(at seconds, fault, for seconds)`` each.

        Raises:
            UsageError: a line names no fault of this double, or times that are none; nothing has started.
        """
        lines = [line if isinstance(line, Planned) else Planned(*line) for line in script]
        steps: list[tuple[float, int, str, float | None]] = []
        for line in lines:
            _named(line.fault, self._double)
            if line.at_s < 0 or line.for_s <= 0:
                message = f"{line.fault} is to start at {line.at_s} s for {line.for_s} s"
                raise UsageError("MD642", message, hint="start at 0 or later, for longer than 0 s")
            steps.append((line.at_s, 1, line.fault, line.amount))
            steps.append((line.at_s + line.for_s, 0, line.fault, None))
        begin = trio.current_time()
        # An end comes before a start of the same instant.
        for at_s, starts, name, amount in sorted(steps, key=lambda step: step[:2]):
            await trio.sleep_until(begin + at_s)
            if starts:
                self.start(name, amount)
            else:
                self.stop(name)


def faults_of(double: str) -> Sequence[FaultType]:
    """Every fault that a double has."""
    return [fault for fault in FAULTS.values() if double in fault.doubles]


def _named(name: str, double: str) -> FaultType:
    fault = FAULTS.get(name)
    if fault is None or double not in fault.doubles:
        known = [one.name for one in faults_of(double)]
        near = suggest(name, known)
        reason = "there is no fault" if fault is None else f"{double} has no fault"
        raise UsageError(
            "MD641",
            f"{reason} {shown(name)}",
            hint=f"did you mean {near}?" if near in known else f"there are {', '.join(known)}",
        )
    return fault
