"""A run as server-sent events (the text/event-stream of the HTML standard)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import msgspec
import trio

from mdsim.api.problems import field_error
from mdsim.api.routes import EVENTS, Call, Parameter, Reply
from mdsim.core.events import Entry
from mdsim.core.serving import RunsPort
from mdsim.core.spelling import shown

HEARTBEAT_S = 15.0
"""A comment is sent after this much silence, so that proxies and readers know that the stream lives."""
RETRY_MS = 1_000

AFTER = (
    Parameter("after", "query", "Number of the last event that is known already; 0 for all of them.", int),
    Parameter(
        "Last-Event-ID", "header", "The same, as browsers send it when they connect again; it wins.", int
    ),
)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


class EventStream(AsyncIterator[bytes]):
    """The entries of a run as bytes on the wire, with heartbeats between."""

    def __init__(self, entries: AsyncIterator[tuple[int, Entry]], first: bytes) -> None:
        self._entries = entries
        self._first = first

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        with trio.move_on_after(HEARTBEAT_S):
            number, entry = await anext(self._entries)
            return event(number, entry)
        return b": still here\n\n"

    async def aclose(self) -> None:
        """Stop to follow the run."""
        close = getattr(self._entries, "aclose", None)
        if close is not None:
            await close()


def event(number: int, entry: Entry) -> bytes:
    """One event: its number as id, its kind as name, the entry as JSON."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, entry.kind.encode(), msgspec.json.encode(entry))


async def follow(runs: RunsPort, call: Call) -> Reply:
    """The stream of a run, from a number on; 204 when there is nothing more to tell, so that browsers rest.

    Raises:
        NotFoundError: there is no such run.
        BusyError: too many are followed.
        RequestError: 422 for a number that is none.
    """
    name = call.parts["scenario_id"]
    after = _after(call)
    ended = runs.get(name).state == "ended"
    entries = runs.follow(name, after)
    begin = b"retry: %d\n\n" % RETRY_MS
    if ended:
        first = await anext(entries, None)
        if first is None:
            return Reply(b"", 204, EVENTS)
        begin += event(*first)
    return Reply(EventStream(entries, begin), media=EVENTS, headers={"X-Accel-Buffering": "no"})


def _after(call: Call) -> int:
    """The header's number, else the query's; one that is none is refused even where the other wins."""
    query = (call.query.get("after") or ("0",))[0]
    given = {"after": query, "Last-Event-ID": call.headers.get("last-event-id", query)}
    for field, text in given.items():
        if _NUMBER.fullmatch(text) is None:
            raise field_error(
                field, f"{shown(text)} is no number of an event", help="write 0 for all of them"
            )
    return int(given["Last-Event-ID"])
