"""Every curl line of the page about the chaos API works as it stands there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.scenarios.conftest import Server

PAGE = Path(__file__).parent.parent.parent / "docs" / "chaos-api.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCK.findall(PAGE.read_text("utf-8")) for line in block.splitlines()]
ENDPOINTS = (
    "price-shock",
    "stablecoin-depeg",
    "gradual-divergence",
    "feed-disruption",
    "market-crash",
    "volatility-spike",
    "correlation-break",
    "playbooks",
    "active-scenarios",
    "scenarios/$RUN",
    "scenarios/$RUN/events",
    "scenarios/$RUN/pause",
    "scenarios/$RUN/resume",
    "stop-scenario/$RUN",
    "stop-all",
)


def test_the_page_shows_every_endpoint() -> None:
    """The table of the contract, each with a line to try."""
    for endpoint in ENDPOINTS:
        assert any(re.search(rf"/chaos/{re.escape(endpoint)}(['?\s]|$)", line) for line in LINES), endpoint


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_every_line_of_the_page_works(rested: Server, tmp_path: Path) -> None:
    """Run by a shell one after another, against a real server; each gets the answer it is shown for."""
    server = rested
    run = ""
    for line in LINES:
        here = line.replace("http://127.0.0.1:8082", server.url).replace("$RUN", run)
        options = "-s" if "events" in line else "-s -f"

        command = ["/bin/sh", "-c", here.replace("curl -s", f"curl {options}")]
        asked = partial(trio.run_process, command, capture_stdout=True, capture_stderr=True, check=False)
        done = await server.end(asked(cwd=tmp_path))
        assert isinstance(done, subprocess.CompletedProcess)
        if "/events" in line:
            assert b"event: run_started" in done.stdout
            continue
        assert done.returncode == 0, f"{line}\n{done.stdout.decode()}{done.stderr.decode()}"
        if not line.startswith("curl"):
            continue
        told = json.loads(done.stdout)
        if "-X POST" in line and "$RUN" not in line and "plan=true" not in line:
            assert told["state"] == "running"
            run = told["scenario_id"]
    assert server.runs.running == 0
    assert {server.deviation(symbol) for symbol in ("BTC-USD", "ETH-USD", "USDT-USD")} == {0.0}
