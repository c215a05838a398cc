"""Doubles and served markets in threads, for suites that know no trio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest

from mdsim import testkit
from mdsim.testkit.market import Market
from mdsim.testkit.threads import in_thread


def test_a_double_in_a_thread() -> None:
    """It serves while the block runs, and not after it; faults may be started from here."""
    with in_thread(lambda: testkit.coinbase(Market.scripted())) as double:
        assert httpx.get(f"{double.rest_url}/time").status_code == 200
        double.faults.start("server_shutdown", 0)
        address = double.rest_url
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/time")


def test_what_goes_wrong_at_the_start_is_raised_here() -> None:
    """With its own type."""

    def broken() -> AbstractAsyncContextManager[int]:
        raise LookupError("no port left")

    with pytest.raises(LookupError, match="no port"), in_thread(broken):
        pytest.fail("it never starts")


def test_what_goes_wrong_at_the_end_is_raised_too() -> None:
    """An error of the thread is not lost."""

    @asynccontextmanager
    async def broken() -> AsyncIterator[int]:
        yield 7
        raise LookupError("it fell over")

    with pytest.raises(LookupError, match="fell over"), in_thread(broken) as value:
        assert value == 7
