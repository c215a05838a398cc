"""One pass through a recording: reports come out in its own time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mdsim.core.instruments import Catalogue
from mdsim.core.sourcing import Report
from mdsim.replays.format import END, GAP, Line, heard_of
from mdsim.replays.reader import Recording
from mdsim.replays.sessions import RecordedSource


class Playback:
    """Goes forward only; whoever wants to go back opens another.

    Attributes:
        sources: by name, in the order of the recording.
        at_ns: recorded time of the newest line that was played; ``lines``: how many were.
        lost: messages that were lost at the recording, as far as it was played.
        ended: nothing is left.
    """

    def __init__(self, recording: Recording, catalogue: Catalogue) -> None:
        """Open the sessions' adapters.

        Raises:
            DataError: a provider or an instrument of it is not known here.
        """
        self._found: list[Report] = []
        self.sources: dict[str, RecordedSource] = {
            one.name: RecordedSource(one, catalogue, self._found.extend, recording.label)
            for one in recording.header.sources
        }
        self.at_ns = recording.header.start_ns
        self.lines = self.lost = 0
        self.ended = False
        self._lines: Iterator[Line] = recording.lines()
        self._next: Line | None = None

    @property
    def settled(self) -> bool:
        """Whether every source has spoken for, or refused, everything it is to report."""
        return all(source.settled for source in self.sources.values())

    def next_ns(self) -> int | None:
        """Recorded time of the next line, None when there is none.

        Raises:
            DataError: the next line is damaged.
        """
        if self._next is None and not self.ended:
            self._next = next(self._lines, None)
            self.ended = self._next is None
        return None if self._next is None else self._next.ts_recv_ns

    def until(self, recorded_ns: int) -> Sequence[Report]:
        """Every report that came up to a time, in the order in which they came.

        Raises:
            DataError: a line is damaged.
        """
        sources = self.sources
        while (next_ns := self.next_ns()) is not None and next_ns <= recorded_ns:
            line, self._next = self._next, None
            if line is None:
                break
            self.at_ns = next_ns
            self.lines += 1
            if line.kind == GAP:
                self.lost += sum(line.lost.values())
            elif line.kind != END:
                sources[line.source].play(heard_of(line))
        found = list(self._found)
        self._found.clear()
        return found

    def close(self) -> None:
        """Let go of the file."""
        close = getattr(self._lines, "close", None)
        if close is not None:
            close()
        self.ended, self._next = True, None
