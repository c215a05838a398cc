"""The running server against its own OpenAPI document, with requests that a tool makes up."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import MakeApp

SETTINGS = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = 5
LIMIT_SECONDS = 120


async def test_no_made_up_request_finds_a_difference_from_the_document(make_rest: MakeApp) -> None:
    """No 500, no status, type or body that is not promised, nothing good refused, nothing bad accepted."""
    pytest.importorskip("schemathesis")
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.loglevel = "WARNING"
    config.graceful_timeout = 0.1
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        binds = await nursery.start(partial(serve, make_rest(), config, shutdown_trigger=stop.wait))
        with trio.fail_after(LIMIT_SECONDS):
            done = await trio.run_process(
                [
                    *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
                    *("--config-file", str(SETTINGS), "run", f"{binds[0]}/openapi.json"),
                    *("--max-examples", str(EXAMPLES), "--seed", "1", "--generation-database", "none"),
                    "--no-color",
                ],
                capture_stdout=True,
                stderr=subprocess.STDOUT,
                check=False,
            )
        stop.set()

    assert done.returncode == 0, done.stdout.decode()[-4_000:]
