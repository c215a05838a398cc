"""The ledger of a run: what happened, in an order no scheduler can change, and what it proves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mdsim.core.events import Entry, Json, Notice
from mdsim.engine.view import View
from mdsim.playbook.plan import Place, Question
from mdsim.run.clock import ScenarioClock
from mdsim.run.result import Check, Verdict


class Observer(Protocol):
    """Whoever follows a run: the journal, a screen, a stream of events."""

    def on_entry(self, entry: Entry) -> None:
        """Something happened; called in order, never concurrently."""

    def on_progress(self, view: View, now_ns: int, at_ns: int) -> None:
        """Time passed; called at most some 20 times a second of wall time."""


class Ledger:
    """Collects entries and checks, tells the observers, and weighs the verdict.

    Attributes:
        checks: the answers, the first ``checks_most`` of them; the verdict counts all.
    """

    def __init__(
        self,
        clock: ScenarioClock,
        view: View,
        observers: Sequence[Observer],
        *,
        checks_most: int | None = None,
    ) -> None:
        self._clock = clock
        self._view = view
        self._observers = observers
        self._unwinding: list[tuple[tuple[int, ...], Entry]] = []
        self._effect_places: dict[str, tuple[Place, str]] = {}
        self.checks: list[Check] = []
        self._checks_most = checks_most
        self._counted: dict[Verdict, int] = {}

    def tell(self, kind: str, path: str = "", at_ns: int | None = None, /, **data: Json) -> None:
        """Record one entry, now or at a scenario time since the start."""
        self.settle()
        self._send(Entry(kind, self._clock.at_ns if at_ns is None else at_ns, path, data))

    def tell_unwinding(self, kind: str, order: tuple[int, ...], path: str, /, **data: Json) -> None:
        """Record an entry of a task that is being cancelled.

        Cancelled tasks run in no fixed order, so their entries are kept until the next one that is not
        theirs, and told innermost and latest first.
        """
        self._unwinding.append((order, Entry(kind, self._clock.at_ns, path, data)))

    def settle(self) -> None:
        """Tell what cancelled tasks have left behind."""
        if self._unwinding:
            waiting, self._unwinding = self._unwinding, []
            waiting.sort(key=lambda one: (one[0], one[1].path, one[1].kind), reverse=True)
            for _, entry in waiting:
                self._send(entry)

    def _send(self, entry: Entry) -> None:
        for observer in self._observers:
            observer.on_entry(entry)

    def check(self, check: Check, place: Place) -> None:
        """Record an answer."""
        if self._checks_most is None or len(self.checks) < self._checks_most:
            self.checks.append(check)
        if check.level == "fail":
            self._counted[check.verdict] = self._counted.get(check.verdict, 0) + 1
        self.tell(
            "check",
            check.path,
            check.at_ns,
            kind=check.kind,
            text=check.text,
            verdict=check.verdict.value,
            seen=dict(check.seen),
            place=f"{place.line}:{place.column}",
            level=check.level,
            note=check.note,
        )

    def answer(
        self,
        kind: str,
        path: str,
        question: Question,
        verdict: Verdict,
        *,
        at_ns: int | None = None,
        seen: tuple[tuple[str, str], ...] | None = None,
        note: str = "",
    ) -> None:
        """Record the answer to a question of the playbook, with what the market shows now."""
        self.check(
            Check(
                kind=kind,
                path=path,
                place=str(question.place),
                text=question.text,
                verdict=verdict,
                at_ns=self._clock.at_ns if at_ns is None else at_ns,
                seen=self._view.seen(question.condition) if seen is None else seen,
                level=question.level,
                note=note,
            ),
            question.place,
        )

    def expect_effect(self, path: str, place: Place, summary: str) -> None:
        """Remember where an effect was written, for the day it turns out to have done nothing."""
        self._effect_places[path] = (place, summary)

    def on_notice(self, notice: Notice) -> None:
        """News of an effect; one that ended without touching a tick proves nothing."""
        self.tell(notice.kind, notice.path, **notice.data)
        if notice.kind == "effect_ended":
            known = self._effect_places.pop(notice.path, None)
            if known is not None and notice.data.get("ticks_touched") == 0:
                place, summary = known
                self.check(
                    Check(
                        kind="effect",
                        path=notice.path,
                        place=str(place),
                        text=summary,
                        verdict=Verdict.INCONCLUSIVE,
                        at_ns=self._clock.at_ns,
                        note="it touched no tick: nothing was tested",
                    ),
                    place,
                )

    def verdict(self) -> Verdict:
        """The worst answer that counts."""
        for worst in (Verdict.FAILED, Verdict.INCONCLUSIVE):
            if worst in self._counted:
                return worst
        return Verdict.PASSED
