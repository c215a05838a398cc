"""Runs on a server's market: start a playbook, follow it, hold it, end it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote

import msgspec

from mdsim.client.events import RunEvents
from mdsim.client.failures import AddressError
from mdsim.client.http import Http
from mdsim.client.run import Run

PLAYBOOKS = "/chaos/playbooks"
COMPILING_S = 60.0
"""How much longer an answer may take that waits for plans to be compiled and rehearsed, one at a time."""
RELEASING_S = 30.0
"""How much longer when it waits for the last steps of runs and the release of their effects."""


class _Runs(msgspec.Struct, frozen=True):
    scenarios: tuple[Run, ...]


class Runs:
    """The chaos endpoints; every method shows the token.

    Each raises ``NotFoundError`` for a run that the server does not know.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    async def start(
        self,
        playbook: str = "",
        *,
        library: str = "",
        params: Mapping[str, str] | None = None,
        seed: int = 1,
        speed: float = 1.0,
        overlap: str = "refuse",
        idempotency_key: str = "",
    ) -> Run:
        """Run a playbook's text, or a playbook of the server's library.

        Args:
            playbook: YAML text; exactly one of it and ``library``.
            library: name of a shipped playbook.
            params: parameters as text, as ``--set`` gives them.
            seed: root of every random draw.
            speed: of the playbook's clock against the market's.
            overlap: ``refuse`` or ``allow`` runs on the same instruments.
            idempotency_key: a repeated key answers with the first run instead of starting another.

        Raises:
            RefusedError: the playbook has mistakes (``flaws`` tells each).
            LimitError: it would go past a limit.
            ConflictError: another run holds an instrument.
        """
        body = _body(playbook, library, params or {}, seed, speed, overlap)
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return await self._http.send(
            "POST", PLAYBOOKS, Run, body=body, headers=headers, guarded=True, patience_s=COMPILING_S
        )

    async def plan(
        self,
        playbook: str = "",
        *,
        library: str = "",
        params: Mapping[str, str] | None = None,
        seed: int = 1,
        speed: float = 1.0,
    ) -> Run:
        """What ``start`` would run, without running it."""
        body = _body(playbook, library, params or {}, seed, speed, "allow")
        return await self._http.send("POST", PLAYBOOKS, Run, query={"plan": "true"}, body=body, guarded=True)

    async def get(self, scenario_id: str) -> Run:
        """One run, running or lately ended."""
        return await self._http.send("GET", _path(scenario_id), Run, guarded=True)

    async def list(self) -> tuple[Run, ...]:
        """Runs that run."""
        answer = await self._http.send("GET", "/chaos/active-scenarios", _Runs, guarded=True)
        return answer.scenarios

    async def pause(self, scenario_id: str) -> Run:
        """Stop the playbook's clock; prices flow on."""
        return await self._http.send("POST", f"{_path(scenario_id)}/pause", Run, guarded=True)

    async def resume(self, scenario_id: str) -> Run:
        """Let it go on."""
        return await self._http.send("POST", f"{_path(scenario_id)}/resume", Run, guarded=True)

    async def stop(self, scenario_id: str) -> Run:
        """End it and release its effects; a run that has ended is no error."""
        path = f"/chaos/stop-scenario/{quote(scenario_id, safe='')}"
        return await self._http.send("DELETE", path, Run, guarded=True, patience_s=RELEASING_S)

    async def stop_all(self) -> tuple[Run, ...]:
        """End every run; what was stopped."""
        answer = await self._http.send(
            "DELETE", "/chaos/stop-all", _Runs, guarded=True, patience_s=RELEASING_S
        )
        return answer.scenarios

    @asynccontextmanager
    async def events(self, scenario_id: str, *, after: int = 0) -> AsyncIterator[RunEvents]:
        """What happens in a run, from its start or after a number, until it ends.

        ``async with client.runs.events(id) as events: async for event in events``. A connection that
        breaks is made again, and goes on where it broke.
        """
        events = RunEvents(self._http, _path(scenario_id), after)
        try:
            yield events
        finally:
            await events.aclose()


def _path(scenario_id: str) -> str:
    return f"/chaos/scenarios/{quote(scenario_id, safe='')}"


def _body(
    playbook: str, library: str, params: Mapping[str, str], seed: int, speed: float, overlap: str
) -> bytes:
    if bool(playbook) == bool(library):
        raise AddressError(
            "MD506", "a run is of a playbook's text or of a library name", hint="give one of the two"
        )
    fields: dict[str, object] = {"library": library} if library else {"playbook": playbook}
    return msgspec.json.encode(
        {**fields, "params": dict(params), "seed": seed, "speed": speed, "overlap": overlap}
    )
