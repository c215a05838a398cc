"""What a recorder heard, played again through the same adapters: the reports are those of the day."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import trio
from trio.testing import MockClock

from mdsim.chaos.pipeline import ImpairedPipeline
from mdsim.core.instruments import ALL
from mdsim.core.sourcing import Report, SourceTerms
from mdsim.core.time import HOUR, SECOND
from mdsim.providers.pool import LiveSources
from mdsim.providers.source import SourceSpec
from mdsim.providers.wire import Heard
from mdsim.replays.format import header_of, line_of
from mdsim.replays.reader import Recording
from mdsim.replays.recorded import open_recorded

Spec = Callable[..., SourceSpec]


def written(path: Path, specs: tuple[SourceSpec, ...], heard: list[Heard]) -> Recording:
    """A recording of what was heard."""
    rows = [header_of(specs, heard[0].recv_ns, "test"), *map(line_of, heard)]
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return Recording(path)


async def a_day(
    fake_binance: Any, binance_spec: Spec, tmp_path: Path
) -> tuple[Recording, list[Report], tuple[SourceTerms, ...]]:
    """Hours with a broken network, announced ends, lost changes and refusals; what came of it live."""
    specs = (binance_spec(), binance_spec("binance-2", symbols=("BTC-USDT", "USDT-USD"), priority=2))
    heard: list[Heard] = []
    live: list[Report] = []
    async with trio.open_nursery() as nursery:
        fake = fake_binance(nursery)
        around = fake.around(heard.append)
        sources = LiveSources(specs, around, ImpairedPipeline)
        nursery.start_soon(sources.run)
        await trio.sleep(1)
        for at in range(4 * 60):
            if at % 31 == 20:
                await fake.cut()
            if at % 53 == 30:
                for socket in list(fake.sockets):
                    await socket.send_message('{"e":"serverShutdown","E":1770123456789}')
            fake.refuse_with = (429, 120) if at % 62 in (20, 21) else (0, 0)
            fake.down = at % 97 in (60, 61)
            await fake.move(lose=at % 17 == 7)
            await trio.sleep(30)
            await fake.move()
            await trio.sleep(30)
            live += sources.drain(around.now())
        assert sources.status()[0].replaced > 0
        assert sources.status()[0].resyncs > 5
        terms = sources.terms
        nursery.cancel_scope.cancel()
    return written(tmp_path / "day.ndjson", specs, heard), live, terms


async def test_a_replay_gives_the_same_reports_as_the_day_byte_for_byte(
    autojump_clock: MockClock, fake_binance: Any, binance_spec: Spec, tmp_path: Path
) -> None:
    """Every report, in order, with its times, its number and its digits; in small steps or at once."""
    recording, live, terms = await a_day(fake_binance, binance_spec, tmp_path)
    assert len(live) > 1_000
    sources = open_recorded(recording, ALL, ImpairedPipeline)
    again: list[Report] = []
    for at_ns in range(sources.first_ns, sources.last_ns + HOUR, 7 * SECOND):
        again += sources.drain(at_ns)
    assert msgspec.json.encode(again) == msgspec.json.encode(live)
    assert sources.ended
    assert sources.terms == terms
    assert sources.terms[1].symbols == ("BTC-USDT",)
    assert "binance-2 did not report USDT-USD: it lists neither USDTUSD nor USDUSDT" in sources.notes
    at_once = open_recorded(recording, ALL, ImpairedPipeline)
    assert list(at_once.drain(at_once.last_ns)) == live
