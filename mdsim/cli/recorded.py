"""Markets that rest on a recording: a playbook's base feed, and what ``mdsim serve --replay`` serves."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from mdsim.core.errors import DataError, UsageError
from mdsim.core.instruments import ALL, Catalogue
from mdsim.core.time import MS, SECOND, format_duration, format_utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mdsim.consensus.settings import ConsensusSettings
    from mdsim.engine.agreed import AgreedFeed
    from mdsim.playbook.plan import Plan
    from mdsim.replays.recorded import RecordedSources

NAME = "recording"
SUMMARY = "what providers sent, as 'mdsim record' wrote it down, read by the same adapters and agreed on"
PATIENCE_NS = 60 * SECOND
"""How much of a recording the first prices may take."""
_STEP_NS = 100 * MS


def open_recording(plan: Plan, step_ns: int) -> AgreedFeed:
    """The base feed of a playbook with ``source: recording``, advanced to its start.

    Without a start of its own it begins when every instrument of the playbook has its first price.

    Raises:
        UsageError: there is no such file, or the run does not fit into it.
        DataError: it is damaged, or tells nothing of an instrument.
    """
    from mdsim.chaos.pipeline import make_pipeline
    from mdsim.replays.reader import Recording
    from mdsim.replays.recorded import open_recorded

    base = plan.baseline
    if not base.dataset:
        raise UsageError(
            "MD650", "a replay needs a recording", hint="write dataset: with the path of a recording"
        )
    recording = Recording(Path(base.dataset))
    asked = Catalogue(item for item in ALL if item.enabled or item.symbol in plan.symbols)
    ready_ns, catalogue = first_prices(open_recorded(recording, ALL, make_pipeline), asked)
    check_told(plan.symbols, catalogue, recording.label)
    sources = open_recorded(recording, ALL, make_pipeline)
    start_ns = ready_ns if base.start_ns is None else base.start_ns
    _check_range(sources, ready_ns, start_ns, plan.expected_ns or 0)
    sources.strict = True
    feed = agreed(sources, catalogue, step_ns)
    at_ns = sources.first_ns
    while at_ns < start_ns:
        # Nobody sees what lies long before the start, so a coarse look at it will do.
        at_ns = min(at_ns + (SECOND if start_ns - at_ns > PATIENCE_NS else _STEP_NS), start_ns)
        feed.advance(at_ns)
    feed.start_ns, feed.end_ns = start_ns, sources.last_ns
    return feed


def agreed(
    sources: RecordedSources,
    catalogue: Catalogue,
    step_ns: int,
    settings: ConsensusSettings | None = None,
) -> AgreedFeed:
    """The feed of these instruments, from where the sources stand."""
    from mdsim.consensus.room import Consensus
    from mdsim.engine.agreed import AgreedFeed

    room = Consensus(catalogue, sources.terms, settings)
    start_ns = sources.timeline.market_ns
    return AgreedFeed(sources, room, catalogue, start_ns=start_ns, step_ns=step_ns, name=NAME)


def first_prices(
    sources: RecordedSources, asked: Catalogue, settings: ConsensusSettings | None = None
) -> tuple[int, Catalogue]:
    """When every instrument that is told has its first price, and which these are; uses the sources up.

    Raises:
        DataError: none is told within the first minute.
    """
    from mdsim.consensus.room import Consensus

    room = Consensus(asked, sources.terms, settings)
    told = {symbol for terms in sources.terms for symbol in terms.symbols}
    awaited = [at for at, item in enumerate(asked) if item.symbol in told]
    begin_ns = sources.timeline.market_ns
    at_ns, until_ns = begin_ns, min(begin_ns + PATIENCE_NS, sources.timeline.market(sources.last_ns))
    while True:
        for report in sources.drain(at_ns):
            room.take(report)
        room.judge(at_ns)
        if at_ns >= until_ns or (awaited and all(room.judgement(at).price > 0.0 for at in awaited)):
            break
        at_ns = min(at_ns + _STEP_NS, until_ns)
    sources.close()
    priced = [item for at, item in enumerate(asked) if room.judgement(at).price > 0.0]
    if not priced:
        raise DataError(
            "MD658",
            f"{sources.recording.label}: no source tells a price in the first"
            f" {format_duration(until_ns - begin_ns)}",
            hint="record again, and look at what 'mdsim record' tells at its end",
        )
    return at_ns, Catalogue(priced)


def check_told(symbols: Iterable[str], catalogue: Catalogue, label: str) -> None:
    """Refuse a playbook about what a recording does not tell.

    Raises:
        DataError: with what it does tell.
    """
    missing = [symbol for symbol in symbols if symbol not in catalogue]
    if missing:
        raise DataError(
            "MD655",
            f"{label} tells nothing of {', '.join(missing)}",
            hint=f"it tells {', '.join(catalogue.symbols)}; record sources that tell the rest",
        )


def _check_range(sources: RecordedSources, ready_ns: int, start_ns: int, length_ns: int) -> None:
    last_ns = sources.last_ns
    span = f"{format_utc(ready_ns)} to {format_utc(last_ns)}"
    fits = last_ns - length_ns >= ready_ns
    hint = f"start from {format_utc(ready_ns)} to {format_utc(last_ns - length_ns)}" if fits else "shorten it"
    if not ready_ns <= start_ns < last_ns:
        message = (
            f"the start {format_utc(start_ns)} lies outside what {sources.recording.label} prices ({span})"
        )
        raise UsageError("MD656", message, hint=hint)
    if start_ns + length_ns > last_ns:
        raise UsageError(
            "MD656",
            f"the run may take {format_duration(length_ns)}, but from {format_utc(start_ns)} only"
            f" {format_duration(last_ns - start_ns)} are recorded ({span})",
            hint=hint,
        )


def exact_speed(speed: float) -> Fraction:
    """A speed as it was written, so that time goes both ways without a rest."""
    return Fraction(str(speed))
