"""A recording as ``ReportSource``: the same reports as live, at any speed, with pause and seek."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import msgspec

from mdsim.core.errors import DataError, UsageError
from mdsim.core.impairing import Disturbance, Injection, PipelineMaker
from mdsim.core.instruments import Catalogue
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import SECOND, format_duration, format_utc
from mdsim.providers.session import Counters
from mdsim.replays.playback import Playback
from mdsim.replays.reader import Recording, Survey
from mdsim.replays.timeline import Timeline
from mdsim.venues.faults import ReportFaults

SETTLE_NS = 60 * SECOND
"""How much of a recording is looked at to learn what its sources do not list."""
_STEP_NS = 100_000_000


class RecordedSources:
    """The sources of a recording.

    A report carries the market's time: what was received at a recorded instant is received at the instant of
    the market that the timeline gives it, and the source's own time moves along. On the timeline of the
    recording itself nothing changes at all.

    Attributes:
        recording: what is played; ``survey``: what it holds.
        timeline: which instant of it is now.
        strict: going on past the end is an error instead of silence.
    """

    def __init__(
        self,
        recording: Recording,
        survey: Survey,
        catalogue: Catalogue,
        pipelines: PipelineMaker,
        timeline: Timeline | None = None,
    ) -> None:
        """Play the beginning, to learn which instruments the sources do not list.

        Args:
            recording: to play.
            survey: of it.
            catalogue: every instrument that it may tell.
            pipelines: makes what ``feed`` puts before a source.
            timeline: by default that of the recording.

        Raises:
            DataError: it cannot be played here, or is damaged.
        """
        self.recording = recording
        self.survey = survey
        self.strict = False
        first_ns = survey.first_ns
        self.timeline = timeline or Timeline(first_ns, first_ns)
        self._catalogue = catalogue
        self._faults = ReportFaults(pipelines)
        self._playback = Playback(recording, catalogue)
        self._pending: list[Report] = []
        self._now_ns = self.timeline.market_ns
        self._seqs: dict[tuple[str, str], int] = {}
        self._seq_shift: dict[tuple[str, str], int] = {}
        self._moved = False
        settle_ns = min(first_ns + SETTLE_NS, survey.last_ns)
        at_ns = first_ns
        while not self._playback.settled and at_ns < settle_ns:
            at_ns = min(at_ns + _STEP_NS, settle_ns)
            self._pending += self._playback.until(at_ns)
        self._terms = tuple(source.terms for source in self._playback.sources.values())
        self.notes = tuple(self._notes())

    @property
    def terms(self) -> tuple[SourceTerms, ...]:
        """The sources in the order of the recording, without instruments that they did not list."""
        return self._terms

    @property
    def first_ns(self) -> int:
        """Recorded time of the first line."""
        return self.survey.first_ns

    @property
    def last_ns(self) -> int:
        """Recorded time of the last line."""
        return self.survey.last_ns

    @property
    def at_ns(self) -> int:
        """Recorded time as of the newest ``drain``."""
        return min(self.timeline.recorded(self._now_ns), self.last_ns)

    @property
    def ended(self) -> bool:
        """Everything has been played."""
        return self.timeline.recorded(self._now_ns) >= self.last_ns

    @property
    def counters(self) -> dict[str, Counters]:
        """What came of every source since the place from which it is played."""
        return {name: source.counters for name, source in self._playback.sources.items()}

    def drain(self, now_ns: int) -> Sequence[Report]:
        """What the sources say up to ``now_ns``.

        Raises:
            DataError: the recording was damaged after it was surveyed, or is over and ``strict``.
        """
        self._now_ns = now_ns
        recorded_ns = self.timeline.recorded(now_ns)
        if self.strict and recorded_ns > self.last_ns:
            raise DataError(
                "MD656",
                f"{self.recording.label} ends at {format_utc(self.last_ns)}, and the run goes on",
                hint="start earlier, shorten the run, or replay a longer recording",
            )
        reports: list[Report] = []
        if self._pending:
            cut = next(
                (at for at, one in enumerate(self._pending) if one.ts_recv_ns > recorded_ns),
                len(self._pending),
            )
            reports, self._pending = self._pending[:cut], self._pending[cut:]
        if not self._pending:
            reports += self._playback.until(recorded_ns)
        return self._faults.through([self._stamped(one) for one in reports], now_ns)

    def disturb(self, disturbances: Sequence[Disturbance]) -> None:
        """Let these, and only these, act on the sources from now on.

        They act on reports: what a recorded provider would have answered after a fault, nobody knows.
        """
        self._faults.disturb(disturbances)

    def injections(self) -> Sequence[Injection]:
        """What disturbances have done since the last call."""
        return self._faults.injections()

    # ------------------------------------------------------------ moving about

    def begin(self, market_ns: int) -> None:
        """Before the first ``drain``: let the place where it stands be this instant of the market."""
        self.timeline.move(market_ns, self.timeline.recorded_ns)
        self._now_ns = market_ns

    def pause(self) -> None:
        """Stand still: the sources fall silent."""
        self.timeline.pause(self._now_ns)

    def resume(self) -> None:
        """Go on where it stands."""
        self.timeline.resume(self._now_ns)

    def sought(self, recorded_ns: int) -> Callable[[], None]:
        """Find another place; what it gives goes there. Finding may take long and touches nothing.

        The newest report of everything before that place is told at once, so that the market stands there.

        Args:
            recorded_ns: from the first to the last line.

        Raises:
            UsageError: it lies outside the recording.
        """
        if not self.first_ns <= recorded_ns <= self.last_ns:
            span = f"{format_utc(self.first_ns)} to {format_utc(self.last_ns)}"
            raise UsageError(
                "MD656",
                f"{format_utc(recorded_ns)} lies outside the recording ({span})",
                hint=f"seek from 0s to {format_duration(_rounded(self.last_ns - self.first_ns))}",
            )
        playback = Playback(self.recording, self._catalogue)
        newest: dict[tuple[str, str], Report] = {}
        at_ns = self.first_ns
        while True:
            for report in playback.until(at_ns):
                newest.pop((report.source, report.symbol), None)
                newest[report.source, report.symbol] = report
            if at_ns >= recorded_ns:
                break
            next_ns = playback.next_ns()
            at_ns = recorded_ns if next_ns is None else min(max(at_ns + SECOND, next_ns), recorded_ns)

        def go() -> None:
            self._playback.close()
            self._playback, self._pending = playback, list(newest.values())
            self.timeline.move(self._now_ns, recorded_ns)
            self._seq_shift = {key: self._seqs.get(key, 0) - one.seq + 1 for key, one in newest.items()}
            self._moved = True

        return go

    def close(self) -> None:
        """Let go of the file."""
        self._playback.close()

    def _stamped(self, report: Report) -> Report:
        """A report in the market's time, with a number that rises though we went back."""
        timeline, key = self.timeline, (report.source, report.symbol)
        recv_ns, seq = report.ts_recv_ns, report.seq
        if timeline.speed == 1 and timeline.market_ns == timeline.recorded_ns and not self._moved:
            if seq:
                self._seqs[key] = seq
            return report
        # What was sought is told now, and nothing is older than what was told before it.
        at_ns = max(timeline.market(recv_ns), timeline.market_ns)
        event_ns = report.ts_event_ns
        if event_ns:
            event_ns = max(timeline.market(event_ns), timeline.market_ns)
        if seq:
            seq = self._seqs[key] = seq + self._seq_shift.get(key, 0)
        return msgspec.structs.replace(report, ts_recv_ns=at_ns, ts_event_ns=event_ns, seq=seq)

    def _notes(self) -> list[str]:
        survey, label = self.survey, self.recording.label
        found = [
            f"prices are those that {', '.join(self._playback.sources)} sent from"
            f" {format_utc(survey.first_ns)} to {format_utc(survey.last_ns)} ({label})"
        ]
        found += [
            f"{name} did not report "
            + "; ".join(f"{symbol}: {reason}" for symbol, reason in source.refused.items())
            for name, source in self._playback.sources.items()
            if source.refused
        ]
        if survey.lost:
            lost = ", ".join(f"{count} of {name}" for name, count in sorted(survey.lost.items()))
            found.append(f"{label} has {survey.gaps} gaps: messages were lost when it was written ({lost})")
        if not survey.complete:
            found.append(f"{label} was broken off: it has no last line")
        return found


def _rounded(length_ns: int) -> int:
    """A length to be read; never longer than it is."""
    return length_ns // SECOND * SECOND or length_ns


def open_recorded(
    recording: Recording,
    catalogue: Catalogue,
    pipelines: PipelineMaker,
    *,
    market_ns: int | None = None,
    speed: Fraction = Fraction(1),
    seek_ns: int = 0,
) -> RecordedSources:
    """A recording that is ready to be drained.

    Args:
        recording: read and checked as a whole.
        catalogue: every instrument that it may tell.
        pipelines: makes what ``feed`` puts before a source.
        market_ns: the instant of the market at which it begins; by default the recorded one.
        speed: recorded time that passes in a unit of the market's, above 0.
        seek_ns: begin so long after its first line.

    Raises:
        DataError: it is damaged, or cannot be played here.
        UsageError: ``seek_ns`` lies behind its end.
    """
    survey = recording.survey()
    begin_ns = survey.first_ns if market_ns is None else market_ns
    timeline = Timeline(begin_ns, survey.first_ns, speed)
    sources = RecordedSources(recording, survey, catalogue, pipelines, timeline)
    if seek_ns:
        sources.sought(survey.first_ns + seek_ns)()
    return sources
