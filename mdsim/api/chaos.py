"""The chaos endpoints: a playbook behind each, and what can be done with the runs they start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import TypeAlias, TypeVar

import msgspec
import trio

from mdsim.api import chaos_bodies as bodies
from mdsim.api.chaos_answers import ActiveScenario, ActiveScenarios, ScenarioAnswer, StoppedScenarios
from mdsim.api.chaos_events import AFTER, follow
from mdsim.api.chaos_feeds import FeedScenarios, SourceSymbols
from mdsim.api.chaos_playbooks import YAML, PlaybookBody, read_playbook
from mdsim.api.chaos_scenarios import NoRule, Rules, Scenario, Scenarios
from mdsim.api.problems import field_error
from mdsim.api.queries import one
from mdsim.api.routes import EVENTS, JSON, Access, Call, Handler, Parameter, Reply, Route
from mdsim.core.errors import MdsimError
from mdsim.core.serving import MarketPort, RunInfo, RunRequest, RunsPort
from mdsim.core.time import format_utc

_TAG = "chaos"
_KEY = Parameter(
    "Idempotency-Key",
    "header",
    "A repeated key answers with the first run instead of starting another.",
)
_ID = Parameter("scenario_id", "path", "The run, as the answer to its start named it.", str, True)
_PLAN = Parameter("plan", "query", "`true`: compile, answer with the plan, and start nothing.", bool)
_START_ERRORS = (400, 404, 408, 409, 413, 422, 429)

B = TypeVar("B", bound=msgspec.Struct)
Refused: TypeAlias = Callable[[str, str], None]
"""Told the type of a scenario and the code of the error that refused it."""


def no_rules(_scenario_type: str) -> NoRule:
    """Nothing but the limits holds."""
    return NoRule()


def no_sources() -> Mapping[str, tuple[str, ...]]:
    """The market rests on none."""
    return {}


def uncounted(_scenario_type: str, _code: str) -> None:
    """Nobody counts."""


def chaos_routes(
    market: MarketPort,
    runs: RunsPort,
    rules: Rules = no_rules,
    refused: Refused = uncounted,
    sources: SourceSymbols = no_sources,
) -> tuple[Route, ...]:
    """Every chaos route, for ``make_app(more=…)``.

    Args:
        market: whose instruments may be named.
        runs: starts and holds the runs.
        rules: what each type of scenario must do, by names such as ``price_shock``.
        refused: told of what is refused before it is asked of the runs.
        sources: what the market rests on.
    """
    scenarios = Scenarios(market, rules)
    feeds = FeedScenarios(market, sources)
    desk = _Desk(market, runs, refused)
    return (
        desk.start("price-shock", bodies.PriceShock, scenarios.price_shock),
        desk.start("stablecoin-depeg", bodies.StablecoinDepeg, scenarios.stablecoin_depeg),
        desk.start("gradual-divergence", bodies.GradualDivergence, scenarios.gradual_divergence),
        desk.start("feed-disruption", bodies.FeedDisruption, feeds.feed_disruption),
        desk.start("market-crash", bodies.MarketCrash, scenarios.market_crash),
        desk.start("volatility-spike", bodies.VolatilitySpike, scenarios.volatility_spike),
        desk.start("correlation-break", bodies.CorrelationBreak, scenarios.correlation_break),
        Route(
            "POST",
            "/chaos/playbooks",
            "runPlaybook",
            "Run a whole playbook",
            _TAG,
            desk.playbook,
            ScenarioAnswer,
            "The body is the playbook itself as YAML, or JSON with `playbook` (its text, or the playbook as "
            "an object) or `library`, and `params`, `seed`, `speed`, `overlap`. Other runs on its "
            "instruments are a conflict unless `overlap` is `allow`.",
            (_PLAN, _KEY),
            201,
            others={200: ScenarioAnswer},
            errors=_START_ERRORS,
            body=PlaybookBody,
            body_media=(JSON, YAML),
            access=Access.GUARDED,
        ),
        _route("GET", "/chaos/active-scenarios", "listScenarios", "What runs", desk.active, ActiveScenarios),
        _route(
            "GET",
            "/chaos/scenarios/{scenario_id}",
            "getScenario",
            "One run, running or lately ended",
            desk.get,
            ScenarioAnswer,
            (_ID,),
            (404, 422),
        ),
        Route(
            "GET",
            "/chaos/scenarios/{scenario_id}/events",
            "followScenario",
            "One run, followed live",
            _TAG,
            desk.events,
            description="Server-sent events, each with a number as its id, from the first or after "
            "`Last-Event-ID`, until the run ends; a comment every 15 seconds of silence. A reader that falls "
            "far behind sees a gap in the numbers. 204: nothing comes after that number.",
            parameters=(_ID, *AFTER),
            media=EVENTS,
            others={204: None},
            errors=(404, 422, 429),
            access=Access.GUARDED,
        ),
        _route(
            "POST",
            "/chaos/scenarios/{scenario_id}/pause",
            "pauseScenario",
            "Stop the playbook's clock; prices flow on",
            desk.pause,
            ScenarioAnswer,
            (_ID,),
            (404, 409, 422),
        ),
        _route(
            "POST",
            "/chaos/scenarios/{scenario_id}/resume",
            "resumeScenario",
            "Let it go on",
            desk.resume,
            ScenarioAnswer,
            (_ID,),
            (404, 409, 422),
        ),
        _route(
            "DELETE",
            "/chaos/stop-scenario/{scenario_id}",
            "stopScenario",
            "End a run and release its effects; one that has ended is no error",
            desk.stop,
            ScenarioAnswer,
            (_ID,),
            (404, 422),
        ),
        _route(
            "DELETE",
            "/chaos/stop-all",
            "stopAllScenarios",
            "End every run and release every effect",
            desk.stop_all,
            StoppedScenarios,
        ),
    )


def _route(
    method: str,
    path: str,
    name: str,
    summary: str,
    handler: Handler,
    answer: object,
    parameters: tuple[Parameter, ...] = (),
    errors: tuple[int, ...] = (422,),
) -> Route:
    return Route(
        method,
        path,
        name,
        summary,
        _TAG,
        handler,
        answer,
        parameters=parameters,
        errors=errors,
        access=Access.GUARDED,
    )


class _Desk:
    """Answers the calls."""

    def __init__(self, market: MarketPort, runs: RunsPort, refused: Refused) -> None:
        self._market = market
        self._runs = runs
        self._refused = refused
        self._compiling = trio.CapacityLimiter(1)

    def start(self, name: str, shape: type[B], meaning: Callable[[B], Scenario]) -> Route:
        """The route of one endpoint: its body, in the words of its playbook, as a run."""
        scenario_type = name.replace("-", "_")

        async def handler(call: Call) -> Reply:
            with self._counting(scenario_type):
                body = bodies.read_body(await call.read(), shape)
                scenario = meaning(body)
            request = RunRequest(
                playbook="",
                library=scenario.library,
                file=scenario.library,
                params=scenario.params,
                scenario_type=scenario_type,
                overlap=str(getattr(body, "overlap", "allow")),
                idempotency_key=call.headers.get("idempotency-key", ""),
                traceparent=call.headers.get("traceparent", ""),
            )
            return _created(await self._runs.start(request), scenario.warnings)

        words = (shape.__doc__ or "").strip().partition("\n\n")
        title = "".join(part.capitalize() for part in name.split("-"))
        return Route(
            "POST",
            f"/chaos/{name}",
            f"start{title}",
            words[0].rstrip("."),
            _TAG,
            handler,
            ScenarioAnswer,
            " ".join(words[2].split()),
            (_KEY,),
            201,
            errors=_START_ERRORS,
            body=shape,
            access=Access.GUARDED,
        )

    async def playbook(self, call: Call) -> Reply:
        """``POST /chaos/playbooks``."""
        plan_only = _flag(call, "plan")
        with nullcontext() if plan_only else self._counting("playbook"):
            request = read_playbook(await call.read(), call)
        if plan_only:
            found = await trio.to_thread.run_sync(self._runs.compile_only, request, limiter=self._compiling)
            return Reply(ScenarioAnswer.of(found))
        traced = msgspec.structs.replace(request, traceparent=call.headers.get("traceparent", ""))
        return _created(await self._runs.start(traced))

    @contextmanager
    def _counting(self, scenario_type: str) -> Iterator[None]:
        try:
            yield
        except MdsimError as error:
            self._refused(scenario_type, error.code)
            raise

    async def active(self, _call: Call) -> Reply:
        """``GET /chaos/active-scenarios``."""
        now_ns = self._market.now_ns()
        running = tuple(ActiveScenario.of(run, now_ns) for run in self._runs.all() if run.state != "ended")
        return Reply(ActiveScenarios(now_ns, format_utc(now_ns), running))

    async def get(self, call: Call) -> Reply:
        """``GET /chaos/scenarios/{scenario_id}``."""
        return Reply(ScenarioAnswer.of(self._runs.get(call.parts["scenario_id"])))

    async def events(self, call: Call) -> Reply:
        """``GET /chaos/scenarios/{scenario_id}/events``."""
        return await follow(self._runs, call)

    async def pause(self, call: Call) -> Reply:
        """``POST …/pause``."""
        return Reply(ScenarioAnswer.of(self._runs.pause(call.parts["scenario_id"])))

    async def resume(self, call: Call) -> Reply:
        """``POST …/resume``."""
        return Reply(ScenarioAnswer.of(self._runs.resume(call.parts["scenario_id"])))

    async def stop(self, call: Call) -> Reply:
        """``DELETE /chaos/stop-scenario/{scenario_id}``."""
        return Reply(ScenarioAnswer.of(await self._runs.stop(call.parts["scenario_id"])))

    async def stop_all(self, _call: Call) -> Reply:
        """``DELETE /chaos/stop-all``."""
        return Reply(StoppedScenarios(tuple(map(ScenarioAnswer.of, await self._runs.stop_all()))))


def _created(run: RunInfo, warnings: tuple[str, ...] = ()) -> Reply:
    place = f"/chaos/scenarios/{run.scenario_id}"
    return Reply(ScenarioAnswer.of(run, warnings), 201, headers={"Location": place})


def _flag(call: Call, name: str) -> bool:
    text = one(call, name)
    if text not in (None, "true", "false"):
        raise field_error(name, f"'{text}' is no flag", help="write true or false")
    return text == "true"
