"""JSON in text frames: Decimals as text without exponent, times in integer nanoseconds."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from mdsim.core.decimals import plain
from mdsim.publish.frames import TEXT
from mdsim.publish.message import CodecType, Message

_ENCODER = msgspec.json.Encoder()
_EXPONENT = re.compile(rb'"-?[0-9]+(?:\.[0-9]+)?E[+-][0-9]+"')


def encode(message: Message) -> bytes:
    """The event's own fields, then ``volume``, ``ts_publish_ns``, ``snapshot`` and ``skipped`` if any."""
    body = _ENCODER.encode(message.event)
    if b"E-" in body or b"E+" in body:  # rare: a zero with many decimals, such as 0E-12
        body = _EXPONENT.sub(_without_exponent, body)
    tail = f',"ts_publish_ns":{message.ts_publish_ns}'
    if message.volume is not None:
        tail = f',"volume":"{plain(message.volume)}"{tail}'
    if message.snapshot:
        tail += ',"snapshot":true'
    if message.skipped:
        tail += f',"skipped":{message.skipped}'
    return body[:-1] + tail.encode() + b"}"


def _without_exponent(found: re.Match[bytes]) -> bytes:
    return b'"%s"' % format(Decimal(found[0][1:-1].decode()), "f").encode()


def damage(payload: bytes, place: float) -> bytes:
    """The text torn off: an object without its end is no JSON wherever the tear is."""
    kept = min(len(payload) - 1, max(1, int(place * len(payload))))
    return payload[:kept].decode(errors="ignore").encode()  # a text frame holds whole characters


CODEC = CodecType(
    name="json",
    summary="JSON in text frames; prices and sizes are text, times are integer nanoseconds",
    opcode=TEXT,
    encode=encode,
    damage=damage,
)
