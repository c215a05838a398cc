"""Values that are words: flags, choices, symbols, sources, addresses and what follows a move."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urlsplit

from mdsim.core.durations import read_one
from mdsim.core.numerals import Flaw
from mdsim.core.params import Afterwards, Symbols
from mdsim.core.spelling import suggest
from mdsim.core.time import format_duration

TEXT_MOST = 2_000

_SYMBOL = re.compile(r"[A-Z0-9]{1,15}(?:-[A-Z0-9]{1,15}){1,2}")
_SOURCE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_TRUE = ("true", "yes", "on", "y", "1", "t", "enabled")
_FALSE = ("false", "no", "off", "n", "0", "f", "disabled")
_REVERT = re.compile(r"revert(?:\s+(over|in|after|for|within|by))?(?:\s*:?\s+(\S.*))?", re.IGNORECASE)


def read_flag(text: str) -> bool | Flaw:
    """``true`` or ``false``."""
    if text in ("true", "false"):
        return text == "true"
    folded = text.strip().lower()
    if folded in _TRUE or folded in _FALSE:
        return Flaw("MD028", "is no flag", f"write {'true' if folded in _TRUE else 'false'}")
    return Flaw("MD028", "is no flag", "write true or false")


def read_choice(text: str, choices: tuple[str, ...]) -> str | Flaw:
    """One of ``choices``, as written there."""
    if text in choices:
        return text
    near = suggest(text, choices)
    listed = ", ".join(choices)
    return Flaw(
        "MD028", f"is not one of {listed}", f"did you mean '{near}'?" if near else f"write one of {listed}"
    )


def read_symbol(text: str) -> str | Flaw:
    """A symbol by its shape; whether it is listed is for the catalogue to say."""
    if _SYMBOL.fullmatch(text):
        return text
    fixed = re.sub(r"[/_:.\s]+", "-", text.strip().upper()).strip("-")
    if _SYMBOL.fullmatch(fixed):
        return Flaw("MD020", "is not written as a symbol", f"write {fixed}")
    joined = re.fullmatch(r"([A-Z0-9]{2,6})(USDT|USDC|USD|EUR|BTC|ETH)", fixed)
    if joined:
        return Flaw("MD020", "is not written as a symbol", f"write {joined[1]}-{joined[2]}")
    return Flaw("MD020", "is no symbol", "write base and quote with a hyphen, such as BTC-USD")


def read_symbols(text: str) -> Symbols | Flaw:
    """``all``, or symbols with commas between."""
    if text.strip() == "all":
        return Symbols(every=True)
    found: dict[str, Decimal] = {}
    for part in text.split(","):
        symbol = read_symbol(part.strip())
        if isinstance(symbol, Flaw):
            return Flaw(symbol.code, f"holds '{part.strip()[:40]}', which {symbol.what}", symbol.help)
        if symbol in found:
            return Flaw("MD020", f"names {symbol} twice", "leave one out")
        found[symbol] = Decimal(1)
    return Symbols(betas=tuple(found.items()))


def read_source(text: str) -> str | Flaw:
    """A source's name by its shape."""
    if _SOURCE.fullmatch(text):
        return text
    return Flaw(
        "MD020", "is no name of a source", "names begin with a letter and hold letters, digits, -, _ and ."
    )


def read_url(text: str) -> str | Flaw:
    """An ``http`` or ``https`` address with a host, and without a password."""
    example = "write an address such as http://127.0.0.1:8080"
    if any(c.isspace() or not c.isprintable() for c in text):
        return Flaw("MD020", "is no address: it holds spaces or control characters", example)
    try:
        parts = urlsplit(text)
        host, port_is_sound = parts.hostname, parts.port is None or parts.port > 0
    except ValueError:  # a port or an IPv6 host that cannot be read
        return Flaw("MD020", "is no address", example)
    if parts.scheme not in ("http", "https"):
        looks_bare = re.fullmatch(r"[A-Za-z0-9.-]+(?::[0-9]+)?(?:/\S*)?", text)
        return Flaw("MD020", "is no http address", f"write http://{text}" if looks_bare else example)
    if not host or not port_is_sound:
        return Flaw("MD020", "is an address without a host", example)
    if parts.username is not None or parts.password is not None:
        return Flaw("MD020", "is an address with a password in it", "give it as a secret: secret: env:NAME")
    return text


def read_then(text: str) -> Afterwards | Flaw:
    """``hold`` or ``revert over DURATION``."""
    if text == "hold":
        return Afterwards()
    example = "write hold, or revert over 60s"
    found = _REVERT.fullmatch(text.strip())
    if found is None:
        return Flaw("MD028", "does not say what follows", example)
    if not found[2]:
        return Flaw("MD021", "does not say over what time", "write revert over 60s")
    revert_ns = read_one(found[2])
    if isinstance(revert_ns, Flaw):
        return Flaw(revert_ns.code, f"reverts over '{found[2]}', which {revert_ns.what}", revert_ns.help)
    if revert_ns == 0:
        return Flaw("MD026", "reverts over no time", example)
    canonical = f"revert over {format_duration(revert_ns)}"
    if re.fullmatch(r"revert over \S+", text) is None:
        return Flaw("MD020", "does not say what follows", f"write {canonical}")
    return Afterwards(revert_ns)


def read_text(text: str) -> str | Flaw:
    """Any text, up to a length that fits a report."""
    if len(text) > TEXT_MOST:
        return Flaw("MD027", f"is longer than {TEXT_MOST} characters", "write less")
    return text
