"""A base feed that rests on sources: reports in, agreed prices out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import Protocol

from mdsim.core.impairing import Disturbance, Injection
from mdsim.core.instruments import Catalogue
from mdsim.core.ports import BaseFeed
from mdsim.core.sourcing import Judgement, Report, ReportSource, SourceTerms


class Room(Protocol):
    """What is asked of the consensus room."""

    def take(self, report: Report) -> None:
        """Hear a report."""

    def judge(self, now_ns: int) -> None:
        """Agree on every instrument as of now."""

    def judgement(self, at: int) -> Judgement:
        """What was agreed on instrument ``at``."""

    def source_updated_ns(self, at: int, source: str) -> int | None:
        """When a source last told instrument ``at``, by itself or by way of a conversion."""


class AgreedFeed:
    """``BaseFeed`` and ``JudgedFeed``: what sources say, agreed on in the consensus room.

    Attributes:
        reports: where reports come from.
        room: who agrees.
        halted: by instrument, whether the room lets nothing be published; None: everything is.
        on_report: told every report that is heard, for whoever measures.
    """

    def __init__(
        self,
        reports: ReportSource,
        room: Room,
        catalogue: Catalogue,
        *,
        start_ns: int,
        step_ns: int,
        around: BaseFeed | None = None,
        name: str = "agreed",
    ) -> None:
        """Agree for the first time, as of ``start_ns``.

        Args:
            reports: the sources.
            room: the consensus room.
            catalogue: the instruments priced.
            start_ns: instant of the first price.
            step_ns: the grid on which prices change.
            around: the market that simulated venues stand around: it prices what none of them lists.
            name: what the feed is called.
        """
        self.name = name
        self.reports = reports
        self.room = room
        self.catalogue = catalogue
        self.start_ns = start_ns
        self.step_ns = step_ns
        self.end_ns = None if around is None else around.end_ns
        self.log_prices: list[float] = [0.0] * len(catalogue)
        self.updated_ns: list[int] = [start_ns] * len(catalogue)
        self.halted: list[bool] | None = None
        self.on_report: Callable[[Report], None] | None = None
        self.notes: tuple[str, ...] = (*(() if around is None else around.notes), *reports.notes)
        self._around = around
        self.advance(start_ns)

    @property
    def sources(self) -> tuple[SourceTerms, ...]:
        """The sources, in a fixed order."""
        return self.reports.terms

    def advance(self, now_ns: int) -> None:
        """Hear what has come, and agree."""
        room, on_report = self.room, self.on_report
        for report in self.reports.drain(now_ns):
            room.take(report)
            if on_report is not None:
                on_report(report)
        room.judge(now_ns)
        stopped = False
        for at in range(len(self.log_prices)):
            judged = room.judgement(at)
            if judged.price > 0.0:
                self.log_prices[at] = log(judged.price)
                self.updated_ns[at] = judged.updated_ns
            elif self._around is not None:
                self.log_prices[at] = self._around.log_prices[at]
                self.updated_ns[at] = self._around.updated_ns[at]
            stopped = stopped or judged.state == "HALTED"
        size = len(self.log_prices)
        self.halted = [room.judgement(at).state == "HALTED" for at in range(size)] if stopped else None

    def judgement(self, at: int) -> Judgement:
        """The present judgement of instrument ``at``."""
        return self.room.judgement(at)

    def source_updated_ns(self, at: int, source: str) -> int | None:
        """When a source last told instrument ``at``, or None when it never did."""
        return self.room.source_updated_ns(at, source)

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """Let these act on the sources from now on."""
        self.reports.disturb(disturbances)

    def injections(self) -> Sequence[Injection]:
        """What disturbances of sources have done since the last call."""
        return self.reports.injections()
