"""The seams of delivery faults: one description and one pipeline, whatever it is that passes through.

The same impairments act on what providers send us (raw messages at the wire, reports of simulated venues)
and on what we send to clients (messages to WebSocket and gRPC readers, virtual subscribers). An
impairment knows times and places in a stream; what it must know of the thing itself (which instrument it
is about, how to corrupt it) it asks of a ``Handling``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from mdsim.core.params import Args

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One ``feed`` step in force.

    Attributes:
        run, order, path: whose it is; ``order`` sorts disturbances of one instant.
        since_ns: its intended start on the engine's clock.
        source: the source that is disturbed, or None: the clients are.
        share: share of the clients' connections, 0..1; which ones is drawn by connection and sticks.
        symbols: instruments it is confined to, None for all.
        channel: such as ``tick`` or ``depth``, None for all.
        args: the impairments asked for, by parameter name, parsed.
        rng: stream maker: ``rng("binance")``, ``rng("ws-17", "tick", "BTC-USD")``.
    """

    run: str
    order: tuple[int, ...]
    path: str
    since_ns: int
    source: str | None
    share: float
    symbols: frozenset[str] | None
    channel: str | None
    args: Args
    rng: Callable[..., random.Random]

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from every other."""
        return self.run, self.path, self.since_ns


class Injection(msgspec.Struct, frozen=True, gc=False):
    """One thing that was done to one message or connection; every one is in the journal.

    Attributes:
        path, run: the step that did it.
        fault: the impairment: ``loss``, ``latency``, …
        at: the source or the connection it happened to.
        symbol, channel: of the message; empty for what happens to a connection.
        seq: the message's own number, 0 for none.
        at_ns: when, on the engine's clock.
        amount: nanoseconds of delay, numbers skipped, … 0 where the fault has no amount.
    """

    run: str
    path: str
    fault: str
    at: str
    symbol: str
    channel: str
    seq: int
    at_ns: int
    amount: int


class Handling(Protocol[T]):
    """What an impairment may ask about a thing that passes, and have done to it.

    Everything returns a new thing or the same one; nothing is changed in place.
    """

    def symbol(self, item: T) -> str:
        """The instrument it is about, empty when it is about none (an acknowledgement)."""

    def channel(self, item: T) -> str:
        """Such as ``tick``; empty when it belongs to none."""

    def seq(self, item: T) -> int:
        """Its number, 0 for none."""

    def corrupt(self, item: T, rng: random.Random) -> T:
        """Damage it so that a reader can notice: a truncated text, a broken number."""

    def repeat(self, last: T, item: T) -> T:
        """``item`` with the values of ``last``: its own number and time, yesterday's news."""

    def skip(self, item: T, by: int) -> T:
        """Its number moved on by ``by``."""

    def scale(self, item: T, factor: float) -> T:
        """Its prices times a factor."""

    def shift(self, item: T, by_ns: int) -> T:
        """The source's own time moved by ``by_ns``."""


class Pipeline(Protocol[T]):
    """What stands between a sender and one receiver while something disturbs them.

    Attributes:
        down: ``""``, ``disconnect`` (closed politely) or ``reset`` (cut): while it is not empty the
            connection must be closed, and a new one refused.
    """

    @property
    def down(self) -> str: ...

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """These, and only these, act from now on; one that goes on keeps what it has drawn and seen.

        What waits for one that has ended leaves as if that one had never been.
        """

    def put(self, item: T, at_ns: int) -> None:
        """Take an item that was sent at ``at_ns``; times never fall."""

    def due(self, at_ns: int) -> list[T]:
        """What leaves up to ``at_ns``, in the order in which it leaves."""

    def next_due_ns(self) -> int | None:
        """When something leaves next, None when nothing waits."""

    def flush(self) -> list[T]:
        """All that still waits, when the disturbance has ended, in the order of its times."""

    def injections(self) -> list[Injection]:
        """What was done since the last call."""


class PipelineMaker(Protocol):
    """Makes the pipeline of one receiver; handed to the edges that must not know ``chaos``."""

    def __call__(self, disturbances: Sequence[Disturbance], handling: Handling[T], at: str) -> Pipeline[T]:
        """``at`` is the name of the source or of the connection: it keys the draws."""


class Disturbable(Protocol):
    """An edge that disturbances act on: the sources, the hub, the virtual subscribers."""

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """These, and only these, act from now on; each edge takes those that are meant for it."""

    def injections(self) -> Sequence[Injection]:
        """What was done since the last call."""
