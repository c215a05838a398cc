"""Every program of docs/client.md runs as it stands, but for the address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

if TYPE_CHECKING:
    from tests.client.conftest import OpenStage
    from tests.conftest import Asked, Reply, Serve

PAGE = (Path(__file__).parent.parent.parent / "docs" / "client.md").read_text("utf-8")
PROGRAMS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


async def run(text: str, url: str) -> None:
    """Run a program of the page against another server, in the loop that is running."""
    assert text.rstrip().endswith("trio.run(main)")
    assert "http://127.0.0.1:8082" in text
    text = text.replace("http://127.0.0.1:8082", url).replace("trio.run(main)", "")
    names: dict[str, object] = {}
    exec(compile(text, "docs/client.md", "exec", dont_inherit=True), names)
    main = names["main"]
    assert callable(main)
    await main()


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (0, ["60000.10 60000.10 60000.10 LIVE"]),
        (
            1,
            [
                f"{ns} 60000.10 60000.10 60000.10 60000.10 2"
                for ns in (1767614220000000000, 1767614340000000000)
            ],
        ),
        (2, ["BTC-USD 60000.10 0"]),
        (3, ["BTC-USD 9 60000.10 60000.10"]),
    ],
)
async def test_programs_about_the_market_run(
    open_stage: OpenStage, capsys: pytest.CaptureFixture[str], at: int, says: list[str]
) -> None:
    """They print what the market says."""
    async with open_stage() as stage:
        await run(PROGRAMS[at], stage.url)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in says if line not in lines] == []


async def test_the_program_about_runs_runs(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    """It starts, follows, and tells the verdict."""
    info = {"scenario_id": "run-1", "scenario_type": "playbook", "playbook": "dip", "state": "running"}

    async def script(asked: Asked) -> Reply:
        if asked.target.endswith("/events"):
            data = msgspec.json.encode({"kind": "run_ended", "at_ns": 5, "path": "", "data": {}})
            return asked.events(b"id: 1\ndata: %s\n\n" % data)
        return asked.json({**info, "state": "ended", "verdict": "passed"} if asked.method == "GET" else info)

    async with serve(script) as server:
        await run(PROGRAMS[4], server.url)
    assert capsys.readouterr().out.splitlines() == ["1 run_ended ", "passed"]
    assert len(PROGRAMS) == 5
