"""The pipeline between a sender and one receiver: every impairment in force, and what waits because of them.

Impairments of all disturbances act in the order of their ranks, and within one impairment in the order of the
disturbances. So latencies add, losses combine as independent ones, and it does not matter which step began
first. Delays keep the order of what one set of disturbances delays, as a connection does; only ``reorder``
breaks it.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from mdsim.chaos.impairment import DISCONNECT, REORDER, RESET, Act, Parcel, Post, shipped
from mdsim.chaos.injected import UNTOLD
from mdsim.core.impairing import Disturbance, Handling, Injection

T = TypeVar("T")

QUEUE_MOST = 4_096
"""Messages that wait in one pipeline; past it the one that would leave next is dropped (``overflow``)."""
INJECTIONS_MOST = 65_536
"""Injections that wait to be asked for; past it they are only counted (``untold``, with their number)."""

OVERFLOW = "overflow"

_GONE_NS = -1


def chosen(disturbance: Disturbance, connection: str) -> bool:
    """Whether a client's connection is among the share that is disturbed: always the same for one name."""
    share = disturbance.share  # of all of them, nobody needs to draw
    return disturbance.source is None and (share >= 1 or lot(disturbance, connection) < share)


def lot(disturbance: Disturbance, connection: str) -> float:
    """What a connection has drawn, in [0, 1): it is among every share above that."""
    return disturbance.rng("share", connection).random()


def on_connection(disturbances: Sequence[Disturbance], connection: str) -> tuple[Disturbance, ...]:
    """Those of the disturbances that act on a client's connection."""
    return tuple(one for one in disturbances if chosen(one, connection))


def on_source(disturbances: Sequence[Disturbance], source: str) -> tuple[Disturbance, ...]:
    """Those of the disturbances that act on a source."""
    return tuple(one for one in disturbances if one.source == source)


def make_pipeline(disturbances: Sequence[Disturbance], handling: Handling[T], at: str) -> ImpairedPipeline[T]:
    """The ``PipelineMaker``: all of these disturbances act on the receiver ``at``."""
    return ImpairedPipeline(disturbances, handling, at)


@dataclass(frozen=True, slots=True)
class _Route(Generic[T]):
    """What stands in the way of one stream.

    Attributes:
        acts: in the order in which they act.
        way: places of the disturbances; what passes the same ones keeps its order.
    """

    acts: tuple[Act[T], ...]
    way: tuple[int, ...]


