"""One source at work: quota, requests, counters; the parent of those that stream and those that poll."""

from __future__ import annotations

import random
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx
import trio

from mdsim.core.instruments import Instrument
from mdsim.core.secret import Secret
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import MINUTE, SECOND
from mdsim.providers.connect import Connector, Opener, read_address
from mdsim.providers.fetching import Access, Fetcher, open_client
from mdsim.providers.link import Link, Newness, Sink
from mdsim.providers.quota import Quota, shares
from mdsim.providers.session import (
    REST,
    Counters,
    Fetch,
    KeyRefused,
    Limited,
    Offer,
    ProviderType,
    Reconnect,
    Refuse,
    Replace,
    Send,
    SessionRequest,
)
from mdsim.providers.tap import Tap
from mdsim.providers.waiting import Now, wait
from mdsim.providers.wire import ANSWER, TURNED, Heard, Recorder, SourceEvent, Tell

SendText = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A configured source, with everything about it decided.

    Attributes:
        per_minute: requests of each key as configured, None for what the provider allows.
    """

    name: str
    tier: str
    priority: int
    provider: ProviderType
    offer: Offer
    url: str
    keys: tuple[Secret, ...]
    per_minute: int | None
    instruments: tuple[Instrument, ...]

    @property
    def allowed(self) -> int:
        """What the provider allows each key, or the address without any, of ``Fetch.cost`` a minute."""
        return self.offer.keyed_per_minute if self.keys else self.offer.keyless_per_minute

    @property
    def interval_ns(self) -> int:
        """How often a session may poll without spending the quota: a little slower than that comes back."""
        shared = 1 if self.offer.by_address else max(1, len(self.keys))
        refill = shares(self.per_minute or self.allowed)[1] * shared
        return max(SECOND, -(-MINUTE * 15 // (14 * refill)))

    @property
    def max_age_ns(self) -> int:
        """When a report is stale: as the provider's are, and never before the third poll is missed."""
        return self.offer.age_limit_ns(self.interval_ns)

    @property
    def terms(self) -> SourceTerms:
        """What consensus must know of it."""
        return SourceTerms(
            name=self.name,
            kind="poll" if self.offer.kind == REST else "stream",
            tier=self.tier,
            priority=self.priority,
            aggregator=self.provider.aggregator,
            max_age_ns=self.max_age_ns,
            symbols=tuple(item.symbol for item in self.instruments),
        )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What sources need of the world; a test hands in its own.

    Attributes:
        now: the time of day in ns; never falls.
        tls: verifies certificates.
        connect: opens sockets; ``transport`` answers requests, None for the network.
        rng: makes the stream of a name, for jitter.
        record: gets everything at the wire, None for nobody.
    """

    now: Now
    tls: ssl.SSLContext
    connect: Opener
    rng: Callable[[str], random.Random]
    tell: Tell = lambda _event: None
    record: Recorder | None = None
    transport: httpx.AsyncBaseTransport | None = None

    @classmethod
    def real(
        cls,
        now: Now,
        rng: Callable[[str], random.Random],
        proxies: dict[str, str],
        tell: Tell = lambda _event: None,
        record: Recorder | None = None,
    ) -> Surroundings:
        """The network: certificates verified, proxies as the environment has them."""
        tls = ssl.create_default_context()
        return cls(now, tls, Connector(tls, proxies), rng, tell, record)


@dataclass(slots=True)
class Health:
    """How a source does.

    Attributes:
        state: ``connecting``, ``live``, ``waiting`` (until the next attempt), ``limited`` or ``off``.
        reason: why it is not live.
        refused: instruments that the provider does not list, with what it said.
        connections, replaced: opened so far, and how many of them took over from one that still stood.
        duplicates: reports that two overlapping connections both gave.
        failed: what came of the newest request, if that was no good answer and no report came since.
        last_ns: receipt of the newest report, by instrument.
    """

    state: str = "connecting"
    reason: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    replaced: int = 0
    duplicates: int = 0
    failed: str = ""
    last_ns: dict[str, int] = field(default_factory=dict)


class Source:
    """What streams and polls have in common."""

    def __init__(self, spec: SourceSpec, around: Surroundings, sink: Sink) -> None:
        self.spec = spec
        self.around = around
        self.health = Health()
        self.tap = Tap(self._route, around.record, around.now)
        self._sink = sink
        self._past = Counters()
        self._links: dict[int, Link] = {}
        self._newness = Newness(spec.max_age_ns)
        offer, keys = spec.offer, spec.keys
        self.quota = Quota(
            spec.per_minute or spec.allowed,
            max(1, len(keys)),
            per_month=offer.keyed_per_month if keys else 0,
            by_address=offer.by_address,
        )
        self._access = Access(
            base=offer.rest(spec.url).rstrip("/"),
            keys=keys,
            key_header=offer.key_header(spec.url),
            used_header=offer.used_header,
            per_minute=spec.allowed,
            by_request=spec.per_minute is not None,
        )
        read_address(self._access.base)
        self._fetcher: Fetcher | None = None

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def counters(self) -> Counters:
        """The sums over every connection so far."""
        total = Counters()
        for part in (self._past, *(link.session.counters for link in self._links.values())):
            total.add(part)
        return total

    @property
    def settled(self) -> bool:
        """Whether it has spoken for, or refused, everything it is to report."""
        known = (*self.health.refused, *self.health.last_ns)
        return all(item.symbol in known for item in self.spec.instruments)

    def tell(self, kind: str, symbol: str = "", detail: str = "") -> None:
        """Tell an operator."""
        self.around.tell(SourceEvent(self.around.now(), self.name, kind, symbol, detail))

    async def run(self) -> None:
        """Work until cancelled, or until nothing is left to report."""
        client = open_client(self._access, self.around.tls, self.around.transport)
        async with client, trio.open_nursery() as nursery:
            self._fetcher = Fetcher(
                self._access, self.quota, client, self.tap, self.name, self.around.now, self._limited
            )
            nursery.start_soon(self.tap.run)
            nursery.start_soon(self._fetcher.run)
            await self._work()
            nursery.cancel_scope.cancel()

    async def _work(self) -> None:
        raise NotImplementedError

    def refuse_key(self, number: int, reason: str) -> None:
        """The provider does not take a key: go on with the others, or end when there is none."""
        self.quota.refuse(number, reason)
        self.tell("key_refused", detail=f"key {number + 1} of {max(1, len(self.spec.keys))}: {reason}")
        self._off()  # here, because a session may ask for another connection in the same breath

    def broken(self, what: str) -> None:
        """It broke by a mistake of ours: ``run`` may be called again; counters and faults stay."""
        for link in list(self._links.values()):
            self._drop(link)
        self._past.error("internal")
        self.health.state, self.health.reason = "waiting", f"broken by {what}"
        self.tell("lost", detail=f"broken by {what}, started again")

    # ------------------------------------------------------------ links

    def _link(self) -> Link:
        """A new session for a new connection."""
        self.health.connections += 1
        spec = self.spec
        wanted = tuple(item for item in spec.instruments if item.symbol not in self.health.refused)
        request = SessionRequest(spec.name, spec.url, wanted, bool(spec.keys), spec.interval_ns)
        key = self.quota.in_turn(self.health.connections)
        link = Link(spec.offer.open(request), self.health.connections, self._give, key)
        self._links[link.number] = link
        return link

    def _drop(self, link: Link) -> None:
        """Its connection is gone."""
        if self._links.pop(link.number, None) is not None:
            self._past.add(link.session.counters)

    async def _drive(self, link: Link, send: SendText | None, replace: Callable[[], None]) -> Reconnect:
        """Do what a session asks for, until it wants another connection."""
        now = self.around.now
        while True:
            wake = trio.Event()
            link.wake = wake.set
            now_ns = now()
            if link.stirs(now_ns):
                self.tap.note(Heard(self.name, link.number, now_ns, TURNED))
            for action in link.turn(now_ns):
                if isinstance(action, Reconnect):
                    return action
                if isinstance(action, Send) and send is not None:
                    await send(action.text)
                elif isinstance(action, Replace):
                    replace()
                else:
                    self._do(link, action)
            if self._off():
                return Reconnect("nothing_listed")
            if not wake.is_set():
                await wait(wake, link.due_ns(), now)
            else:
                await trio.lowlevel.checkpoint()

    def _do(self, link: Link, action: object) -> None:
        if isinstance(action, Fetch) and self._fetcher is not None:
            self._fetcher.put(link, action)
        elif isinstance(action, Refuse):
            self.health.refused[action.symbol] = action.reason
            self.tell("refused", action.symbol, action.reason)
        elif isinstance(action, Limited) and self._fetcher is not None:
            self.quota.too_often(self._key_of(link, action.tag), action.wait_ns, self.around.now())
            self.tell("limited", detail=self.quota.state(self.around.now()))
        elif isinstance(action, KeyRefused) and self._fetcher is not None:
            self.refuse_key(self._key_of(link, action.tag), action.reason)

    def _limited(self, status: int) -> None:
        state = self.quota.state(self.around.now())
        self.tell("limited", detail=f"answered {status}" + (f", {state}" if state else ""))

    def _key_of(self, link: Link, tag: str) -> int:
        """The key that an action is about: of the fetch, or else of the connection itself."""
        fetched = self._fetcher.key_of(tag) if self._fetcher is not None else None
        return link.key if fetched is None else fetched

    def _off(self) -> bool:
        """Whether nothing is left to report."""
        if all(item.symbol in self.health.refused for item in self.spec.instruments):
            self.health.state, self.health.reason = "off", "the provider lists none of its instruments"
        elif self.quota.ready_ns(1, self.around.now()) is None:
            self.health.state, self.health.reason = "off", self.quota.state(self.around.now())
        return self.health.state == "off"

    # ------------------------------------------------------------ reports

    def _route(self, heard: Heard, now_ns: int) -> None:
        """What came through the tap goes to the session of its connection, if that still stands."""
        if heard.kind == ANSWER:
            self.health.failed = _failure(heard)
        link = self._links.get(heard.connection)
        if link is not None:
            link.deliver(heard, now_ns)

    def _give(self, reports: Sequence[Report]) -> None:
        """Pass reports on once, whichever of two overlapping connections gave them."""
        passed = self._newness.of(reports)
        self.health.duplicates += len(reports) - len(passed)
        for report in passed:
            self.health.last_ns[report.symbol] = report.ts_recv_ns
        if passed:
            self.health.failed = ""
            if self.health.state != "live":
                self.health.state, self.health.reason = "live", ""
            self._sink(passed)


def _failure(heard: Heard) -> str:
    """What is wrong with an answer, for people; empty for nothing."""
    if 200 <= heard.status < 300:
        return ""
    path = heard.path.partition("?")[0]
    if heard.status:
        return f"{path} is answered {heard.status}"
    why = heard.raw if isinstance(heard.raw, str) else heard.raw.decode("utf-8", "replace")
    return f"no answer to {path}: {why}"
