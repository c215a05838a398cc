"""The debug endpoint of a replay: where it stands, and what may be asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from mdsim.api.replay import ReplayedSource, ReplayStatus, replay_routes
from mdsim.core.errors import UsageError
from mdsim.core.time import SECOND

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import Ask, MakeApp


class FakeReplay:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str | int] = []

    def status(self) -> ReplayStatus:
        source = ReplayedSource("binance", 5, 4, {"malformed": 1})
        return ReplayStatus(
            "a.ndjson", "playing", 1.0, 2.5, 60.0, SECOND, "1970-01-01T00:00:01Z", 3, (source,)
        )

    def pause(self) -> None:
        self.asked.append("pause")

    def resume(self) -> None:
        self.asked.append("resume")

    async def seek(self, to_ns: int) -> None:
        if to_ns > 60 * SECOND:
            raise UsageError("MD656", "lies outside the recording", hint="seek from 0s to 1m")
        self.asked.append(to_ns)


async def test_the_status_tells_where_it_stands(ask: Ask, make_rest: MakeApp) -> None:
    """Seconds into it, the time of then, what came of each source."""
    told = (await ask("/debug/replay", app=make_rest(more=replay_routes(FakeReplay())))).json()
    assert (told["state"], told["at_seconds"], told["lost"]) == ("playing", 2.5, 3)
    assert told["sources"] == [{"name": "binance", "messages": 5, "reports": 4, "errors": {"malformed": 1}}]


@pytest.mark.parametrize(
    ("body", "done"),
    [
        ({"action": "pause"}, "pause"),
        ({"action": "resume"}, "resume"),
        ({"action": "seek", "to_seconds": 1.5}, 1_500_000_000),
        ({"action": "seek", "to_seconds": 0}, 0),
    ],
)
async def test_it_does_as_it_is_told(
    ask: Ask, make_rest: MakeApp, body: dict[str, object], done: str | int
) -> None:
    """And answers where it stands then."""
    replay = FakeReplay()
    app = make_rest(more=replay_routes(replay))
    answer = await ask("/debug/replay", "POST", app=app, body=msgspec.json.encode(body))
    assert (answer.status, answer.json()["recording"]) == (200, "a.ndjson")
    assert replay.asked == [done]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"action": "seek"}, "MD485"),
        ({"action": "pause", "to_seconds": 3}, "MD485"),
        ({"action": "seek", "to_seconds": 61}, "MD656"),
        ({"action": "seek", "to_seconds": -1}, "MD372"),
        ({"action": "rewind"}, "MD372"),
        ({}, "MD371"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    ask: Ask, make_rest: MakeApp, body: dict[str, object], code: str
) -> None:
    """With 422 and the code of what is wrong; nothing is done."""
    replay = FakeReplay()
    app = make_rest(more=replay_routes(replay))
    answer = await ask("/debug/replay", "POST", app=app, body=msgspec.json.encode(body))
    assert (answer.status, answer.json()["code"]) == (422, code)
    assert replay.asked == []


async def test_a_stranger_may_not_touch_it(ask: Ask, make_rest: MakeApp) -> None:
    """Guarded as chaos is."""
    app = make_rest(more=replay_routes(FakeReplay()))
    assert (await ask("/debug/replay", app=app, peer="192.0.2.7")).status == 403


async def test_without_a_replay_there_is_no_endpoint(ask: Ask, make_rest: MakeApp) -> None:
    """Nothing to be moved."""
    assert (await ask("/debug/replay", app=make_rest())).status == 404
