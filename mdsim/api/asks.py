"""What a reader asks to be sent: channels, symbols, format and interval, by message, query or POST body."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from mdsim.api.problems import Flawed, fields_error
from mdsim.core.durations import read_one
from mdsim.core.instruments import SWITCH_ON, Catalogue
from mdsim.core.numerals import Flaw
from mdsim.core.spelling import shown, suggest
from mdsim.core.time import HOUR
from mdsim.publish.feeds import CHANNELS, Feed
from mdsim.publish.offer import EVERYTHING, Offer
from mdsim.publish.subscriber import Terms

DEFAULT_FORMAT = "json"
LONGEST_INTERVAL_NS = HOUR
FIELDS = ("channels", "symbols", "format", "interval")
ALL_SYMBOLS = "*"
_LISTED = "GET /api/v1/symbols lists what there is"
TICKLESS = "name others, or ask its operator for it in publication_config.tick_data.symbols"


@dataclass(frozen=True, slots=True)
class Ask:
    """Every channel of every symbol, on the same terms.

    Attributes:
        interval_ns: shortest time between two messages of a feed, 0 for every message, None where nothing
            was asked: then the offer says.
        offer: what there is; feeds that it lacks are left out.
    """

    channels: tuple[str, ...]
    symbols: tuple[str, ...]
    format: str = DEFAULT_FORMAT
    interval_ns: int | None = None
    offer: Offer = EVERYTHING

    def wishes(self) -> dict[Feed, Terms]:
        """What the hub is asked for."""
        terms = {
            channel: Terms(self.format, self.offer.interval_ns(channel, self.interval_ns))
            for channel in self.channels
        }
        feeds = (Feed(channel, symbol) for symbol in self.symbols for channel in self.channels)
        return {feed: terms[feed.channel] for feed in feeds if self.offer.has(feed)}


@dataclass(frozen=True, slots=True)
class AskReader:
    """Reads what is asked, against what there is.

    Attributes:
        formats: names of the codecs.
        offer: what is published.
    """

    catalogue: Catalogue
    formats: Sequence[str]
    offer: Offer = EVERYTHING

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol that can be asked for: those that are switched on."""
        return tuple(item.symbol for item in self.catalogue if item.enabled)

    def read(self, fields: Mapping[str, object], *, others: Sequence[str] = ()) -> Ask:
        """Read the fields of a message or a body; ``others`` are fields that it may have beside them.

        Raises:
            RequestError: 422 with every field that is wrong, by name, such as ``symbols[1]``.
        """
        wrong: list[Flawed] = []
        known = (*FIELDS, *others)
        wrong += [_unknown(name, known) for name in fields if name not in known]
        channels = self._names(fields, "channels", wrong, self._channel)
        symbols = self._names(fields, "symbols", wrong, self._symbol)
        format_ = self._format(fields.get("format", DEFAULT_FORMAT), wrong)
        interval_ns = _interval(fields["interval"], wrong) if "interval" in fields else None
        if "tick" in channels:
            wrong += [
                Flawed(f"symbols[{at}]", "MD580", f"{symbol} has no ticks on this server", TICKLESS)
                for at, symbol in enumerate(symbols)
                if symbol in self.symbols and not self.offer.has_ticks(symbol)
            ]
        if wrong:
            raise fields_error(wrong)
        if ALL_SYMBOLS in symbols:
            symbols = self.symbols
        return Ask(channels, symbols, format_, interval_ns, self.offer)

    def read_query(self, query: str) -> Ask | None:
        """Read the query of an address, ``channels=tick,depth&symbols=BTC-USD``; None when it asks nothing.

        Raises:
            RequestError: likewise.
        """
        fields: dict[str, object] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name in ("channels", "symbols"):
                had = fields.get(name, [])
                assert isinstance(had, list)
                fields[name] = [*had, *value.split(",")]
            else:
                fields[name] = value
        return self.read(fields) if fields else None

    def names(self, fields: Mapping[str, object], name: str) -> tuple[str, ...] | None:
        """Channels or symbols of an ``unsubscribe``, which may leave them out to mean all.

        Raises:
            RequestError: likewise.
        """
        if name not in fields:
            return None
        wrong: list[Flawed] = []
        found = self._names(fields, name, wrong, self._channel if name == "channels" else self._symbol)
        if wrong:
            raise fields_error(wrong)
        return None if ALL_SYMBOLS in found else found

    def _names(
        self,
        fields: Mapping[str, object],
        field: str,
        wrong: list[Flawed],
        check: Callable[[str, str], Flawed | None],
    ) -> tuple[str, ...]:
        value = fields.get(field)
        example = f'write "{field}": ["{"tick" if field == "channels" else "BTC-USD"}"]'
        if field not in fields:
            wrong.append(Flawed(field, "MD403", "is missing", example))
        elif not isinstance(value, list) or not value:
            wrong.append(Flawed(field, "MD403", "is no list of names", example))
        else:
            texts = [one if isinstance(one, str) else repr(one) for one in value]
            found = [check(f"{field}[{at}]", text) for at, text in enumerate(texts)]
            wrong += [flaw for flaw in found if flaw is not None]
            return tuple(dict.fromkeys(texts))
        return ()

    def _channel(self, field: str, text: str) -> Flawed | None:
        listed = self.offer.channels
        if text in listed:
            return None
        if text in CHANNELS:
            help_ = f"the channels here are {', '.join(listed)}"
            return Flawed(field, "MD581", f"{text} is not published by this server", help_)
        near = suggest(text, listed)
        help_ = f"did you mean '{near}'?" if near else f"the channels are {', '.join(listed)}"
        return Flawed(field, "MD404", f"{shown(text)} is no channel", help_)

    def _symbol(self, field: str, text: str) -> Flawed | None:
        if text == ALL_SYMBOLS:
            return None
        if self.catalogue.has_off(text):
            return Flawed(field, "MD405", f"{text} is not switched on in this market", SWITCH_ON)
        if text in self.catalogue:
            return None
        near = self.catalogue.nearest(text[:64])
        help_ = f"did you mean {', '.join(near)}?" if near else _LISTED
        return Flawed(field, "MD405", f"{shown(text)} is no instrument of this market", help_)

    def _format(self, value: object, wrong: list[Flawed]) -> str:
        if isinstance(value, str) and value in self.formats:
            return value
        text = value if isinstance(value, str) else repr(value)
        near = suggest(text, self.formats)
        help_ = f"did you mean '{near}'?" if near else f"the formats are {', '.join(self.formats)}"
        wrong.append(Flawed("format", "MD406", f"{shown(text)} is no format", help_))
        return DEFAULT_FORMAT


def _interval(value: object, wrong: list[Flawed]) -> int:
    example = "write 0 for every message, or a duration such as 250ms"
    if value in (0, "0") and not isinstance(value, bool):
        return 0
    text = value if isinstance(value, str) else repr(value)
    found = read_one(text[:64])
    if isinstance(found, Flaw):
        wrong.append(Flawed("interval", "MD407", f"{shown(text)} {found.what}", found.help or example))
        return 0
    if found > LONGEST_INTERVAL_NS:
        wrong.append(Flawed("interval", "MD407", f"{shown(text)} is longer than 1h", "write at most 1h"))
        return 0
    return found


def _unknown(name: str, known: Sequence[str]) -> Flawed:
    near = suggest(name, known)
    help_ = f"did you mean '{near}'?" if near else f"the fields are {', '.join(known)}"
    return Flawed(shown(name).strip("'"), "MD402", "is no field of this message", help_)
