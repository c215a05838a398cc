"""The throttle lets bursts pass, slows what goes on, and forgets what is long ago."""

from __future__ import annotations

import trio
import trio.testing

from mdsim.api.throttle import Throttle


async def test_a_burst_passes_and_the_rest_is_paced(autojump_clock: trio.testing.MockClock) -> None:
    """Twenty at once are free, the next twenty take two seconds at ten a second."""
    throttle = Throttle(per_second=10, burst=20)
    begun_s = trio.current_time()
    for _ in range(20):
        throttle.charge()
        await throttle.wait()
    assert trio.current_time() == begun_s

    for _ in range(20):
        throttle.charge()
        await throttle.wait()
    assert abs(trio.current_time() - begun_s - 2) < 0.01
    assert throttle.waits == 20


async def test_a_debt_is_paid_before_anything_else(autojump_clock: trio.testing.MockClock) -> None:
    """One expensive thing goes through at once and is waited for afterwards."""
    throttle = Throttle(per_second=10, burst=5)
    begun_s = trio.current_time()
    throttle.charge(25)
    await throttle.wait()
    assert abs(trio.current_time() - begun_s - 2) < 0.01


async def test_rest_saves_no_more_than_a_burst(autojump_clock: trio.testing.MockClock) -> None:
    """An hour of silence does not buy an hour of work."""
    throttle = Throttle(per_second=10, burst=5)
    await trio.sleep(3600)
    begun_s = trio.current_time()
    throttle.charge(15)
    await throttle.wait()
    assert abs(trio.current_time() - begun_s - 1) < 0.01
