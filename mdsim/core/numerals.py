"""Plain decimal numbers as people write them: read exactly, or repaired with the reason why.

A plain number is ``0``, ``12`` or ``0.95``: digits 0-9, one point with digits on both sides, no
separators, no exponent. Everything else is refused, but with the text that was probably meant.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

PLAIN = r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"

DIGITS_MOST = 12
"""Digits before the point: a million million, far above any price, size or factor of a market."""
DECIMALS_MOST = 18

_NOT_A_NUMBER = re.compile(r"[+-]?\.?(?:nan|inf|infinity|∞)", re.IGNORECASE)
_EXPONENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)[eE]([+-]?[0-9]{1,3})(?![0-9])")
_GROUPS = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9,])")
_DASHES = dict.fromkeys(map(ord, "−–—‐‑‒﹣－"), "-")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a text is no value: a code, the middle of a sentence that starts with the text, and the way out."""

    code: str
    what: str
    help: str


def decimal(text: str, shift: int = 0) -> Decimal:
    """The exact value of a signed plain number times ten to the ``shift``; never minus zero."""
    value = Decimal(f"{text}e{shift}")
    return value or Decimal(0)


def bounded(value: Decimal) -> Decimal | Flaw:
    """The value, or why it is beyond what mdsim calculates with."""
    if value and value.adjusted() >= DIGITS_MOST:
        return Flaw("MD027", "is too large", f"write at most {DIGITS_MOST} digits before the point")
    digits = format(value, "f").partition(".")[2].rstrip("0")
    if len(digits) > DECIMALS_MOST:
        return Flaw("MD027", "has too many decimals", f"values are kept to {DECIMALS_MOST} decimals")
    return value


def not_a_number(text: str) -> bool:
    """Whether the text is one of the words for no number or an infinite one, with or without a unit."""
    return _NOT_A_NUMBER.fullmatch(text.strip().rstrip("%x").strip()) is not None


def repair(text: str) -> tuple[str, str]:
    """The text with its numbers written plainly, and what was wrong with it (empty: nothing).

    Only the way numbers are written is repaired; units and signs are left as they are.
    """
    reasons: list[str] = []

    def step(old: str, new: str, reason: str) -> str:
        if new != old:
            reasons.append(reason)
        return new

    now = step(text, text.strip(), "has a space around it")
    now = step(now, now.translate(_DASHES), "has a typographic dash for a minus sign")
    now = step(now, "".join(map(_ascii_digit, now)), "has digits other than 0-9")
    now = step(now, re.sub(r"(?<=[0-9])[_'’](?=[0-9])", "", now), "has separators in its number")
    now = step(now, _GROUPS.sub(lambda found: found[0].replace(",", ""), now), "has separators in its number")
    now = step(now, re.sub(r"(?<=[0-9]),(?=[0-9])", ".", now), "has a comma for its point")
    now = step(now, re.sub(r"\s+", "", now), "has a space in it")
    now = step(now, re.sub(r"(?<![0-9.])\.(?=[0-9])", "0.", now), "has no digit before its point")
    now = step(now, re.sub(r"(?<=[0-9])\.(?![0-9.])", "", now), "has no digit after its point")
    now = step(now, _EXPONENT.sub(_written_out, now), "has an exponent")
    now = step(now, re.sub(r"(?<![0-9.])0+(?=[0-9])", "", now), "starts with a zero")
    return now, reasons[0] if reasons else ""


def _ascii_digit(character: str) -> str:
    if character.isascii() or not character.isdigit():
        return character
    return str(unicodedata.digit(character))


def _written_out(found: re.Match[str]) -> str:
    exponent = int(found[2])
    if abs(exponent) > DECIMALS_MOST:
        return found[0]
    text = format(Decimal(f"{found[1]}e{exponent}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
