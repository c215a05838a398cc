"""Everybody who follows a run: the screen, the journal, the page, the series of prices."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mdsim.cli import pages

if TYPE_CHECKING:
    from types import TracebackType

    from mdsim.cli.live import LiveView
    from mdsim.core.events import Json
    from mdsim.playbook.plan import Plan
    from mdsim.run.ledger import Observer
    from mdsim.run.series import Series


class Followers:
    """A context manager: open while the run is on, so that the terminal is given back whatever happens.

    Attributes:
        observers: told of every entry.
        live: the animated view, where the terminal has one.
        sampled: a series of prices is wanted, for the journal or for the page.
    """

    def __init__(self, plan: Plan, style: str, folder: Path | None, page: Path | None) -> None:
        """Find out who follows.

        Args:
            plan: what is about to run.
            style: ``full`` shows it.
            folder: where the journal goes, None for none.
            page: where the report goes, None for none.

        Raises:
            UsageError: the journal cannot be written.
        """
        from mdsim.run.journal import Journal

        self.observers: list[Observer] = []
        self.live: LiveView | None = None
        self.sampled = folder is not None or page is not None
        self._folder = folder
        self._page = page
        self._journal = None if folder is None else Journal(folder)
        self._kept = None if page is None else pages.Kept()
        if style == "full":
            self.observers.append(self._screen(plan))
        self.observers += [one for one in (self._journal, self._kept) if one is not None]

    def _screen(self, plan: Plan) -> Observer:
        from mdsim.cli import console

        plain = not console.unicode(sys.stdout)
        if console.animated(sys.stdout):
            from mdsim.cli.live import LiveView

            self.live = LiveView(plan, console.open_console(), plain=plain)
            return self.live
        from mdsim.cli.lines import Lines

        return Lines(console.say, plain=plain)

    def __enter__(self) -> Followers:
        if self.live is not None:
            self.live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live is not None:
            self.live.__exit__(kind, value, trace)

    def close(self, cycle_ns: int, elapsed_ns: int, again: str, series: Series | None) -> None:
        """Finish the journal, whether the run ended well or not.

        Args:
            cycle_ns: interval of the market; 0 where it is another's.
            elapsed_ns: wall time of the run.
            again: the command that gives the same run.
            series: what prices did, None where nobody looked.
        """
        from mdsim.run import series as files

        if self._journal is not None:
            self._journal.close(_sidecar(cycle_ns, elapsed_ns, again))
        if self._folder is not None and series is not None:
            files.write(series, self._folder)

    def report(self, again: str, series: Series | None) -> None:
        """Write the page, when one was asked for.

        Raises:
            UsageError: the system refuses.
        """
        if self._page is not None and self._kept is not None:
            pages.write(self._page, self._kept.entries, series, again)


def _sidecar(cycle_ns: int, elapsed_ns: int, again: str) -> dict[str, Json]:
    import platform
    from datetime import UTC, datetime

    return {
        "command": shlex.join(["mdsim", *sys.argv[1:]]),
        "again": again,
        "ended_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "elapsed_ms": elapsed_ns // 1_000_000,
        "cycle_ns": cycle_ns,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
