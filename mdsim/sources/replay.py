"""A recorded market, played again: bars, trades or quotes; what is missing is made up, and notes say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mdsim.core.errors import DataError, UsageError
from mdsim.core.instruments import ALL, ASSETS, AssetKind, Catalogue
from mdsim.core.ports import FeedRequest, FeedType
from mdsim.core.time import format_duration, format_utc
from mdsim.sources._datasets import Content, Item, find, names
from mdsim.sources._legs import Legs, derive
from mdsim.sources._market import SyntheticMarket
from mdsim.sources._parameters import DEFAULTS
from mdsim.sources._recording import Bars, Recording, read
from mdsim.sources._request import check_prices, check_step
from mdsim.sources._tracks import BAR_STEPS_MIN, BarTrack, EventTrack, Track

Recorded = Sequence[tuple[Item, Recording]]


class ReplayFeed:
    """``BaseFeed`` over recordings.

    A recorded instrument is published exactly as recorded. Assets follow from the recordings where these
    tell them (``_legs``); the rest of the market is synthetic around them.
    """

    name = "replay"

    def __init__(self, request: FeedRequest, recorded: Recorded) -> None:
        self.catalogue: Catalogue = request.catalogue
        self.step_ns: int = request.step_ns
        first_ns = max(recording.first_ns for _, recording in recorded)
        self._last_ns = min(recording.end_ns for _, recording in recorded)
        self.end_ns: int | None = self._last_ns
        self.start_ns: int = first_ns if request.start_ns is None else request.start_ns
        _check_range(request, first_ns, self._last_ns, self.start_ns)
        self._now_ns = self.start_ns
        self._tracks: dict[str, Track] = {
            item.symbol: self._track(request, item, recording) for item, recording in recorded
        }
        legs = derive([item for item, _ in recorded], [asset.code for asset in request.catalogue.assets])
        self.notes: tuple[str, ...] = tuple(_notes(request, recorded, legs))
        self._lay_out(request, [item for item, _ in recorded], legs)
        self.log_prices: list[float] = [0.0] * len(self.catalogue)
        self.updated_ns: list[int] = [self.start_ns] * len(self.catalogue)
        self._publish()

    def advance(self, now_ns: int) -> None:
        """Step up to ``now_ns``; between two steps nothing changes.

        Raises:
            DataError: the recording is over.
        """
        if now_ns > self._last_ns:
            raise DataError(
                "MD232",
                f"the recording ends at {format_utc(self._last_ns)}, and the run goes on",
                hint="start earlier, shorten the run, or replay a longer recording",
            )
        steps = (now_ns - self._now_ns) // self.step_ns
        if steps > 0:
            self._now_ns += steps * self.step_ns
            self._market.advance(steps)
            for track in self._tracks.values():
                track.advance(self._now_ns)
            self._publish()

    def _track(self, request: FeedRequest, item: Item, recording: Recording) -> Track:
        if isinstance(recording, Bars):
            return BarTrack(recording, item.base, request.seeds, self.start_ns, self.step_ns)
        return EventTrack(recording, self.start_ns, self.step_ns)

    def _lay_out(self, request: FeedRequest, items: Sequence[Item], legs: Legs) -> None:
        """Give everything a slot in one list of log values, and write down how each is worked out."""
        telling = [rule.item.symbol for rule in legs.rules if rule.item.perpetual]
        own = [i for i in self.catalogue if not i.usd_spot and i.symbol not in self._tracks]
        self._market = SyntheticMarket(
            request.seeds,
            self.start_ns,
            self.step_ns,
            assets=legs.made_up,
            terms=[*own, *(ALL[symbol] for symbol in telling)],
            prices=request.prices,
        )
        values, terms = self._market.values, self._market.slots
        assets = dict(terms)
        tracks: dict[str, int] = {}
        for symbol in self._tracks:
            tracks[symbol] = len(values)
            values.append(0.0)
        for rule in legs.rules:
            assets[rule.asset] = len(values)
            values.append(0.0)
        self._feeding = [(tracks[symbol], track) for symbol, track in self._tracks.items()]
        self._rules = [
            (assets[rule.asset], assets[rule.other], rule.sign, tracks[rule.item.symbol],
             terms[rule.item.symbol] if rule.item.perpetual else 0)
            for rule in legs.rules
        ]  # fmt: skip
        quotes = {item.symbol: item.quote for item in items}
        self._direct: list[tuple[int, Track]] = []
        self._derived: list[tuple[int, int, int, int]] = []
        for at, instrument in enumerate(self.catalogue):
            symbol = instrument.symbol
            if quotes.get(symbol) == instrument.quote:
                self._direct.append((at, self._tracks[symbol]))
            elif symbol in quotes:
                legs_of = (tracks[symbol], assets[quotes[symbol]], assets[instrument.quote])
                self._derived.append((at, *legs_of))
            else:
                legs_of = (assets[instrument.base], terms.get(symbol, 0), assets[instrument.quote])
                self._derived.append((at, *legs_of))

    def _publish(self) -> None:
        """Log prices from the tracks and the synthetic levels; slot 0 is USD, whose level is 0."""
        values, log_prices, updated_ns, now_ns = (
            self._market.values,
            self.log_prices,
            self.updated_ns,
            self._now_ns,
        )
        for slot, track in self._feeding:
            values[slot] = track.log
        for slot, other, sign, recorded, own in self._rules:
            values[slot] = values[other] + sign * values[recorded] - values[own]
        for at, plus, also, minus in self._derived:
            log_prices[at] = values[plus] + values[also] - values[minus]
            updated_ns[at] = now_ns
        for at, track in self._direct:
            log_prices[at] = track.log
            updated_ns[at] = track.updated_ns


def open_feed(request: FeedRequest) -> ReplayFeed:
    """Open a dataset at the first price asked for.

    Raises:
        UsageError: there is no such dataset, or the run does not fit into it.
        DataError: a file cannot be used; the message names file and line.
    """
    check_step(request)
    check_prices(request)
    if request.dataset is None:
        known = ", ".join(names())
        raise UsageError(
            "MD209",
            "a replay needs a recording",
            hint=f"name a dataset: one of {known}, a folder, or a CSV file",
        )
    dataset = find(request.dataset)
    recorded = [(item, read(item.file, item.label, item.interval_ns)) for item in dataset.items]
    for item, recording in recorded:
        if item.content is not None and isinstance(recording, Bars) != (item.content is Content.BARS):
            holds = "bars" if isinstance(recording, Bars) else "single prices"
            raise DataError(
                "MD206",
                f"{item.label} holds {holds}, not the {item.content.value} that dataset.json says",
                hint="correct 'kind' in dataset.json",
            )
    return ReplayFeed(request, recorded)


def _check_range(request: FeedRequest, first_ns: int, end_ns: int, start_ns: int) -> None:
    """Refuse a run that does not lie inside the recording, and name the latest start that would."""
    span = f"{format_utc(first_ns)} to {format_utc(end_ns)}"
    if first_ns >= end_ns:
        raise DataError(
            "MD233",
            "the recordings of this dataset have no time in common, or a single price",
            hint="replay files that overlap",
        )
    length_ns = request.length_ns or 0
    fits = end_ns - length_ns >= first_ns
    latest = f"start at {format_utc(end_ns - length_ns)} at the latest" if fits else "shorten the run"
    if not length_ns:
        latest = f"start before {format_utc(end_ns)}, and not before {format_utc(first_ns)}"
    if not first_ns <= start_ns < end_ns:
        side = "before" if start_ns < first_ns else "after"
        raise UsageError(
            "MD230", f"the start {format_utc(start_ns)} lies {side} the recording ({span})", hint=latest
        )
    if start_ns + length_ns > end_ns:
        raise UsageError(
            "MD231",
            f"the run may take {format_duration(length_ns)}, but from {format_utc(start_ns)} only"
            f" {format_duration(end_ns - start_ns)} are recorded ({span})",
            hint=latest,
        )


def _notes(request: FeedRequest, recorded: Recorded, legs: Legs) -> Iterator[str]:
    """What is made up, in sentences."""
    quoted = {item.symbol: item.quote for item, _ in recorded}
    for item, recording in recorded:
        yield from recording.notes
        if not isinstance(recording, Bars):
            continue
        yield f"{item.symbol}: recorded bars; the path between a bar's open, low, high and close is made up"
        if recording.interval_ns < BAR_STEPS_MIN * request.step_ns:
            yield (
                f"{item.symbol}: a step of {format_duration(request.step_ns)} skips lows and highs of"
                f" {format_duration(recording.interval_ns)} bars; step at most every"
                f" {format_duration(recording.interval_ns // BAR_STEPS_MIN)} to see them all"
            )
    for code in legs.made_up:
        if ASSETS[code].kind is AssetKind.STABLE:
            yield f"{code}-USD is not recorded: made up, around its peg"
        else:
            yield f"{code}-USD is not recorded: made up, and unrelated to the recording"
    for rule in legs.rules:
        if rule.item.perpetual:
            yield f"{rule.asset}-USD follows the recorded {rule.item.symbol} less a made-up basis"
        elif rule.other != "USD":
            roughly = ", inside a bar only roughly" if rule.sign < 0 else ""
            yield f"{rule.asset}-USD follows the recorded {rule.item.symbol} and {rule.other}-USD{roughly}"
    for i in request.catalogue:
        if quoted.get(i.symbol, i.quote) != i.quote:
            yield f"{i.symbol} is recorded in {quoted[i.symbol]} and converted through {quoted[i.symbol]}-USD"
        elif i.symbol not in quoted and i.perpetual:
            yield (
                f"{i.symbol} is not recorded: {i.base}-USD and a made-up basis around"
                f" {DEFAULTS.basis.mean_bps:g} bps"
            )
        elif i.symbol not in quoted and not i.usd_spot:
            yield (
                f"{i.symbol} is not recorded: its legs and a made-up term of at most"
                f" {DEFAULTS.pair.band_bps:g} bps"
            )
    for code in request.prices:
        if any(rule.asset == code for rule in legs.rules):
            yield f"the start price of {code} is not used: {code} is recorded"


FEED = FeedType(
    name="replay",
    summary="recorded bars, trades or quotes of a dataset; instruments that it lacks are derived or made up",
    open=open_feed,
)
