"""How one source stands on one instrument, for people who look."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from mdsim.consensus.member import Member
from mdsim.consensus.slot import Slot


@dataclass(frozen=True, slots=True)
class Standing:
    """A source on an instrument.

    Attributes:
        symbol: the instrument; ``quoted``: the symbol that the source itself reports, or several.
        state: ``ok``, ``silent``, ``rejected`` (for now) or ``quarantined`` (must be good for a while).
        reason, detail: why it does not count; empty when it does. ``aggregator`` cross-checks only.
        price: its last price in the instrument's quote, None before the first.
        deviation_bps: signed distance from the agreed price, None without either.
        age_ns: since its last report was true, None before the first.
        received, refused: reports, and those that were refused at the door.
        counted: judgements in which it counted; ``expelled``: times it was quarantined.
    """

    source: str
    symbol: str
    quoted: str
    state: str
    reason: str
    detail: str
    price: float | None
    deviation_bps: float | None
    age_ns: int | None
    received: int
    refused: int
    counted: int
    expelled: int


def standing(member: Member, agreed: float, now_ns: int) -> Standing:
    """How a member stands at ``now_ns`` beside the agreed price (0.0 for none)."""
    slots: list[Slot] = [route.slot for route in member.routes]
    told_ns = max(slot.told_ns for slot in slots)
    price = member.value or None
    reason, detail = member.reason, member.detail
    refused = slots[0].refusal
    if refused is not None and reason in ("silent", "stale"):
        reason, detail = refused
    state = "ok" if reason in ("", "aggregator") else "silent" if reason == "silent" else "rejected"
    if member.kept_out:
        state = "quarantined"
    return Standing(
        source=member.terms.name,
        symbol=member.symbol,
        quoted=", ".join(slot.symbol for slot in slots),
        state=state,
        reason=reason,
        detail=detail,
        price=price,
        deviation_bps=1e4 * log(price / agreed) if price and agreed > 0.0 else None,
        age_ns=max(now_ns - told_ns, 0) if told_ns >= 0 else None,
        received=sum(slot.received for slot in slots),
        refused=sum(slot.refused for slot in slots),
        counted=member.counted,
        expelled=member.expelled,
    )
