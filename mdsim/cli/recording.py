"""Sources at work for nothing but their recording: connected, written down, told about, ended cleanly."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TextIO

import trio
import typer

from mdsim import __version__
from mdsim.chaos.pipeline import make_pipeline
from mdsim.cli.live_sources import live_sources, source_specs
from mdsim.config.settings import Settings
from mdsim.core.errors import UnavailableError
from mdsim.core.seeds import SeedTree
from mdsim.core.time import SECOND, format_clock, format_duration
from mdsim.providers.pool import LiveSources
from mdsim.providers.wire import ANSWER, MESSAGE, Heard, SourceEvent
from mdsim.replays.format import header_of
from mdsim.replays.writer import RecordingWriter
from mdsim.run.clock import Steady, utc_ns

_LOOK_S = 1.0
_TELL_EVERY_S = 10
"""Lines that cannot be redrawn come so often."""
_WIDTH = 100


class Recorder:
    """One call of ``mdsim record``.

    Attributes:
        messages: messages and answers so far, by source.
    """

    def __init__(
        self,
        settings: Settings,
        path: Path,
        to: TextIO | None,
        *,
        redraw: bool,
        now: Callable[[], int] | None = None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            settings: with the sources.
            path: of the recording, a new file.
            to: gets the live line, None for none.
            redraw: the line can be drawn over.
            now: the time of day in ns.
        """
        self._to = to
        self._redraw = redraw
        self._now = now or Steady(utc_ns())
        specs = source_specs(settings)
        self._writer = RecordingWriter(path, header_of(specs, self._now(), __version__), self._now)
        self.messages: dict[str, int] = {spec.name: 0 for spec in specs}
        self._sources: LiveSources = live_sources(
            settings, self._now, SeedTree(self._now()), make_pipeline, self._told, self._heard
        )
        self._drawn = False
        self._asked = trio.Event()

    def stop(self) -> None:
        """Let ``run`` end as on Ctrl-C."""
        self._asked.set()

    async def run(self, for_ns: int | None) -> None:
        """Record until Ctrl-C, SIGTERM, or for a time; what is written can be replayed however it ends.

        Raises:
            UnavailableError: no source told anything.
            OSError: the system refuses to write.
        """
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                await nursery.start(self._writer.run)
                nursery.start_soon(self._listen, signals)
                began_ns = self._now()
                with trio.move_on_after(float("inf") if for_ns is None else for_ns / SECOND):
                    async with trio.open_nursery() as working:
                        working.start_soon(self._sources.run)
                        working.start_soon(self._look, began_ns)
                        await self._asked.wait()
                        working.cancel_scope.cancel()
                length_ns = self._now() - began_ns
                self._writer.stop()
                nursery.cancel_scope.cancel()
        self._summary(length_ns)

    async def _listen(self, signals: AsyncIterator[int]) -> None:
        async for _ in signals:
            self.stop()

    def _heard(self, heard: Heard) -> None:
        if heard.kind in (MESSAGE, ANSWER):
            self.messages[heard.source] += 1
        self._writer.take(heard)

    def _told(self, event: SourceEvent) -> None:
        if event.kind in ("connected", "replacing", "replaced", "fresh", "failover"):
            return
        self._clear()
        words = " ".join(part for part in (event.source, event.symbol, event.kind) if part)
        typer.echo(f"{words}: {event.detail}" if event.detail else words, err=True)

    async def _look(self, began_ns: int) -> None:
        """Once a second: the reports are thrown away, and the line is drawn."""
        count = 0
        while True:
            self._sources.drain(self._now())
            if self._redraw or count % _TELL_EVERY_S == 0:
                self._draw(self._line(self._now() - began_ns))
            count += 1
            await trio.sleep(_LOOK_S)

    def _line(self, length_ns: int) -> str:
        states = {one.name: one.state for one in self._sources.status()}
        each = [
            f"{name} {count:,}" + ("" if states[name] == "live" else f" ({states[name]})")
            for name, count in self.messages.items()
        ]
        size = _megabytes(self._writer.file_bytes)
        return f"{format_clock(length_ns // SECOND * SECOND)}  {'  '.join(each)} messages  {size}"

    def _draw(self, line: str) -> None:
        if self._to is None:
            return
        if self._redraw:
            self._to.write("\r" + line[:_WIDTH].ljust(_WIDTH))
            self._drawn = True
        else:
            self._to.write(line + "\n")
        self._to.flush()

    def _clear(self) -> None:
        if self._drawn and self._to is not None:
            self._to.write("\r" + " " * _WIDTH + "\r")
            self._to.flush()

    def _summary(self, length_ns: int) -> None:
        self._clear()
        writer = self._writer
        counts = ", ".join(f"{count:,} of {name}" for name, count in self.messages.items())
        length = format_duration(max(length_ns // SECOND, 1) * SECOND)
        typer.echo(f"recorded {length}: {counts} messages; {writer.path} has {_megabytes(writer.file_bytes)}")
        for name, count in sorted(writer.lost.items()):
            typer.echo(f"lost: {count:,} messages of {name}, because the disk was too slow", err=True)
        for one in self._sources.status():
            if not self.messages[one.name]:
                typer.echo(f"nothing came from {one.name}: {one.reason or one.state}", err=True)
        if not any(self.messages.values()):
            raise UnavailableError(
                "MD658",
                "no source sent anything",
                hint="look at the addresses and keys under data_sources, and at what stands above",
            )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"
