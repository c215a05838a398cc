"""``/api/v1/subscribe`` over plain HTTP: a POST makes a ticket for the WebSocket, a GET says to upgrade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from msgspec import UNSET, Meta, UnsetType

from mdsim.api.asks import AskReader
from mdsim.api.bodies import read_json
from mdsim.api.problems import RequestError
from mdsim.api.routes import Call, Parameter, Reply, Route
from mdsim.api.tickets import Tickets
from mdsim.core.time import format_duration
from mdsim.publish.feeds import CHANNELS

PATH = "/api/v1/subscribe"
_CHANNEL = Annotated[str, Meta(extra_json_schema={"enum": list(CHANNELS)})]


class SubscribeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A subscription, in the words of the WebSocket's own messages."""

    channels: Annotated[tuple[_CHANNEL, ...], Meta(min_length=1, examples=[["tick"]])]
    symbols: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Instruments, or `*` for all.", examples=[["BTC-USD"]]),
    ]
    format: Literal["json", "protobuf"] = "json"
    interval: Annotated[
        str | Literal[0] | UnsetType,
        Meta(description="`0` for every message, or a duration such as 100ms to conflate to."),
    ] = UNSET


class Ticket(msgspec.Struct, frozen=True):
    """Where to connect: `url` holds the subscription; unused, it is forgotten after `kept_seconds`."""

    url: str
    kept_seconds: float
    channels: tuple[str, ...]
    symbols: tuple[str, ...]
    format: str
    interval: str


def subscribe_routes(asks: AskReader, tickets: Tickets) -> tuple[Route, ...]:
    """The two routes beside the WebSocket itself, which never reaches this interface."""
    return (
        Route(
            "POST",
            PATH,
            "createSubscription",
            "A WebSocket address that holds a subscription",
            "stream",
            _Subscribe(asks, tickets).post,
            Ticket,
            "Connect to `url`; after a lost connection it may be used again.",
            status=201,
            errors=(400, 408, 413, 422),
            body=SubscribeBody,
        ),
        Route(
            "GET",
            PATH,
            "subscribe",
            "The stream itself, by WebSocket upgrade",
            "stream",
            upgrade,
            None,
            "Answers 101 to a WebSocket handshake. `channels`, `symbols`, `format` and `interval` "
            "subscribe at once, `ticket` stands for what a POST asked, and without any of them the "
            "connection waits for messages.",
            tuple(
                Parameter(name, "query", summary, example=example)
                for name, summary, example in (
                    ("channels", "Channels with commas between.", "tick"),
                    ("symbols", "Instruments with commas between.", "BTC-USD"),
                    ("format", "`json` or `protobuf`.", ""),
                    ("interval", "`0`, or a duration to conflate to.", ""),
                    ("ticket", "A ticket of POST.", ""),
                )
            ),
            status=101,
            errors=(426,),
            only_listed=False,
        ),
    )


async def upgrade(_call: Call) -> Reply:
    """Refuse a GET that is no WebSocket handshake."""
    raise RequestError(
        426,
        "MD495",
        "this path speaks WebSocket",
        hint="connect with a WebSocket client, or ask /api/v1/prices/{symbol}/current for one price",
        headers={"Upgrade": "websocket", "Connection": "Upgrade"},
    )


@dataclass(frozen=True, slots=True)
class _Subscribe:
    asks: AskReader
    tickets: Tickets

    async def post(self, call: Call) -> Reply:
        ask = self.asks.read(await read_json(call, dict[str, object]))
        word = quote(self.tickets.issue(ask), safe="")
        scheme = "wss" if call.scheme == "https" else "ws"
        url = f"{scheme}://{call.headers.get('host', 'localhost')}{PATH}?ticket={word}"
        interval = format_duration(ask.interval_ns) if ask.interval_ns else "0"
        answer = Ticket(url, self.tickets.kept_s, ask.channels, ask.symbols, ask.format, interval)
        return Reply(answer, 201, headers={"Location": url})
