"""Reading the parameters of a request: instants, numbers, durations, symbols; refusals name the field."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mdsim.api.problems import Flawed, RequestError, field_error, fields_error
from mdsim.api.routes import Call, Route
from mdsim.core.durations import read_one
from mdsim.core.instruments import SWITCH_ON, Catalogue
from mdsim.core.numerals import Flaw
from mdsim.core.spelling import shown, suggest
from mdsim.core.time import format_duration, parse_utc

_EARLIEST_NS = 10**17
"""March 1973: a smaller number, other than 0, is seconds, milliseconds or microseconds by mistake."""
LATEST_NS = parse_utc("2200-12-31T23:59:59Z")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2}))?", re.ASCII
)


def check_query(call: Call, route: Route) -> None:
    """Refuse query parameters that the route does not have, and those given twice.

    Raises:
        RequestError: 422 that names each of them.
    """
    if not route.only_listed:
        return
    known = [parameter.name for parameter in route.parameters if parameter.place == "query"]
    flaws = []
    for name, values in call.query.items():
        if name not in known:
            near = suggest(name, known)
            advice = f"did you mean '{near}'?" if near else f"it has {', '.join(known) or 'none'}"
            flaws.append(Flawed(name[:64], "MD486", f"this path has no parameter {shown(name)}", advice))
        elif len(values) > 1:
            flaws.append(Flawed(name[:64], "MD486", "the parameter is given more than once", "give it once"))
    if flaws:
        raise fields_error(flaws)


def one(call: Call, name: str) -> str | None:
    """The value of a query parameter, or None when it is absent; an empty one is refused."""
    values = call.query.get(name)
    if not values:
        return None
    if not values[0].strip():
        raise field_error(name, "the parameter is empty", help="leave it out, or give it a value")
    return values[0]


def whole(call: Call, name: str, default: int, low: int, high: int) -> int:
    """A whole number within its bounds."""
    text = one(call, name)
    if text is None:
        return default
    wanted = f"write a whole number from {low} to {high}"
    if _WHOLE.fullmatch(text) is None:
        raise field_error(name, f"{shown(text)} is no whole number", help=wanted)
    value = int(text)
    if not low <= value <= high:
        raise field_error(name, f"{value} is out of bounds", help=wanted)
    return value


def instant(call: Call, name: str) -> int | None:
    """Nanoseconds UTC of RFC 3339 text or of a number of nanoseconds; None when absent."""
    text = one(call, name)
    return None if text is None else read_instant(name, text)


def read_instant(field: str, text: str) -> int:
    """Nanoseconds UTC of RFC 3339 text or of a whole number of nanoseconds.

    A space before the offset counts as the plus sign that a query string makes a space of.

    Raises:
        RequestError: 422 naming ``field``.
    """
    wanted = "write RFC 3339 text such as 2026-01-05T00:00:00Z, or nanoseconds since 1970"
    if _WHOLE.fullmatch(text):
        value_ns = int(text)
        if value_ns and not _EARLIEST_NS <= value_ns <= LATEST_NS:
            raise field_error(field, f"{text} is no time in nanoseconds between 1973 and 2200", help=wanted)
        return value_ns
    spaced = re.sub(r" (\d{2}:\d{2})$", r"+\1", text) if text.count(":") > 2 else text
    found = _RFC3339.fullmatch(spaced)
    if found is None:
        raise field_error(field, f"{shown(text)} is no time", help=wanted)
    date, clock, fraction, zone = found.groups()
    try:
        seconds_ns = parse_utc(f"{date}T{clock or '00:00:00'}{(zone or 'Z').upper()}")
    except (ValueError, OverflowError) as error:
        raise field_error(field, f"{shown(text)} is no time between 1970 and 2200", help=wanted) from error
    return seconds_ns + int((fraction or "").ljust(9, "0"))


def duration(call: Call, name: str, default_ns: int, low_ns: int, high_ns: int) -> int:
    """A duration such as ``90s`` or ``1h30m``, within its bounds."""
    text = one(call, name)
    if text is None:
        return default_ns
    value_ns = read_one(text)
    if isinstance(value_ns, Flaw):
        raise field_error(name, f"{shown(text)} {value_ns.what}", help=value_ns.help)
    if not low_ns <= value_ns <= high_ns:
        wanted = f"write {format_duration(low_ns)} to {format_duration(high_ns)}"
        raise field_error(name, f"{format_duration(value_ns)} is out of bounds", help=wanted)
    return value_ns


def known_symbol(catalogue: Catalogue, symbol: str, field: str = "symbol") -> str:
    """The symbol itself when it is priced here.

    Raises:
        RequestError: 404 with the nearest known names.
    """
    if symbol in catalogue and catalogue[symbol].enabled:
        return symbol
    if catalogue.has_off(symbol):
        detail, hint = f"{symbol} is known but not switched on here", SWITCH_ON
    else:
        detail, near = f"there is no instrument {shown(symbol)}", catalogue.nearest(symbol[:64])
        hint = f"did you mean {' or '.join(near)}?" if near else "GET /api/v1/symbols lists them"
    flaw = Flawed(field, "MD484", detail, hint)
    raise RequestError(404, "MD484", detail, hint=hint, errors=(flaw,))


def symbols(call: Call, name: str, catalogue: Catalogue, most: int) -> Sequence[str]:
    """A list of symbols with commas between, each known; every one that is on when absent.

    One that is named again counts once, in its first place.
    """
    text = one(call, name)
    if text is None:
        return tuple(item.symbol for item in catalogue if item.enabled)[:most]
    asked = [part.strip() for part in text.split(",")]
    if len(asked) > most:
        raise field_error(name, f"{len(asked)} symbols are too many", help=f"ask for at most {most}")
    return tuple(known_symbol(catalogue, symbol, name) for symbol in dict.fromkeys(asked))
