"""ScenarioService: playbooks on the live market, guarded as the chaos endpoints are."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from google.protobuf.message import Message

from mdsim._proto.v1 import scenario_pb2 as pb
from mdsim.api import grpc_messages as messages
from mdsim.api.asyncio_island import AsyncioIsland, BusyError
from mdsim.api.bodies import BODY_MOST
from mdsim.api.grpc_calls import Calls, Handlers, headers, http_call
from mdsim.api.grpc_errors import Context
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.guard import Security, authorize
from mdsim.api.problems import RequestError, field_error
from mdsim.core.serving import RunRequest, RunsPort

NAME = "mdsim.v1.ScenarioService"
_OVERLAPS = {pb.OVERLAP_UNSPECIFIED: "refuse", pb.OVERLAP_REFUSE: "refuse", pb.OVERLAP_ALLOW: "allow"}

Request = TypeVar("Request", bound=Message)


class ScenarioService:
    """Serves runs; everything about them is asked on trio's thread.

    Attributes:
        watchers: streams of WatchScenario that are open.
    """

    def __init__(
        self, runs: RunsPort | None, island: AsyncioIsland, security: Security, limits: GrpcLimits
    ) -> None:
        self.watchers = 0
        self._runs = runs
        self._island = island
        self._security = security
        self._limits = limits

    def handlers(self, calls: Calls) -> Handlers:
        """The methods by name."""
        return {
            "RunPlaybook": calls.unary("RunPlaybook", pb.RunPlaybookRequest, self._run),
            "StopScenario": calls.unary("StopScenario", pb.StopScenarioRequest, self._guarded(self._stop)),
            "PauseScenario": calls.unary(
                "PauseScenario", pb.PauseScenarioRequest, self._guarded(self._pause)
            ),
            "ResumeScenario": calls.unary(
                "ResumeScenario", pb.ResumeScenarioRequest, self._guarded(self._resume)
            ),
            "ListScenarios": calls.unary("ListScenarios", pb.ListScenariosRequest, self._guarded(self._list)),
            "WatchScenario": calls.streaming("WatchScenario", pb.WatchScenarioRequest, self._watch),
        }

    def _guarded(
        self, answer: Callable[[RunsPort, Request], Awaitable[Message]]
    ) -> Callable[[Request, Context], Awaitable[Message]]:
        async def guarded(request: Request, context: Context) -> Message:
            return await answer(self._allowed(context), request)

        return guarded

    def _allowed(self, context: Context) -> RunsPort:
        authorize(http_call(context, NAME), self._security)
        if self._runs is None:
            raise RequestError(
                501, "MD434", "this server plays no playbooks", hint="start it with `mdsim serve`"
            )
        return self._runs

    async def _run(self, request: pb.RunPlaybookRequest, context: Context) -> pb.Scenario:
        runs = self._allowed(context)
        asked = _request(request, headers(context).get("traceparent", ""))
        if request.plan_only:
            return messages.scenario(await self._island.ask(lambda: runs.compile_only(asked)))
        return messages.scenario(await self._island.ask_task(partial(runs.start, asked)))

    async def _stop(self, runs: RunsPort, request: pb.StopScenarioRequest) -> pb.Scenario:
        return messages.scenario(await self._island.ask_task(partial(runs.stop, request.scenario_id)))

    async def _pause(self, runs: RunsPort, request: pb.PauseScenarioRequest) -> pb.Scenario:
        return messages.scenario(await self._island.ask(partial(runs.pause, request.scenario_id)))

    async def _resume(self, runs: RunsPort, request: pb.ResumeScenarioRequest) -> pb.Scenario:
        return messages.scenario(await self._island.ask(partial(runs.resume, request.scenario_id)))

    async def _list(self, runs: RunsPort, _request: pb.ListScenariosRequest) -> pb.ListScenariosResponse:
        found = await self._island.ask(runs.all)
        return pb.ListScenariosResponse(scenarios=[messages.scenario(info, plan=False) for info in found])

    async def _watch(self, request: pb.WatchScenarioRequest, context: Context) -> None:
        runs = self._allowed(context)
        if request.after < 0:
            raise field_error("after", f"{request.after} is less than 0", help="write 0 for all events")
        if self.watchers >= self._limits.watchers:
            raise BusyError(
                "MD435",
                f"{self.watchers} scenarios are watched, and that is all this server takes on",
                hint="end a WatchScenario call first",
            )
        self.watchers += 1
        try:
            await self._island.ask(partial(runs.get, request.scenario_id))  # an unknown id ends it here
            await context.send_initial_metadata(())
            source = partial(runs.follow, request.scenario_id, request.after)
            async with aclosing(self._island.follow(source)) as entries:
                async for number, entry in entries:
                    event = messages.scenario_event(number, entry).SerializeToString()
                    await context.write(event)  # type: ignore[arg-type]  # bytes: it has no serialiser
        finally:
            self.watchers -= 1


def _request(request: pb.RunPlaybookRequest, traceparent: str) -> RunRequest:
    """What is asked, in the words of the runs.

    Raises:
        RequestError: a field is wrong.
    """
    if request.WhichOneof("playbook") is None:
        help_ = "set yaml to a playbook's text, or library to a name of `mdsim list playbooks`"
        raise field_error("playbook", "is missing", help=help_)
    if len(request.yaml.encode()) > BODY_MOST:
        raise RequestError(413, "MD482", f"the playbook is larger than {BODY_MOST} bytes")
    overlap = _OVERLAPS.get(request.overlap)
    if overlap is None:
        raise field_error(
            "overlap", f"there is no {request.overlap}", help="write OVERLAP_ALLOW or OVERLAP_REFUSE"
        )
    if request.speed and not (math.isfinite(request.speed) and request.speed > 0):
        raise field_error("speed", f"{request.speed} is no speed", help="write a number above 0")
    return RunRequest(
        playbook=request.yaml,
        library=request.library,
        file=request.library or "inline.yaml",
        params=dict(request.params),
        seed=request.seed if request.HasField("seed") else 1,
        speed=request.speed or 1.0,
        overlap=overlap,
        idempotency_key=request.idempotency_key,
        traceparent=traceparent,
    )
