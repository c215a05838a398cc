"""One session and what stands around it: the deadlines of its requests, and where its reports go."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mdsim.core.sourcing import Report
from mdsim.core.time import SECOND
from mdsim.providers.session import Action, Answer, Fetch, Session
from mdsim.providers.wire import ANSWER, MESSAGE, Heard

ANSWER_NS = 60 * SECOND
"""How long a session waits for an answer, quota and faults included; then it is told that none came."""

Sink = Callable[[Sequence[Report]], None]


class Link:
    """Drives a session; pure, so that a day of it passes in an instant.

    Attributes:
        number: of the connection, from 1.
        key: the number of the key that the connection was opened with.
        wake: called when there is something to do before the last ``due_ns``.
    """

    def __init__(self, session: Session, number: int, sink: Sink, key: int = 0) -> None:
        self.session = session
        self.number = number
        self.key = key
        self._sink = sink
        self._asked: dict[str, int] = {}  # tag → deadline
        self._planned_ns: int | None = None  # what ``due_ns`` said last
        self.wake: Callable[[], None] = lambda: None

    def awaits(self, tag: str) -> bool:
        """Whether the session still waits for an answer."""
        return tag in self._asked

    def start(self, now_ns: int) -> None:
        """The connection stands."""
        self.session.start(now_ns)
        self.wake()

    def deliver(self, heard: Heard, now_ns: int) -> None:
        """Something of this connection has come through."""
        if heard.kind == MESSAGE:
            self._give(self.session.received(heard.raw, now_ns))
            if self.session.wants or self._sooner():
                self.wake()
        elif heard.kind == ANSWER:
            body = heard.raw if isinstance(heard.raw, bytes) else heard.raw.encode()
            self._answered(Answer(heard.tag, heard.status, heard.headers, body, now_ns))

    def due_ns(self) -> int | None:
        """When ``turn`` is next wanted."""
        due = self.session.due_ns()
        self._planned_ns = min(
            self._asked.values() if due is None else [*self._asked.values(), due], default=None
        )
        return self._planned_ns

    def _sooner(self) -> bool:
        """Whether a message made something due before what is being waited for."""
        due = self.session.due_ns()
        return due is not None and (self._planned_ns is None or due < self._planned_ns)

    def stirs(self, now_ns: int) -> bool:
        """Whether ``turn`` would do or give anything at all."""
        due = self.session.due_ns()
        return (
            self.session.wants
            or (due is not None and due <= now_ns)
            or any(deadline <= now_ns for deadline in self._asked.values())
        )

    def turn(self, now_ns: int) -> list[Action]:
        """Do what is due; what the session wants done."""
        for tag in [tag for tag, deadline in self._asked.items() if deadline <= now_ns]:
            self.session.counters.error("no_answer")
            self._answered(Answer(tag, 0, {}, b"no answer in time", now_ns))
        due = self.session.due_ns()
        if due is not None and due <= now_ns:
            self._give(self.session.tick(now_ns))
        actions = self.session.actions()
        for action in actions:
            if isinstance(action, Fetch):
                self._asked[action.tag] = now_ns + ANSWER_NS
        return actions

    def _answered(self, answer: Answer) -> None:
        """Tell the session, once: an answer after the deadline or a repeated one is nobody's."""
        if self._asked.pop(answer.tag, None) is not None:
            self._give(self.session.fetched(answer))
            self.wake()

    def _give(self, reports: Sequence[Report]) -> None:
        if reports:
            self._sink(reports)


class Newness:
    """What of the reports of a source is new: two overlapping connections give the same.

    A source that gave nothing new of an instrument for longer than its reports may be old has begun to
    count anew: a venue that was restarted must not stay dumb until it reaches its old numbers.
    """

    def __init__(self, max_age_ns: int) -> None:
        self._max_age_ns = max_age_ns
        self._newest: dict[str, tuple[int, int]] = {}  # symbol → number, time of receipt

    def of(self, reports: Sequence[Report]) -> list[Report]:
        """Those that are new, in the order in which they came."""
        passed = []
        for report in reports:
            if report.seq:
                seq, recv_ns = self._newest.get(report.symbol, (0, 0))
                back = report.seq < seq and report.ts_recv_ns - recv_ns <= self._max_age_ns
                if back or report.seq == seq:
                    continue
                self._newest[report.symbol] = report.seq, report.ts_recv_ns
            passed.append(report)
        return passed
