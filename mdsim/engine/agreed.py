"""A base feed that rests on sources: reports in, agreed prices out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log
from typing import Protocol

import msgspec

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
        fill_in: BaseFeed | None = None,
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
            fill_in: a made-up market that goes on from the last agreed price while no source tells one.
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
        self._fill_in = fill_in
        self._filled: dict[int, float] = {}  # instrument -> its distance in log from the made-up market
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
        if self._fill_in is not None:
            self._fill_in.advance(now_ns)
        stopped = False
        for at in range(len(self.log_prices)):
            judged = room.judgement(at)
            if self._fill_in is not None and (judged.price <= 0.0 or judged.state == "STALE"):
                self._fill(at, now_ns, self._fill_in)
                continue
            self._filled.pop(at, None)
            if judged.price > 0.0:
                self.log_prices[at] = log(judged.price)
                self.updated_ns[at] = judged.updated_ns
            elif self._around is not None:
                self.log_prices[at] = self._around.log_prices[at]
                self.updated_ns[at] = self._around.updated_ns[at]
            stopped = stopped or judged.state == "HALTED"
        size = len(self.log_prices)
        self.halted = [room.judgement(at).state == "HALTED" for at in range(size)] if stopped else None

    def _fill(self, at: int, now_ns: int, made_up: BaseFeed) -> None:
        """Go on from the last agreed price, or from the made-up market's own where there never was one."""
        if at not in self._filled:
            known = self.room.judgement(at).price > 0.0
            self._filled[at] = self.log_prices[at] - made_up.log_prices[at] if known else 0.0
        self.log_prices[at] = made_up.log_prices[at] + self._filled[at]
        self.updated_ns[at] = now_ns

    def judgement(self, at: int) -> Judgement:
        """The present judgement of instrument ``at``; made-up prices are flagged, with confidence 0."""
        judged = self.room.judgement(at)
        if at not in self._filled:
            return judged
        price = exp(self.log_prices[at])
        return msgspec.structs.replace(
            judged,
            price=price,
            smoothed=price,
            confidence=0.0,
            used=0,
            state="FILLED",
            reason=f"made up: {judged.reason or 'no source tells it'}",
        )

    def source_updated_ns(self, at: int, source: str) -> int | None:
        """When a source last told instrument ``at``, or None when it never did."""
        return self.room.source_updated_ns(at, source)

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """Let these act on the sources from now on."""
        self.reports.disturb(disturbances)

    def injections(self) -> Sequence[Injection]:
        """What disturbances of sources have done since the last call."""
        return self.reports.injections()
