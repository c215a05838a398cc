"""The seam between a provider's language and its transport: a session is a pure state machine.

The shell (``stream``, ``poll``) opens a connection, feeds a session with what arrives and does what it
asks for. One session lives as long as one connection; the next connection gets a new one. A session
knows no trio, no socket and no clock: every call is told the time.

For a session that polls the shell calls ``start`` once, then ``tick`` whenever ``due_ns`` has come; it
asks with ``Fetch`` and hears the answers in ``fetched``. A session on a WebSocket is told ``received`` as
well, and may ask for fetches too (a snapshot of a book, a list of what is listed).

Adapters live in ``providers/adapters``, one file each, and put a pure function on top: ``parse(raw,
recv_ns)``, which reads one message into the provider's own struct and raises what ``UNREADABLE`` lists,
nothing else. The session counts those as ``malformed``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from mdsim.core.instruments import Instrument
from mdsim.core.sourcing import Report
from mdsim.core.time import SECOND

REST, WEBSOCKET = "rest_api", "websocket"
UNREADABLE = (msgspec.DecodeError, ValueError, ArithmeticError, RecursionError)
"""What reading a message may raise: no JSON, another shape, no text, no number, nested past all sense."""
MOST_ACTIONS = 1_000
"""Past this a session has gone wild: the oldest requests are dropped and counted."""


class Send(msgspec.Struct, frozen=True):
    """Send a text message on the socket."""

    text: str


class Fetch(msgspec.Struct, frozen=True):
    """GET something of the provider's REST address; the answer comes to ``fetched``.

    Attributes:
        path: with its query, below the REST base; begins with a slash.
        tag: the session's own name for the request, such as ``depth:BTCUSDT``; told with the answer.
        cost: what the provider's quota counts for it.
    """

    path: str
    tag: str
    cost: int = 1


class Reconnect(msgspec.Struct, frozen=True):
    """This connection is of no use any more: close it, and come again after the back-off.

    Attributes:
        reason: a stable word, counted: ``maintenance``, ``no_heartbeat``.
        after_ns: wait at least so long.
    """

    reason: str
    after_ns: int = 0


class Replace(msgspec.Struct, frozen=True):
    """This connection ends soon: open the next before it does, and close this one when that has spoken."""

    reason: str


class Refuse(msgspec.Struct, frozen=True):
    """The provider does not list an instrument, so this source will never report it.

    Attributes:
        symbol: our name.
        reason: for people: what it said.
    """

    symbol: str
    reason: str


class Limited(msgspec.Struct, frozen=True):
    """The provider says in an answer's body that we ask too often (the shell knows 429 and 418 itself).

    Attributes:
        tag: the fetch that was answered so; it counts as not done.
        wait_ns: as long as it asks for, 0 when it does not say.
    """

    tag: str
    wait_ns: int = 0


class KeyRefused(msgspec.Struct, frozen=True):
    """The provider does not take the key that a fetch went out with: it is not used again."""

    tag: str
    reason: str


Action = Send | Fetch | Reconnect | Replace | Refuse | Limited | KeyRefused


class Answer(msgspec.Struct, frozen=True):
    """What came of a fetch.

    Attributes:
        status: of HTTP, or 0 when no answer came; ``body`` then says why.
        headers: names in lower case.
    """

    tag: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    now_ns: int


@dataclass(slots=True)
class Counters:
    """What happened in one session; the shell sums them up over all sessions of a source.

    Attributes:
        messages: that arrived; ``reports``: that came of them.
        errors: by stable word: ``malformed``, ``refused``, ``checksum``, ``limited``, ``http_500``.
        gaps: jumps in a numbering that must not jump; ``resyncs``: books built anew.
    """

    messages: int = 0
    reports: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    gaps: int = 0
    resyncs: int = 0

    def error(self, word: str) -> None:
        """Count one."""
        self.errors[word] = self.errors.get(word, 0) + 1

    def add(self, other: Counters) -> None:
        """Take another's counts in."""
        self.messages += other.messages
        self.reports += other.reports
        self.gaps += other.gaps
        self.resyncs += other.resyncs
        for word, count in other.errors.items():
            self.errors[word] = self.errors.get(word, 0) + count


class SessionRequest(msgspec.Struct, frozen=True):
    """What a session is opened with.

    Attributes:
        source: the name that its reports carry.
        url: the configured address.
        instruments: what to report, in the catalogue's order.
        keyed: a key is at hand; the shell puts it on the wire, a session never sees it.
        interval_ns: how often the quota lets a session poll.
    """

    source: str
    url: str
    instruments: tuple[Instrument, ...]
    keyed: bool = False
    interval_ns: int = 10 * SECOND


