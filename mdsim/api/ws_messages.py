"""Messages of the WebSocket: what a reader may say, and what it is answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from mdsim.api.asks import Ask, AskReader
from mdsim.api.problems import Flawed, RequestError, field_error, fields_error
from mdsim.core.spelling import shown, suggest
from mdsim.core.time import format_duration
from mdsim.publish.feeds import Feed
from mdsim.publish.frames import TEXT, frame
from mdsim.publish.subscriber import Terms

Id: TypeAlias = int | str | None
OPS = ("subscribe", "unsubscribe", "ping", "list")
ID_MOST = 128


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Add feeds, or change the terms of those there are."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Take feeds away; None means every channel, or every symbol."""

    channels: tuple[str, ...] | None
    symbols: tuple[str, ...] | None

    def covers(self, feed: Feed) -> bool:
        """Whether a feed is among them."""
        return (self.channels is None or feed.channel in self.channels) and (
            self.symbols is None or feed.symbol in self.symbols
        )


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for an answer, and for the server's time."""


@dataclass(frozen=True, slots=True)
class List:
    """Asks what is subscribed to, and what could be."""


Request: TypeAlias = Subscribe | Unsubscribe | Ping | List


class BadMessageError(Exception):
    """A message that is refused; the connection stays.

    Attributes:
        id, op: of the message, as far as they could be read.
        error: what is wrong, by field.
    """

    def __init__(self, id_: Id, op: str, error: RequestError) -> None:
        super().__init__(error.message)
        self.id = id_
        self.op = op
        self.error = error


def read(text: str | bytes, reader: AskReader) -> tuple[Id, str, Request]:
    """Id, op and request of a message.

    Raises:
        BadMessageError: with every field that is wrong.
    """
    id_: Id = None
    op = ""
    try:
        fields = _fields(text)
        id_ = _id(fields)
        op = _op(fields)
        return id_, op, _request(op, fields, reader)
    except RequestError as error:
        raise BadMessageError(id_, op, error) from error


def _fields(text: str | bytes) -> dict[str, object]:
    try:
        fields = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(422, "MD400", f"the message is no JSON: {error}", hint=_EXAMPLE) from error
    if not isinstance(fields, dict):
        raise RequestError(422, "MD400", "the message is no JSON object", hint=_EXAMPLE)
    return fields


def _id(fields: Mapping[str, object]) -> Id:
    value = fields.get("id")
    if isinstance(value, str) and len(value) <= ID_MOST:
        return value
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise field_error(
        "id", "is no whole number and no short text", code="MD410", help="write a number such as 1"
    )


def _op(fields: Mapping[str, object]) -> str:
    op = fields.get("op")
    if isinstance(op, str) and op in OPS:
        return op
    listed = f'write "op": one of {", ".join(OPS)}'
    if "op" not in fields:
        raise field_error("op", "is missing", code="MD401", help=listed)
    text = op if isinstance(op, str) else repr(op)
    near = suggest(text, OPS)
    raise field_error(
        "op",
        f"{shown(text)} is nothing to do",
        code="MD401",
        help=f"did you mean '{near}'?" if near else listed,
    )


def _request(op: str, fields: Mapping[str, object], reader: AskReader) -> Request:
    if op == "subscribe":
        return Subscribe(reader.read({k: v for k, v in fields.items() if k not in ("op", "id")}))
    allowed = ("op", "id", "channels", "symbols") if op == "unsubscribe" else ("op", "id")
    wrong = [
        Flawed(name, "MD402", "is no field of this message", f"the fields are {', '.join(allowed)}")
        for name in fields
        if name not in allowed
    ]
    if wrong:
        raise fields_error(wrong)
    if op == "unsubscribe":
        return Unsubscribe(reader.names(fields, "channels"), reader.names(fields, "symbols"))
    return Ping() if op == "ping" else List()


# Answers


def _text(fields: object) -> bytes:
    return frame(TEXT, msgspec.json.encode(fields))


def _terms(wants: Iterable[tuple[Feed, Terms]]) -> list[dict[str, str]]:
    return [
        {
            "channel": feed.channel,
            "symbol": feed.symbol,
            "format": terms.format,
            "interval": format_duration(terms.interval_ns) if terms.interval_ns else "0",
        }
        for feed, terms in wants
    ]


def subscribed(id_: Id, op: str, wants: Iterable[tuple[Feed, Terms]]) -> bytes:
    """The answer to ``subscribe`` and ``unsubscribe``: the feeds that it was about."""
    return _text({"type": "ack", "op": op, "id": id_, "subscriptions": _terms(wants)})


def pong(id_: Id, ts_ns: int) -> bytes:
    """The answer to ``ping``."""
    return _text({"type": "ack", "op": "ping", "id": id_, "ts_publish_ns": ts_ns})


def listing(id_: Id, wants: Iterable[tuple[Feed, Terms]], asks: AskReader) -> bytes:
    """The answer to ``list``."""
    return _text(
        {
            "type": "ack",
            "op": "list",
            "id": id_,
            "subscriptions": _terms(wants),
            "channels": asks.offer.channels,
            "symbols": asks.symbols,
            "formats": asks.formats,
        }
    )


def refusal(bad: BadMessageError) -> bytes:
    """The answer to a message that is wrong: its first field, and every other."""
    error = bad.error
    return _text(
        {
            "type": "error",
            "op": bad.op or None,
            "id": bad.id,
            "code": error.code,
            "field": error.errors[0].field if error.errors else None,
            "message": error.message,
            "help": error.hint,
            "errors": error.errors,
        }
    )


_EXAMPLE = 'write {"op":"subscribe","id":1,"channels":["tick"],"symbols":["BTC-USD"]}'
