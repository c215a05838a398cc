"""Delivery faults on reports: where there is no wire, they act on what a source says."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import msgspec

from mdsim.core.impairing import Disturbance, Injection, Pipeline, PipelineMaker
from mdsim.core.sourcing import Report
from mdsim.venues.handling import HANDLING

_RECEIVED = attrgetter("ts_recv_ns")


class ReportFaults:
    """What stands between sources without a wire and whoever hears their reports."""

    def __init__(self, pipelines: PipelineMaker) -> None:
        self._pipelines = pipelines
        self._disturbed: dict[str, Pipeline[Report]] = {}
        self._acting: frozenset[str] = frozenset()  # sources that something disturbs now
        self._told: list[Injection] = []  # of pipelines that are gone

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """Let these, and only these, act from now on; each names its source."""
        by_source: dict[str, list[Disturbance]] = {source: [] for source in self._disturbed}
        for one in disturbances:
            if one.source is not None:
                by_source.setdefault(one.source, []).append(one)
        for source, found in by_source.items():
            if source in self._disturbed:
                self._disturbed[source].disturb(found)
            else:
                self._disturbed[source] = self._pipelines(found, HANDLING, source)
        self._acting = frozenset(source for source, found in by_source.items() if found)

    def injections(self) -> Sequence[Injection]:
        """What disturbances have done since the last call."""
        told, self._told = self._told, []
        return told + [one for pipeline in self._disturbed.values() for one in pipeline.injections()]

    def through(self, reports: list[Report], now_ns: int) -> list[Report]:
        """What is left of reports, and what was held back before; received when it comes through."""
        if not self._disturbed:
            return reports
        passed: list[Report] = []
        for report in reports:
            if report.source in self._acting:
                self._disturbed[report.source].put(report, report.ts_recv_ns)
            else:
                passed.append(report)
        for source in list(self._disturbed):
            pipeline = self._disturbed[source]
            while (due_ns := pipeline.next_due_ns()) is not None and due_ns <= now_ns:
                passed += [msgspec.structs.replace(one, ts_recv_ns=due_ns) for one in pipeline.due(due_ns)]
            if due_ns is None and source not in self._acting:
                self._told += pipeline.injections()
                del self._disturbed[source]
        passed.sort(key=_RECEIVED)
        return passed