class ImpairedPipeline(Generic[T]):
    """A ``Pipeline`` made of impairments."""

    def __init__(
        self,
        disturbances: Sequence[Disturbance],
        handling: Handling[T],
        at: str,
        *,
        queue_most: int = QUEUE_MOST,
        injections_most: int = INJECTIONS_MOST,
    ) -> None:
        """Put it up.

        Args:
            disturbances: that act on this receiver; whether they do is not asked again.
            handling: what may be asked of an item.
            at: name of the receiver: it keys the draws.
            queue_most: bound of what waits.
            injections_most: bound of what is to be told.
        """
        self._handling = handling
        self._at = at
        self._queue_most = queue_most
        self._injections_most = injections_most
        self._places: dict[int, Disturbance] = {}  # by a number that each keeps while it is in force
        self._next_place = 0
        self._acts: dict[tuple[int, str], Act[T]] = {}  # by place and fault, in the order of acting
        self._routes: dict[tuple[str, str], _Route[T]] = {}  # by channel and symbol
        self._heap: list[tuple[int, int, Parcel[T]]] = []  # an entry whose time is not its parcel's is stale
        self._waiting = 0
        self._entered = 0
        self._floors: dict[tuple[int, ...], int] = {}
        self._now_ns = 0
        self._told: list[Injection] = []
        self._untold = 0
        self.down = ""
        self.disturb(disturbances)

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """Let these, and only these, act from now on; those that go on keep what they have drawn and seen.

        What waits for one that has ended leaves as if that one had never been.
        """
        before = {one.key: place for place, one in self._places.items()}
        self._places = {}
        for one in disturbances:
            place = before.get(one.key)
            if place is None:
                place, self._next_place = self._next_place, self._next_place + 1
            self._places[place] = one
            self._now_ns = max(self._now_ns, one.since_ns)
        self._set_acts()
        self._set_down()
        self._time_again()

    def put(self, item: T, at_ns: int) -> None:
        """Take an item that was sent at ``at_ns``."""
        self._now_ns = max(self._now_ns, at_ns)
        handling = self._handling
        symbol, channel = handling.symbol(item), handling.channel(item)
        parcel = Parcel(item, symbol, channel, handling.seq(item), at_ns)
        parcels: Sequence[Parcel[T]] = (parcel,)
        for act in self._route(parcel).acts:
            parcels = act(parcels[0]) if len(parcels) == 1 else [out for one in parcels for out in act(one)]
            if not parcels:
                return
        for parcel in parcels:
            self._enter(parcel)

    def due(self, at_ns: int) -> list[T]:
        """What leaves up to ``at_ns``, in the order in which it leaves."""
        self._now_ns = max(self._now_ns, at_ns)
        out: list[T] = []
        while self._heap and self._heap[0][0] <= at_ns:
            self._leave_to(out)
        return out

    def next_due_ns(self) -> int | None:
        """When something leaves next, None when nothing waits."""
        heap = self._heap
        while heap and heap[0][0] != heap[0][2].due_ns:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def flush(self) -> list[T]:
        """All that still waits, in the order of its times."""
        out: list[T] = []
        while self._heap:
            self._leave_to(out)
        return out

    def injections(self) -> list[Injection]:
        """What was done since the last call."""
        told, self._told = self._told, []
        if self._untold:
            last = told[-1]
            told.append(Injection(last.run, last.path, UNTOLD, self._at, "", "", 0, last.at_ns, self._untold))
            self._untold = 0
        return told

    # What acts

    def _set_acts(self) -> None:
        found: dict[tuple[int, str], Act[T]] = {}
        for impairment in shipped().values():
            for place, one in self._places.items():
                if impairment.asked(one.args):
                    key = (place, impairment.name)
                    found[key] = self._acts.get(key) or self._start(place, one, impairment.name)
        self._acts = found
        self._routes = {}

    def _start(self, place: int, disturbance: Disturbance, fault: str) -> Act[T]:
        tell = partial(self._tell, disturbance)
        post: Post[T] = Post(fault, disturbance, place, self._at, self._handling, tell)
        return shipped()[fault].start(post)

    def _route(self, parcel: Parcel[T]) -> _Route[T]:
        route = self._routes.get(parcel.stream)
        if route is None:
            way = tuple(
                place for place, one in self._places.items() if _covers(one, parcel.symbol, parcel.channel)
            )
            acts = tuple(act for (place, _), act in self._acts.items() if place in way)
            route = self._routes[parcel.stream] = _Route(acts, way)
        return route

    def _set_down(self) -> None:
        before, self.down = self.down, ""
        for way in (DISCONNECT, RESET):
            for one in self._places.values():
                if shipped()[way].asked(one.args):
                    self.down = way
        if not self.down or self.down == before:
            return
        by = next(one for one in self._places.values() if shipped()[self.down].asked(one.args))
        if not before:
            self._note(by, self.down, "", "", 0, 0)
        while self._heap:
            parcel = self._leave()
            if parcel is not None:  # it was on its way when the line went down
                self._tell(by, self.down, parcel, 0)

    # What waits

    def _enter(self, parcel: Parcel[T]) -> None:
        self._schedule(parcel, self._turn_of(parcel))
        self._waiting += 1
        for follower in parcel.followers:
            follower.held_ns = 0
            if follower.due_ns != _GONE_NS:
                self._schedule(follower, parcel.due_ns)
        parcel.followers.clear()
        while self._waiting > self._queue_most:
            dropped = self._leave()
            if dropped is not None:
                place = next(reversed(dropped.delays), next(iter(self._places)))
                self._tell(self._places[place], OVERFLOW, dropped, 0)

    def _turn_of(self, parcel: Parcel[T]) -> int:
        """Its time after all delays, and not before whatever shares its way; what is held stands aside."""
        due_ns = parcel.sent_ns + (sum(parcel.delays.values()) if parcel.delays else 0)
        if parcel.held_ns:
            return due_ns + parcel.held_ns
        way = self._route(parcel).way
        due_ns = max(due_ns, self._floors.get(way, 0))
        self._floors[way] = due_ns
        return due_ns

    def _schedule(self, parcel: Parcel[T], due_ns: int) -> None:
        self._entered += 1
        parcel.due_ns = due_ns
        heapq.heappush(self._heap, (due_ns, self._entered, parcel))

    def _leave(self) -> Parcel[T] | None:
        """Take the next entry; None when it was stale."""
        due_ns, _, parcel = heapq.heappop(self._heap)
        if due_ns != parcel.due_ns:
            return None
        parcel.due_ns = _GONE_NS
        self._waiting -= 1
        return parcel

    def _leave_to(self, out: list[T]) -> None:
        parcel = self._leave()
        if parcel is not None:
            out.append(parcel.item)

    def _time_again(self) -> None:
        """Work out all times anew, in the order planned so far, without the delays of what has ended."""
        entries, self._heap, self._floors = sorted(self._heap), [], {}
        reorders = any(fault == REORDER for _, fault in self._acts)
        for due_ns, _, parcel in entries:
            if due_ns != parcel.due_ns:
                continue
            parcel.delays = {place: ns for place, ns in parcel.delays.items() if place in self._places}
            if not reorders:
                parcel.held_ns = 0
            self._schedule(parcel, self._turn_of(parcel))

    # What is told

    def _tell(self, by: Disturbance, fault: str, parcel: Parcel[T], amount: int) -> None:
        self._note(by, fault, parcel.symbol, parcel.channel, parcel.seq, amount)

    def _note(self, by: Disturbance, fault: str, symbol: str, channel: str, seq: int, amount: int) -> None:
        if len(self._told) >= self._injections_most:
            self._untold += 1
            return
        self._told.append(
            Injection(by.run, by.path, fault, self._at, symbol, channel, seq, self._now_ns, amount)
        )


def _covers(disturbance: Disturbance, symbol: str, channel: str) -> bool:
    """Whether a message lies within what it is confined to."""
    symbols = disturbance.symbols
    return (symbols is None or symbol in symbols) and disturbance.channel in (None, channel)
