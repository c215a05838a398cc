"""A run as server-sent events: their form, their numbers, heartbeats, the end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing

from mdsim.api.chaos_events import HEARTBEAT_S, EventStream, event
from mdsim.core.events import Entry

STARTED = Entry("run_started", 0, "", {"playbook": "crash\nnot two lines"})
ENDED = Entry("run_ended", 5, "", {"verdict": "passed"})


class Source(AsyncIterator[tuple[int, Entry]]):
    """Entries that come when the test sends them."""

    def __init__(self) -> None:
        self.send, self.receive = trio.open_memory_channel[tuple[int, Entry]](10)
        self.closed = False

    async def __anext__(self) -> tuple[int, Entry]:
        try:
            return await self.receive.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.closed = True


def test_an_event_has_number_kind_and_json_on_one_line() -> None:
    """A line break in a text cannot end the event."""
    assert event(7, STARTED) == (
        b"id: 7\nevent: run_started\n"
        b'data: {"kind":"run_started","at_ns":0,"path":"","data":{"playbook":"crash\\nnot two lines"}}\n\n'
    )


async def test_silence_is_filled_with_comments_and_nothing_is_lost(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A comment after every fifteen seconds; the next entry comes all the same."""
    source = Source()
    stream = EventStream(source, b"retry: 1000\n\n")
    assert await anext(stream) == b"retry: 1000\n\n"
    begun = trio.current_time()
    assert (await anext(stream)).startswith(b": ")
    assert trio.current_time() - begun == pytest.approx(HEARTBEAT_S)
    source.send.send_nowait((2, ENDED))
    assert (await anext(stream)).startswith(b"id: 2\nevent: run_ended\n")
    source.send.close()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await stream.aclose()
    assert source.closed
