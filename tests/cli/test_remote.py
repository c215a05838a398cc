"""Runs on a server, followed as our own."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import msgspec
import pytest
import trio

from mdsim.cli.lines import Lines
from mdsim.cli.remote import Order, play
from mdsim.client import Client
from mdsim.core.errors import ExitCode, LimitError
from mdsim.core.events import Entry, Json
from mdsim.run.result import Verdict

if TYPE_CHECKING:
    from tests.conftest import Asked, Reply, Serve

RUN = {
    "scenario_id": "run-1",
    "scenario_type": "playbook",
    "playbook": "crash",
    "state": "running",
    "started_ns": 5,
    "warnings": ["warning: mind this"],
}
ORDER = Order("mdsim: 1", {"drop": "-3%"}, 7, 2.0, ("BTC-USD",))
CHECK: dict[str, Json] = {
    "kind": "expect",
    "text": "price(BTC-USD) < 50000",
    "verdict": "failed",
    "seen": {"price(BTC-USD)": "60000"},
    "place": "7:3",
    "level": "fail",
    "note": "",
}
TOLD = (
    Entry(
        "run_started",
        0,
        "",
        {"start": "2026-01-05T00:00:00Z", "seed": "7", "notes": ["made up"], "playbook": "crash"},
    ),
    Entry("check", 60_000_000_000, "fall/1", CHECK),
    Entry(
        "run_ended",
        90_000_000_000,
        "",
        {"verdict": "failed", "reason": "", "lasted": "1m30s", "cycles": 3, "ticks": 9},
    ),
)


def events(*entries: Entry, first: int = 1) -> bytes:
    """Entries as a server sends them, numbered."""
    parts = [
        b"id: %d\nevent: %s\ndata: %s\n\n" % (number, entry.kind.encode(), msgspec.json.encode(entry))
        for number, entry in enumerate(entries, first)
    ]
    return b"".join(parts)


async def test_a_run_on_a_server_reads_and_ends_as_one_here(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    """The order arrives whole, the same lines are written, and the result carries checks and exit code."""

    async def script(asked: Asked) -> Reply:
        if asked.target.endswith("/events"):
            return asked.events(events(*TOLD))
        return asked.json(
            {**RUN, "state": "ended", "verdict": "failed"} if asked.method == "GET" else RUN, 200
        )

    lines: list[str] = []
    async with serve(script) as server, Client(server.url) as client:
        result = await play(client, ORDER, [Lines(lines.append)])
    body = next(msgspec.json.decode(one.body) for one in server.asked if one.method == "POST")
    assert body == {
        "playbook": "mdsim: 1",
        "params": {"drop": "-3%"},
        "seed": 7,
        "speed": 2.0,
        "overlap": "refuse",
    }
    assert "✗ [fall/1] failed: expect price(BTC-USD) < 50000 (saw price(BTC-USD) = 60000)" in lines[1]
    assert result.verdict is Verdict.FAILED
    assert result.exit_code is ExitCode.FAILED
    assert (result.seed, result.lasted_ns, result.cycles, result.ticks) == (7, 90_000_000_000, 3, 9)
    assert result.notes[0] == "made up"
    (check,) = result.checks
    assert (check.path, check.place, check.at_ns) == ("fall/1", "7:3", 60_000_000_000)
    assert check.seen == (("price(BTC-USD)", "60000"),)
    assert "mind this" in capsys.readouterr().err


async def test_a_run_whose_last_entry_is_lost_has_the_verdict_of_the_server(serve: Serve) -> None:
    """A follower that was too late for the end still learns it."""

    async def script(asked: Asked) -> Reply:
        if asked.target.endswith("/events"):
            return asked.events(events(TOLD[0]))
        return asked.json(
            {**RUN, "state": "ended", "verdict": "inconclusive", "reason": "nothing was tested"}
        )

    async with serve(script) as server, Client(server.url) as client:
        result = await play(client, ORDER, [])
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reason == "nothing was tested"


async def test_a_refused_run_is_no_group_of_errors(serve: Serve) -> None:
    """The limit's own error and exit code come through."""

    async def script(asked: Asked) -> Reply:
        return asked.json({"detail": "it goes too far", "code": "MD170"}, 422)

    async with serve(script) as server, Client(server.url) as client:
        with pytest.raises(LimitError, match="MD170"):
            await play(client, ORDER, [])


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)]
)
async def test_a_signal_ends_the_run_on_the_server_and_sees_it_out(
    serve: Serve, number: signal.Signals, exit_code: ExitCode
) -> None:
    """Effects are released there before we leave, and the exit code tells which signal it was."""
    stopped = trio.Event()
    ended = Entry("run_ended", 5, "", {"verdict": "aborted", "reason": "stopped", "lasted": "0s"})

    async def script(asked: Asked) -> Reply:
        if asked.target.endswith("/events"):
            if "last-event-id" in asked.headers:
                await stopped.wait()
                return asked.events(events(ended, first=2))
            os.kill(os.getpid(), number)
            return asked.events(events(TOLD[0]), broken=True)
        if asked.method == "DELETE":
            stopped.set()
        return asked.json({**RUN, "state": "ended", "verdict": "aborted"})

    async with serve(script) as server, Client(server.url) as client:
        result = await play(client, ORDER, [])
    assert [one.target for one in server.asked if one.method == "DELETE"] == ["/chaos/stop-scenario/run-1"]
    assert result.verdict is Verdict.ABORTED
    assert result.exit_code is exit_code
