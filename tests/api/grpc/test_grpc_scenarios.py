"""Playbooks over gRPC: start, watch, pause, resume, stop; who may; and what a caller that leaves undoes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import grpc
import pytest
import trio

from mdsim._proto.v1 import scenario_pb2 as pb
from mdsim.api.grpc_limits import GrpcLimits
from mdsim.api.guard import Security

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from google.protobuf.message import Message

    from tests.api.grpc.conftest import Serve

RUN = "ScenarioService/RunPlaybook"
WATCH = "ScenarioService/WatchScenario"
LIST = "ScenarioService/ListScenarios"
PLAYBOOK = "mdsim: 1\nname: crash\n"


async def test_an_inline_playbook_is_started(serve: Serve) -> None:
    """What is asked reaches the runs with its defaults; the answer holds the plan and the warnings."""
    async with serve() as served:
        request = pb.RunPlaybookRequest(yaml=PLAYBOOK, params={"depth": "10%"}, idempotency_key="k")
        got = await served.client.ask(RUN, request, pb.Scenario)

    [asked] = served.runs.asked
    assert (asked.playbook, asked.library, asked.file) == (PLAYBOOK, "", "inline.yaml")
    assert (asked.params, asked.seed, asked.speed) == ({"depth": "10%"}, 1, 1.0)
    assert (asked.overlap, asked.idempotency_key, asked.scenario_type) == ("refuse", "k", "playbook")
    assert (got.scenario_id, got.state, got.phase) == ("run-1", pb.SCENARIO_STATE_RUNNING, "fall")
    assert json.loads(got.plan_json) == {"name": "crash"}
    assert list(got.warnings) == ["a warning"]


async def test_a_shipped_playbook_is_planned_without_a_start(serve: Serve) -> None:
    """``plan_only`` compiles; seed 0 is a seed, and overlap can be allowed."""
    async with serve() as served:
        request = pb.RunPlaybookRequest(
            library="crash", seed=0, speed=60, overlap=pb.OVERLAP_ALLOW, plan_only=True
        )
        got = await served.client.ask(RUN, request, pb.Scenario)

    [asked] = served.runs.asked
    assert (asked.library, asked.seed, asked.speed, asked.overlap) == ("crash", 0, 60.0, "allow")
    assert (got.scenario_id, got.state) == ("", pb.SCENARIO_STATE_ENDED)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.RunPlaybookRequest(), "playbook"),
        (pb.RunPlaybookRequest(yaml=PLAYBOOK, speed=-1), "speed"),
        (pb.RunPlaybookRequest(yaml=PLAYBOOK, speed=float("inf")), "speed"),
        (pb.RunPlaybookRequest(yaml=PLAYBOOK, speed=float("nan")), "speed"),
        (pb.WatchScenarioRequest(scenario_id="run-1", after=-1), "after"),
    ],
)
async def test_a_request_names_the_field_that_is_wrong(serve: Serve, request_: Message, field: str) -> None:
    """Nothing is started for a request that cannot be meant."""
    async with serve() as served:
        method = WATCH if isinstance(request_, pb.WatchScenarioRequest) else RUN
        if method == WATCH:
            got = await served.client.open(WATCH, request_, pb.ScenarioEvent).refused()
        else:
            got = await served.client.refused(RUN, request_)

    assert (got.status, got.detail.errors[0].field) == (grpc.StatusCode.INVALID_ARGUMENT, field)
    assert not served.runs.asked


async def test_an_overlap_nobody_knows_is_refused(serve: Serve) -> None:
    """A number that a later version may give a meaning is not read as one of ours."""
    async with serve() as served:
        request = pb.RunPlaybookRequest.FromString(
            pb.RunPlaybookRequest(yaml=PLAYBOOK).SerializeToString() + b"\x30\x09"
        )
        got = await served.client.refused(RUN, request)

    assert got.detail.errors[0].field == "overlap"


async def test_a_playbook_that_is_too_large_is_refused(serve: Serve) -> None:
    """256 KiB are the bound of every way in; far past it the message itself is refused."""
    async with serve() as served:
        got = await served.client.refused(RUN, pb.RunPlaybookRequest(yaml="#" * (256 * 1024 + 1)))
        huge = await served.client.refused(RUN, pb.RunPlaybookRequest(yaml="#" * (600 * 1024)))

    assert (got.status, got.detail.code) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MD482")
    assert huge.status is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_errors_of_the_runs_keep_their_code(serve: Serve) -> None:
    """A conflict is FAILED_PRECONDITION, an unknown id NOT_FOUND, a fault of ours INTERNAL."""
    async with serve() as served:
        taken = await served.client.refused(RUN, pb.RunPlaybookRequest(library="taken"))
        unknown = await served.client.refused(
            "ScenarioService/StopScenario", pb.PauseScenarioRequest(scenario_id="run-2")
        )
        broken = await served.client.refused(RUN, pb.RunPlaybookRequest(library="broken"))

    assert (taken.status, taken.detail.code, taken.detail.help) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "MD351",
        "stop it first",
    )
    assert (unknown.status, unknown.detail.code) == (grpc.StatusCode.NOT_FOUND, "MD350")
    assert (broken.status, broken.detail.code) == (grpc.StatusCode.INTERNAL, "MD483")
    assert "secret" not in broken.message


async def test_a_scenario_is_paused_resumed_stopped_and_listed(serve: Serve) -> None:
    """Each answers with how the scenario stands; the list leaves the plans out."""
    states = []
    async with serve() as served:
        for verb, shape in (
            ("Pause", pb.PauseScenarioRequest),
            ("Resume", pb.ResumeScenarioRequest),
            ("Stop", pb.StopScenarioRequest),
        ):
            got = await served.client.ask(
                f"ScenarioService/{verb}Scenario", shape(scenario_id="run-1"), pb.Scenario
            )
            states.append(got.state)
        listed = await served.client.ask(LIST, pb.ListScenariosRequest(), pb.ListScenariosResponse)

    assert states == [pb.SCENARIO_STATE_PAUSED, pb.SCENARIO_STATE_RUNNING, pb.SCENARIO_STATE_ENDED]
    assert [(one.scenario_id, one.plan_json) for one in listed.scenarios] == [("run-1", "")]


async def test_a_scenario_is_watched_from_where_the_caller_left_off(serve: Serve) -> None:
    """Numbered events after the one that is known, until the scenario ends."""
    async with serve() as served:
        request = pb.WatchScenarioRequest(scenario_id="run-1", after=1)
        watch = served.client.open(WATCH, request, pb.ScenarioEvent)
        events = [await watch.next(), await watch.next()]
        with pytest.raises(StopAsyncIteration):
            await watch.next()

    assert [(event.number, event.kind, event.at_ns, event.path) for event in events] == [
        (2, "mark", 20, "fall/2"),
        (3, "mark", 30, "fall/2"),
    ]
    assert json.loads(events[0].data_json) == {"text": "half-way", "n": 2}


async def test_watching_an_unknown_scenario_is_refused(serve: Serve) -> None:
    """The refusal comes before any event."""
    async with serve() as served:
        request = pb.WatchScenarioRequest(scenario_id="run-2")
        got = await served.client.open(WATCH, request, pb.ScenarioEvent).refused()

    assert (got.status, got.detail.code) == (grpc.StatusCode.NOT_FOUND, "MD350")


async def test_a_watcher_that_leaves_is_forgotten(serve: Serve) -> None:
    """Its source is closed, however much it still has to tell."""
    async with serve() as served:
        served.runs.entries = 200_000
        watch = served.client.open(WATCH, pb.WatchScenarioRequest(scenario_id="run-1"), pb.ScenarioEvent)
        first = await watch.next()
        watch.call.cancel()
        await served.runs.unfollowed.wait()

    assert first.number == 1
    assert served.runs.told < 200_000


async def test_more_watchers_than_allowed_are_refused(serve: Serve) -> None:
    """The bound has a name and a code."""
    async with serve(limits=GrpcLimits(watchers=1)) as served:
        served.runs.entries = 200_000
        request = pb.WatchScenarioRequest(scenario_id="run-1")
        watch = served.client.open(WATCH, request, pb.ScenarioEvent)
        await watch.joined()
        got = await served.client.open(WATCH, request, pb.ScenarioEvent).refused()
        watch.call.cancel()

    assert (got.status, got.detail.code) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MD435")


async def test_a_start_is_given_up_when_its_caller_stops_waiting(serve: Serve) -> None:
    """The deadline of the caller reaches the task that works for it."""
    async with serve() as served:
        got = await served.client.refused(RUN, pb.RunPlaybookRequest(library="held"), timeout_s=0.2)
        await served.runs.cancelled.wait()

    assert got.status is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_call_under_way_may_finish_when_the_server_stops(serve: Serve) -> None:
    """It is answered within the grace, although streams have ended already."""
    async with serve() as served, trio.open_nursery() as nursery:
        answers: list[pb.Scenario] = []

        async def start() -> None:
            answers.append(await served.client.ask(RUN, pb.RunPlaybookRequest(library="held"), pb.Scenario))

        watch = served.client.open(WATCH, pb.WatchScenarioRequest(scenario_id="run-1"), pb.ScenarioEvent)
        served.runs.silent = True
        await watch.joined()
        nursery.start_soon(start)
        await served.runs.held.wait()
        served.stop()
        await watch.refused()
        served.runs.go_on.set()

    assert [answer.scenario_id for answer in answers] == ["run-1"]


async def test_a_call_that_does_not_finish_is_given_up_after_the_grace(serve: Serve) -> None:
    """The work for it is undone before the server is gone."""
    async with serve(limits=GrpcLimits(stop_grace_s=0.05)) as served, trio.open_nursery() as nursery:
        nursery.start_soon(served.client.refused, RUN, pb.RunPlaybookRequest(library="held"))
        await served.runs.held.wait()
        served.stop()
        await served.stopped.wait()
        assert served.runs.cancelled.is_set()


async def test_watchers_are_told_at_once_when_the_server_stops(serve: Serve) -> None:
    """The grace is for calls that come to an end."""
    async with serve() as served:
        served.runs.entries = 0
        served.runs.silent = True
        watch = served.client.open(WATCH, pb.WatchScenarioRequest(scenario_id="run-1"), pb.ScenarioEvent)
        await watch.joined()
        served.stop()
        got = await watch.refused()

    assert (got.status, got.detail.code) == (grpc.StatusCode.UNAVAILABLE, "MD433")


@pytest.mark.parametrize(
    ("security", "header", "status", "code"),
    [
        (Security(token="let me in"), "", grpc.StatusCode.UNAUTHENTICATED, "MD492"),
        (Security(token="let me in"), "Bearer no", grpc.StatusCode.UNAUTHENTICATED, "MD492"),
        (Security(bind="0.0.0.0"), "", grpc.StatusCode.PERMISSION_DENIED, "MD493"),
        (Security(enabled=False), "", grpc.StatusCode.NOT_FOUND, "MD491"),
    ],
)
async def test_whoever_may_not_is_refused_on_every_method(
    serve: Serve, security: Security, header: str, status: grpc.StatusCode, code: str
) -> None:
    """The rules are those of the chaos endpoints."""
    metadata = [("authorization", header)] if header else []
    async with serve(security=security) as served:
        for method in ("RunPlaybook", "StopScenario", "PauseScenario", "ResumeScenario", "ListScenarios"):
            request = pb.PauseScenarioRequest(scenario_id="run-1")
            got = await served.client.refused(f"ScenarioService/{method}", request, metadata=metadata)
            assert (got.status, got.detail.code) == (status, code)
        watch = served.client.open(WATCH, request, pb.ScenarioEvent, metadata=metadata)
        got = await watch.refused()

    assert (got.status, got.detail.code) == (status, code)
    assert not served.runs.asked


async def test_the_token_opens_the_service_on_any_bind(serve: Serve) -> None:
    """``authorization: Bearer`` in the metadata, as on HTTP."""
    async with serve(security=Security(token="let me in", bind="0.0.0.0")) as served:
        metadata = [("authorization", "Bearer let me in")]
        got = await served.client.ask(
            LIST, pb.ListScenariosRequest(), pb.ListScenariosResponse, metadata=metadata
        )

    assert len(got.scenarios) == 1


async def test_a_server_without_runs_says_so(serve: Serve) -> None:
    """UNIMPLEMENTED, while prices are served all the same."""
    async with serve(chaos=False) as served:
        got = await served.client.refused(LIST, pb.ListScenariosRequest())

    assert (got.status, got.detail.code) == (grpc.StatusCode.UNIMPLEMENTED, "MD434")
