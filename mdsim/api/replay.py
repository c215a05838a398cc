"""A market that rests on a recording: where it stands, and moving it. Guarded like chaos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from mdsim.api.answers import Count, Instant, Utc
from mdsim.api.chaos_bodies import read_body
from mdsim.api.problems import field_error
from mdsim.api.routes import Access, Call, Reply, Route
from mdsim.core.time import SECOND

_TAG = "debug"
_Seconds = Annotated[float, Meta(ge=0, le=1e9, examples=[300])]


class ReplayedSource(msgspec.Struct, frozen=True):
    """What has come of one recorded source so far; `errors` counts by a stable word."""

    name: str
    messages: Count
    reports: Count
    errors: dict[str, int]


class ReplayStatus(msgspec.Struct, frozen=True):
    """Where the replay of a recording stands.

    `state` is `playing`, `paused` or `ended`; `at_seconds` and `length_seconds` count from its first line;
    `recorded_ns` is the time at which what is told now was received; `lost` counts the messages that were
    lost when it was written.
    """

    recording: str
    state: Literal["playing", "paused", "ended"]
    speed: float
    at_seconds: float
    length_seconds: float
    recorded_ns: Instant
    recorded: Utc
    lost: Count
    sources: tuple[ReplayedSource, ...]


class ReplayChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stand still, go on, or go elsewhere: `to_seconds` after the first line, with `seek` alone."""

    action: Literal["pause", "resume", "seek"]
    to_seconds: _Seconds | None = None


class ReplayPort(Protocol):
    """The replay that a server serves."""

    def status(self) -> ReplayStatus:
        """Where it stands."""

    def pause(self) -> None:
        """Stand still."""

    def resume(self) -> None:
        """Go on."""

    async def seek(self, to_ns: int) -> None:
        """Go on so long after the first line.

        Raises:
            UsageError: it lies outside the recording.
        """


def replay_routes(replay: ReplayPort) -> tuple[Route, ...]:
    """The routes of a replay, for ``make_app(more=…)``."""
    desk = _Desk(replay)
    return (
        Route(
            "GET",
            "/debug/replay",
            "getReplay",
            "Where the replay stands",
            _TAG,
            desk.get,
            ReplayStatus,
            errors=(422,),
            access=Access.GUARDED,
        ),
        Route(
            "POST",
            "/debug/replay",
            "changeReplay",
            "Pause, resume or seek",
            _TAG,
            desk.change,
            ReplayStatus,
            "While it is paused all its sources are silent, and prices become stale as they do with silent "
            "sources. A seek tells the newest quotes before that place at once.",
            errors=(400, 408, 413, 422),
            body=ReplayChange,
            access=Access.GUARDED,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    replay: ReplayPort

    async def get(self, _call: Call) -> Reply:
        return Reply(self.replay.status())

    async def change(self, call: Call) -> Reply:
        change = read_body(await call.read(), ReplayChange)
        if (change.action == "seek") != (change.to_seconds is not None):
            wrong = "is missing" if change.action == "seek" else f"says nothing to {change.action}"
            raise field_error("to_seconds", wrong, help="write it with action seek, and only there")
        if change.action == "pause":
            self.replay.pause()
        elif change.action == "resume":
            self.replay.resume()
        elif change.to_seconds is not None:
            await self.replay.seek(round(change.to_seconds * SECOND))
        return Reply(self.replay.status())
