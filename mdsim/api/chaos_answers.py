"""What the chaos endpoints tell of a run."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from mdsim.api.answers import Instant, Span, Utc
from mdsim.core.serving import RunInfo
from mdsim.core.time import format_duration, format_utc

CompiledPlan = Annotated[
    object, Meta(extra_json_schema={"type": "object"}, description="The plan, phase by phase, step by step.")
]


class ActiveScenario(msgspec.Struct, frozen=True):
    """A run that runs: its phase, what acts now, the time left by plan (pauses come on top).

    `state` is `running`, `paused` or `releasing`; `at_ns` is the scenario's own time since its start.
    """

    scenario_id: str
    scenario_type: str
    playbook: str
    state: str
    phase: str
    symbols: tuple[str, ...]
    effects: tuple[str, ...]
    started_ns: Instant
    started: Utc
    at_ns: Span
    ends_ns: Instant
    ends: Utc
    time_left_ns: Span
    time_left: str

    @classmethod
    def of(cls, run: RunInfo, now_ns: int) -> ActiveScenario:
        """The answer for a run at a market time."""
        left_ns = max(0, run.ends_ns - now_ns)
        return cls(
            scenario_id=run.scenario_id,
            scenario_type=run.scenario_type,
            playbook=run.playbook,
            state=run.state,
            phase=run.phase,
            symbols=run.symbols,
            effects=run.effects,
            started_ns=run.started_ns,
            started=format_utc(run.started_ns),
            at_ns=run.at_ns,
            ends_ns=run.ends_ns,
            ends=format_utc(run.ends_ns),
            time_left_ns=left_ns,
            time_left=format_duration(left_ns // 1_000_000 * 1_000_000),
        )


class ActiveScenarios(msgspec.Struct, frozen=True):
    """Every run that has not ended, newest first."""

    market_time_ns: Instant
    market_time: Utc
    scenarios: tuple[ActiveScenario, ...]


class ScenarioAnswer(msgspec.Struct, frozen=True):
    """One run with its compiled plan.

    `state` is `running`, `paused`, `releasing` or `ended`; `verdict` and `reason` say how it ended, and
    `ends` when: by plan while it runs. A plan that was only compiled has no `scenario_id`.
    """

    scenario_id: str
    scenario_type: str
    playbook: str
    state: str
    phase: str
    symbols: tuple[str, ...]
    effects: tuple[str, ...]
    started_ns: Instant
    started: Utc
    at_ns: Span
    ends_ns: Instant
    ends: Utc
    verdict: str
    reason: str
    warnings: tuple[str, ...]
    plan: CompiledPlan

    @classmethod
    def of(cls, run: RunInfo, more: tuple[str, ...] = ()) -> ScenarioAnswer:
        """The answer for a run; ``more`` are warnings of the endpoint itself."""
        return cls(
            scenario_id=run.scenario_id,
            scenario_type=run.scenario_type,
            playbook=run.playbook,
            state=run.state,
            phase=run.phase,
            symbols=run.symbols,
            effects=run.effects,
            started_ns=run.started_ns,
            started=format_utc(run.started_ns),
            at_ns=run.at_ns,
            ends_ns=run.ends_ns,
            ends=format_utc(run.ends_ns),
            verdict=run.verdict,
            reason=run.reason,
            warnings=(*more, *run.warnings),
            plan=run.plan,
        )


class StoppedScenarios(msgspec.Struct, frozen=True):
    """What was stopped, newest first; nothing when nothing ran."""

    scenarios: tuple[ScenarioAnswer, ...]
