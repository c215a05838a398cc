"""What docs/grpc.md says holds: its Python runs, its tables and figures are those of the code."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from mdsim.api.grpc_limits import GrpcLimits
from mdsim.core.codes import CODES

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.grpc.conftest import Serve

PAGE = Path(__file__).parents[3] / "docs" / "grpc.md"


async def test_the_python_of_the_page_reads_prices(serve: Serve) -> None:
    """The snippet runs as it stands, but for the port."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    async with serve() as served, trio.open_nursery() as nursery:

        async def flow() -> None:
            while True:
                served.publish("BTC-USD")
                await trio.sleep(0.01)

        def run() -> str:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(code.replace("50053", str(served.server.port)), {})
            return out.getvalue()

        nursery.start_soon(flow)
        told = await trio.to_thread.run_sync(run)
        nursery.cancel_scope.cancel()

    assert re.fullmatch(r"(BTC-USD \d+ \d+\.50\n){2,}", told)


def test_the_figures_and_codes_of_the_page_are_those_of_the_code() -> None:
    """A bound that changes takes the page along."""
    text = " ".join(PAGE.read_text("utf-8").split())
    limits = GrpcLimits()

    assert f"more than {limits.stream_ticks:,} ticks" in text
    assert (limits.write_grace_s, "takes nothing for ten seconds" in text) == (10, True)
    assert (limits.stop_grace_s, "finish for five seconds" in text) == (5, True)
    assert set(re.findall(r"MD\d{3}", text)) <= set(CODES)


def test_the_services_of_the_page_are_those_of_the_proto_files() -> None:
    """Every method of every service is in the table."""
    text = PAGE.read_text("utf-8")
    protos = "".join(path.read_text("utf-8") for path in (PAGE.parents[1] / "proto").rglob("*.proto"))
    for service, body in re.findall(r"service (\w+) \{(.*?)\n\}", protos, re.DOTALL):
        methods = ", ".join(re.findall(r"rpc (\w+)", body))
        assert f"| {service} | {methods} |" in text
