"""The table of the demonstration, one line a look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mdsim.api.debug import SourceStanding, SourceStatus
from mdsim.core.serving import Quote
from mdsim.testkit.demo.script import BOUND_BPS, LOST_BPS, SYMBOL, UNSURE

HEAD = f"{'time':>6}  {'price':>10}  {'error':>9}  {'sure':>5}  {'used':>4}  {'state':<7} what mdsim says"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the server.

    Attributes:
        at_s: since the beginning.
        error_bps: of the agreed price against the truth at that instant.
    """

    at_s: float
    quote: Quote
    error_bps: float
    sources: Mapping[str, SourceStatus]


@dataclass(frozen=True, slots=True)
class Worst:
    """What came of an act.

    Attributes:
        error_bps: the largest; ``confidence``: the least.
        broken: looks that were outside of what is promised.
    """

    title: str
    error_bps: float
    confidence: float
    outvoted: bool
    broken: int


def line(look: Look, names: Sequence[str], since: Mapping[str, SourceStatus]) -> str:
    """A line of the table.

    Args:
        look: what was seen.
        names: the sources that something is wrong with; others are named where mdsim does not use them.
        since: how they did when that began.
    """
    quote = look.quote
    doubted = [name for name, one in look.sources.items() if name not in names and _doubted(one)]
    said = "; ".join(_said(look.sources[name], since.get(name)) for name in (*names, *doubted))
    return (
        f"{look.at_s:5.1f}s  {quote.price:>10}  {look.error_bps:+5.1f} bps  {float(quote.confidence):5.2f}"
        f"  {quote.sources_used}/{quote.sources_total:<2}  {quote.state:<7} {said or 'all is well'}"
    )


def summary(acts: Sequence[Worst]) -> list[str]:
    """What came of every act, and of the whole."""
    worst = max(act.error_bps for act in acts if not act.outvoted)
    broken = sum(act.broken for act in acts)
    lines = ["", f"{'worst error':>11}  {'least sure':>10}  while"]
    lines += [
        f"{act.error_bps:8.1f} bps  {act.confidence:10.2f}  {act.title or 'all was well'}" for act in acts
    ]
    promise = (
        f"promised: within {BOUND_BPS:g} bps while at most one source fails (it was {worst:.1f}); "
        f"when most fail, a confidence of at most {UNSURE:g} past {LOST_BPS:g} bps"
    )
    return [*lines, "", promise, f"BROKEN at {broken} looks" if broken else "kept at every look"]


def _own(source: SourceStatus) -> SourceStanding | None:
    return next((one for one in source.standings if one.symbol == SYMBOL), None)


def _doubted(source: SourceStatus) -> bool:
    own = _own(source)
    return source.state != "LIVE" or (own is not None and own.state != "ok")


def _said(now: SourceStatus, before: SourceStatus | None) -> str:
    """State and reason of a source, and which of its errors have grown."""
    text = f"{now.name} {now.state}"
    own = _own(now)
    if now.reason:
        text += f": {now.reason.removeprefix(f'{SYMBOL}: ')}"
    elif own is not None and own.state != "ok":
        text += f": {own.state}, {own.detail or own.reason}"
    old = {} if before is None else before.errors
    grown = {word: count - old.get(word, 0) for word, count in now.errors.items()}
    told = ", ".join(f"{count} {word}" for word, count in grown.items() if count > 0)
    return f"{text} ({told})" if told else text