class Session:
    """The parent of every adapter's session: a queue of actions and the counters.

    Attributes:
        ready: subscribed, and everything that is not refused has spoken: the replacement of a connection
            takes over when this is true.
    """

    def __init__(self, request: SessionRequest) -> None:
        self.request = request
        self.counters = Counters()
        self.ready = False
        self._actions: list[Action] = []

    def start(self, now_ns: int) -> None:
        """The connection stands (or polling begins): ask for what is needed first."""
        raise NotImplementedError

    def received(self, raw: str | bytes, recv_ns: int) -> Sequence[Report]:
        """A message came. Whatever its bytes, nothing is raised: what cannot be read is counted."""
        raise NotImplementedError

    def fetched(self, answer: Answer) -> Sequence[Report]:
        """An answer came to a fetch; nothing is raised."""
        raise NotImplementedError

    def due_ns(self) -> int | None:
        """When ``tick`` is next wanted, None for never."""
        return None

    def tick(self, now_ns: int) -> Sequence[Report]:
        """``due_ns`` has come: ask, ping, or give up."""
        return ()

    @property
    def wants(self) -> bool:
        """Whether an action waits to be taken."""
        return bool(self._actions)

    def actions(self) -> list[Action]:
        """What is wanted since the last call, in order."""
        wanted, self._actions = self._actions, []
        return wanted

    def ask(self, action: Action) -> None:
        """Put an action in the queue."""
        if len(self._actions) >= MOST_ACTIONS:
            del self._actions[0]
            self.counters.error("actions_dropped")
        self._actions.append(action)


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to a provider's prices.

    Attributes:
        kind: ``rest_api`` or ``websocket``, as the configuration calls it.
        url: the usual address.
        open: makes the session of one connection; raises nothing.
        keyed_per_minute, keyless_per_minute: what the quota allows of ``Fetch.cost`` a minute, with each
            key and without any; 0 for the second when nothing is given without a key.
        keyed_per_month: likewise of each key in 30 days, 0 for no such limit.
        by_address: the provider counts addresses, so several keys share one quota.
        used_header: header, in lower case, that tells how much of the minute is used; empty for none.
        max_age_ns: a report older than this is stale; ``age_limit_ns`` knows how often it is asked for.
        silence_ns: how long nothing at all (not even a ping) may come over a socket before it is dead.
        life_ns: the provider cuts a connection after this; 0 for never.
        rest: from the configured address to the base of its fetches.
        key_header: from the configured address to the name of the header for a key; empty for none.
        key_codes: codes with which a socket is closed because of its key, with what they mean.
    """

    kind: str
    url: str
    open: Callable[[SessionRequest], Session]
    keyed_per_minute: int
    keyless_per_minute: int
    max_age_ns: int
    silence_ns: int = 60 * SECOND
    life_ns: int = 0
    keyed_per_month: int = 0
    by_address: bool = False
    used_header: str = ""
    rest: Callable[[str], str] = lambda url: url
    key_header: Callable[[str], str] = lambda _url: ""
    key_codes: Mapping[int, str] = field(default_factory=dict)

    def age_limit_ns(self, interval_ns: int) -> int:
        """When a report is stale: of a poll never before the third one is missed."""
        return self.max_age_ns if self.kind != REST else max(self.max_age_ns, 3 * interval_ns)


@dataclass(frozen=True, slots=True)
class ProviderType:
    """A provider, as ``core.registry.discover`` finds it.

    Attributes:
        name: as users write it; a source may be called ``<name>`` or ``<name>-<anything>``.
        aggregator: its prices are made of others' prices.
    """

    name: str
    summary: str
    aggregator: bool
    offers: tuple[Offer, ...]

    def offer(self, kind: str) -> Offer | None:
        """The way of a kind, if there is one."""
        return next((offer for offer in self.offers if offer.kind == kind), None)


def rest_base(url: str, known: Mapping[str, str]) -> str:
    """The REST base that belongs to a WebSocket address.

    A provider's own hosts are known; any other address is a double or a gateway, which answers both on
    one port.

    Args:
        url: the configured address.
        known: host of the socket → REST base.
    """
    parts = urlsplit(url)
    base = known.get(parts.hostname or "")
    if base is not None:
        return base
    return f"{'https' if parts.scheme in ('wss', 'https') else 'http'}://{parts.netloc}"
