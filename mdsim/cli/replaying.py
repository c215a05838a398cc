"""A recording that is served: opened off the loop, moved while it plays, and told about when it is over."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trio

from mdsim.api.replay import ReplayedSource, ReplayStatus
from mdsim.chaos.pipeline import make_pipeline
from mdsim.cli.recorded import agreed, exact_speed, first_prices
from mdsim.consensus.settings import ConsensusSettings
from mdsim.core.instruments import Catalogue
from mdsim.core.serving import Published
from mdsim.core.time import MS, SECOND, format_utc
from mdsim.engine.agreed import AgreedFeed
from mdsim.replays.reader import Recording
from mdsim.replays.recorded import RecordedSources, open_recorded

_LOG = logging.getLogger("mdsim.replay")


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What ``mdsim serve`` is to replay.

    Attributes:
        path: of the recording.
        speed: recorded time that passes in a unit of real time.
        seek_ns: begin so long after its first line.
    """

    path: Path
    speed: float = 1.0
    seek_ns: int = 0


class Replay:
    """A recording on a served market; what a ``ReplayPort`` can do.

    Attributes:
        sources: of the market.
    """

    def __init__(self, sources: RecordedSources, speed: float) -> None:
        self.sources = sources
        self._speed = speed
        self._seeking = trio.CapacityLimiter(1)
        self._told = False

    def status(self) -> ReplayStatus:
        """Where it stands."""
        sources = self.sources
        state = "paused" if sources.timeline.paused else "ended" if sources.ended else "playing"
        return ReplayStatus(
            recording=sources.recording.label,
            state=state,  # type: ignore[arg-type]  # one of the three words
            speed=self._speed,
            at_seconds=(sources.at_ns - sources.first_ns) / SECOND,
            length_seconds=(sources.last_ns - sources.first_ns) / SECOND,
            recorded_ns=sources.at_ns,
            recorded=format_utc(sources.at_ns),
            lost=sum(sources.survey.lost.values()),
            sources=tuple(
                ReplayedSource(name, one.messages, one.reports, dict(sorted(one.errors.items())))
                for name, one in sources.counters.items()
            ),
        )

    def pause(self) -> None:
        """Stand still."""
        if not self.sources.timeline.paused:
            self.sources.pause()

    def resume(self) -> None:
        """Go on."""
        if self.sources.timeline.paused:
            self.sources.resume()

    async def seek(self, to_ns: int) -> None:
        """Go on so long after the first line; the market goes on while the place is looked for.

        Raises:
            UsageError: it lies outside the recording.
        """
        sources = self.sources
        go = await trio.to_thread.run_sync(sources.sought, sources.first_ns + to_ns, limiter=self._seeking)
        go()

    def look(self, _published: Sequence[Published]) -> None:
        """Once a cycle: say once that the recording is over."""
        if self.sources.ended != self._told:
            self._told = self.sources.ended
            if self._told:
                _LOG.warning("the recording %s is over: its sources are silent", self.sources.recording.label)


@dataclass(frozen=True, slots=True)
class Found:
    """A recording that stands where it is to begin.

    Attributes:
        catalogue: instruments that it tells.
        warnings: what whoever started it should know.
    """

    sources: RecordedSources
    speed: float
    catalogue: Catalogue
    warnings: tuple[str, ...]

    def begin(
        self, market_ns: int, interval_ns: int, settings: ConsensusSettings
    ) -> tuple[Replay, AgreedFeed]:
        """Let it be now.

        Args:
            market_ns: the present, on the grid of publications.
            interval_ns: of that grid.
            settings: of the consensus.
        """
        self.sources.begin(market_ns)
        feed = agreed(self.sources, self.catalogue, max(interval_ns, MS), settings)
        return Replay(self.sources, self.speed), feed


def find_replay(
    request: ReplayRequest, known: Catalogue, asked: Catalogue, settings: ConsensusSettings
) -> Found:
    """Read a recording and go where the replay begins; takes a while.

    That is where ``request`` says, at the earliest where every instrument has its first price.

    Args:
        request: what to replay.
        known: every instrument that the recording may tell.
        asked: instruments to serve, where it tells them.
        settings: of the consensus.

    Raises:
        UsageError: there is no such file, or the place lies outside it.
        DataError: it is damaged, or tells nothing.
    """
    recording = Recording(request.path)
    trial = open_recorded(recording, known, make_pipeline)
    ready_ns, catalogue = first_prices(trial, asked, settings)
    sources = open_recorded(
        recording,
        known,
        make_pipeline,
        speed=exact_speed(request.speed),
        seek_ns=max(request.seek_ns, ready_ns - trial.first_ns),
    )
    missing = [item.symbol for item in asked if item.symbol not in catalogue]
    warnings = [f"{symbol} is not served: the recording does not tell it" for symbol in missing]
    return Found(sources, request.speed, catalogue, tuple(warnings))
