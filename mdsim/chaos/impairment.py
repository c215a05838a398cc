"""What an impairment is: one kind of trouble on a line, as parameters and as an act on what passes.

One file each under ``chaos/impairments``. An act is given one parcel after another, in the order in which
they were sent, and answers with what goes on: nothing (lost), the parcel (changed in place, or delayed), or
several. It draws once a parcel whatever comes out, from a stream of its own step, fault, receiver, channel
and symbol, so that nothing else shifts its draws.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from types import MappingProxyType
from typing import Generic, Protocol, TypeAlias, TypeVar

from mdsim.core import keyed
from mdsim.core.impairing import Disturbance, Handling
from mdsim.core.params import Args, Param
from mdsim.core.registry import discover

T = TypeVar("T")

DISCONNECT, RESET = "disconnect", "reset"
"""The two ways to be down; ``Pipeline.down`` says one of them."""
REORDER = "reorder"
"""The one fault that lets messages overtake."""


class Rank(IntEnum):
    """Where on the way an impairment acts; those of one rank go by name."""

    LINK = 0
    """The connection itself."""
    DROP = 1
    CHANGE = 2
    """What the message says."""
    DAMAGE = 3
    REPEAT = 4
    DELAY = 5
    ORDER = 6


@dataclass(slots=True, eq=False)
class Parcel(Generic[T]):
    """One thing on its way.

    Attributes:
        item: the thing itself; an act that changes it puts another here.
        symbol, channel, seq: as it was sent; a changed ``item`` may say otherwise.
        sent_ns: when it was put in.
        delays: nanoseconds that each disturbance, by its place, keeps it longer.
        held_ns: time that it waits out of turn, so that others overtake it; 0 for in turn.
        followers: parcels that waited for this one and leave right behind it.
        due_ns: when it leaves; the pipeline's.
        doubled: how often it, or what it is a copy of, was doubled.
    """

    item: T
    symbol: str
    channel: str
    seq: int
    sent_ns: int
    delays: dict[int, int] = field(default_factory=dict)
    held_ns: int = 0
    followers: list[Parcel[T]] = field(default_factory=list)
    due_ns: int = 0
    doubled: int = 0

    @property
    def stream(self) -> tuple[str, str]:
        """Channel and symbol: messages of one stream are numbered together."""
        return self.channel, self.symbol

    def copy(self) -> Parcel[T]:
        """The same once more, with delays of its own to come."""
        delays = dict(self.delays)
        return Parcel(
            self.item, self.symbol, self.channel, self.seq, self.sent_ns, delays, doubled=self.doubled
        )


Act: TypeAlias = Callable[[Parcel[T]], Sequence[Parcel[T]]]
"""What goes on of one parcel."""

Tell: TypeAlias = Callable[[str, Parcel[T], int], None]
"""Notes that a fault was done to a parcel, with its amount."""


class Post(Generic[T]):
    """Where one impairment of one disturbance works: on the way to one receiver.

    Attributes:
        args: of the disturbance.
        handling: what may be asked of an item.
        place: of the disturbance among those in force, for ``Parcel.delays``.
    """

    def __init__(
        self, fault: str, disturbance: Disturbance, place: int, at: str, handling: Handling[T], tell: Tell[T]
    ) -> None:
        self.args: Args = disturbance.args
        self.handling = handling
        self.place = place
        self._fault = fault
        self._stream = disturbance.rng
        self._at = at
        self._tell = tell
        self._keys: dict[tuple[str, str], int] = {}
        self._drawn: dict[tuple[str, str], int] = {}

    def tell(self, parcel: Parcel[T], amount: int = 0) -> None:
        """Note that it was done to this parcel; whoever does not tell has not done it."""
        self._tell(self._fault, parcel, amount)

    def draw(self, parcel: Parcel[T]) -> float:
        """Uniform in [0, 1); the next of the parcel's stream."""
        return keyed.unit(self._bits(parcel))

    def rng(self, parcel: Parcel[T]) -> random.Random:
        """A generator for what needs more than one number, after ``draw``: of this parcel alone."""
        return self._stream(self._at, *parcel.stream, self._fault, str(self._drawn[parcel.stream]))

    def _bits(self, parcel: Parcel[T]) -> int:
        # A key and a count rather than a generator for each stream: thousands of them must fit.
        stream = parcel.stream
        if stream not in self._keys:
            self._keys[stream] = self._stream(self._at, *stream, self._fault).getrandbits(64)
            self._drawn[stream] = 0
        self._drawn[stream] += 1
        return keyed.at(self._keys[stream], self._drawn[stream])


class Start(Protocol):
    """Makes the act of one disturbance for one receiver."""

    def __call__(self, post: Post[T]) -> Act[T]:
        """Called when the disturbance begins to act there, with its arguments in ``post.args``."""


def unwrong(_args: Args) -> tuple[str, str] | None:
    """No rule of its own."""
    return None


@dataclass(frozen=True, slots=True)
class Impairment:
    """One kind of trouble.

    Attributes:
        name: the parameter that asks for it, first of ``params``; false or 0 asks for nothing.
        params: what may be written; the others only say more about the first.
        sources_only: it makes no sense between us and a client.
        check: a rule across its arguments that a parameter cannot say: what is wrong, and the fix.
        changes: it changes single messages, so that confining it to symbols or a channel makes sense.
        unit: what the amounts of its injections count, such as ``ns``; empty: they have none.
    """

    name: str
    summary: str
    rank: Rank
    params: tuple[Param, ...]
    start: Start
    sources_only: bool = False
    check: Callable[[Args], tuple[str, str] | None] = unwrong
    changes: bool = True
    unit: str = ""

    def asked(self, args: Args) -> bool:
        """Whether these arguments ask for it: a fault that says false, or 0, is none."""
        return args.get(self.name) not in (None, False, 0)


@cache
def shipped() -> MappingProxyType[str, Impairment]:
    """Every impairment under ``chaos/impairments``, by name, in the order in which they act."""
    found = discover("mdsim.chaos.impairments", "IMPAIRMENT", Impairment)
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: (item[1].rank, item[0]))))
