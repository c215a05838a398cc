"""How many messages a second one core takes from a provider's socket to the agreed price.

``python -m benchmarks.ingest [--quick]``: another process plays the providers on loopback sockets
(``benchmarks.canned``); this one reads them as ``mdsim serve`` does, with its connections, sessions, queue
and consensus room, ten cycles a second. Counted is the time that this process had of a core, the kernel's
work for it included, from the moment on when everything is subscribed and in step: other work on the
machine changes that little. The shares come from passes of their own, because reading a clock costs time
as well.

The prices of REST providers are asked for as fast as they answer, which no quota would allow; a message is
an answer with four prices. Nothing here is encrypted, which providers' sockets are.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import random
import ssl
import time
from collections.abc import Sequence
from contextlib import ExitStack

import trio

from benchmarks import results
from benchmarks.canned import play
from benchmarks.crews import Worker, start
from benchmarks.ingest_cases import Way, canned, cases, ways
from benchmarks.stages import Stages
from mdsim.chaos.pipeline import make_pipeline
from mdsim.consensus import Consensus
from mdsim.core.instruments import ALL
from mdsim.core.time import SECOND
from mdsim.engine.agreed import AgreedFeed
from mdsim.providers.connect import Connector
from mdsim.providers.pool import LiveSources
from mdsim.providers.session import Session, SessionRequest
from mdsim.providers.source import SourceSpec, Surroundings
from mdsim.providers.tap import Tap
from mdsim.run.clock import Steady, utc_ns

FLOOR_PER_S, AIM_PER_S = 1_000, 30_000
CYCLE_S = 0.1
PATIENCE_S = 60.0
INSTRUMENTS = ("BTC-USD", "ETH-USD", "USDT-USD", "USDC-USD", "BTC-USDT", "BTC-ETH", "BTC-USD-PERP")
PASSES = 3


@dataclasses.dataclass(frozen=True)
class Pass:
    """One time through all messages.

    Attributes:
        refused: reports that the consensus did not take; ``dropped`` by the queue before it.
        cycles: of the consensus meanwhile.
        cpu_s: of a core.
    """

    messages: int
    reports: int
    refused: int
    errors: int
    dropped: int
    cycles: int
    cpu_s: float

    @property
    def us(self) -> float:
        """Of a core, a message."""
        return self.cpu_s / self.messages * 1e6


@dataclasses.dataclass(frozen=True)
class Row:
    """One way to a provider, or several at once.

    Attributes:
        per_s, us: messages a second of a core, and of a core a message: the best of several passes.
        socket, session, queue, consensus: shares. The first is everything up to a whole message (kernel,
            event loop, framing; for REST the request too); the queue's holds the drain; and the last is
            take, judge and what is made of it, once a cycle.
    """

    source: str
    messages: int
    reports: int
    refused: int
    errors: int
    dropped: int
    per_s: float
    us: float
    socket: float
    session: float
    queue: float
    consensus: float


async def once(chosen: Sequence[Way], port: int, sender: Worker, stages: Stages | None) -> Pass:
    """Connect, come into step, and take everything in."""
    now, tls = Steady(utc_ns()), ssl.create_default_context()
    specs = [way.spec(port) for way in chosen]
    if stages is not None:
        specs = [timed(spec, stages) for spec in specs]
    pool = LiveSources(specs, Surroundings(now, tls, Connector(tls, {}), random.Random), make_pipeline)
    catalogue = ALL.only(INSTRUMENTS)
    room = Consensus(catalogue, pool.terms)
    feed = AgreedFeed(pool, room, catalogue, start_ns=now(), step_ns=int(CYCLE_S * SECOND))
    count = sum(way.count for way in chosen)
    refused = cycles = 0
    async with trio.open_nursery() as nursery:
        with ExitStack() as stack:
            advance = feed.advance
            if stages is not None:
                stack.enter_context(stages.on(Tap, "heard", "queue"))
                stack.enter_context(stages.on(LiveSources, "drain", "queue"))
                advance = stages.timed("consensus", advance)
            nursery.start_soon(pool.run)
            with trio.fail_after(PATIENCE_S):
                while not in_step(pool, chosen):  # noqa: ASYNC110  # it is nobody's event
                    await trio.sleep(0.02)
            feed.advance(now())
            room.rejections()
            gc.collect()
            gc.freeze()  # as a server does once it has started
            if stages is not None:
                stages.clear()
            before = counted(pool)
            due = trio.current_time()
            began_s = time.process_time()
            sender.pipe.send("go")
            with trio.fail_after(PATIENCE_S):
                while counted(pool)[0] < before[0] + count:
                    due += CYCLE_S
                    await trio.sleep_until(due)
                    advance(now())
                    refused += len(room.rejections())
                    cycles += 1
            cpu_s = time.process_time() - began_s
        gc.unfreeze()
        sender.pipe.send("again")
        messages, reports, errors = (new - old for new, old in zip(counted(pool), before, strict=True))
        nursery.cancel_scope.cancel()
    return Pass(messages, reports, refused + room.dropped, errors, pool.dropped, cycles, cpu_s)


def timed(spec: SourceSpec, stages: Stages) -> SourceSpec:
    """The same source, with sessions that are timed."""
    plain = spec.offer.open

    def opened(request: SessionRequest) -> Session:
        session = plain(request)
        for name in ("received", "fetched"):
            setattr(session, name, stages.timed("session", getattr(session, name)))
        return session

    return dataclasses.replace(spec, offer=dataclasses.replace(spec.offer, open=opened))


def in_step(pool: LiveSources, chosen: Sequence[Way]) -> bool:
    """Whether every source has had its first messages and tells prices."""
    return all(
        one.updates > 0 and one.messages >= way.first for one, way in zip(pool.status(), chosen, strict=True)
    )


def counted(pool: LiveSources) -> tuple[int, int, int]:
    """Messages, reports and errors so far."""
    status = pool.status()
    errors = sum(sum(one.errors.values()) for one in status)
    return sum(one.messages for one in status), sum(one.updates for one in status), errors


def measure(title: str, chosen: Sequence[Way], port: int, sender: Worker, passes: int) -> Row:
    """The best of several passes, and the shares of another."""
    best = min((trio.run(once, chosen, port, sender, None) for _ in range(passes)), key=lambda one: one.us)
    stages = Stages()
    whole_s = trio.run(once, chosen, port, sender, stages).cpu_s - stages.clock_s()
    parts = {name: stages.seconds(name) / whole_s for name in ("session", "queue", "consensus")}
    return Row(
        source=title,
        messages=best.messages,
        reports=best.reports,
        refused=best.refused,
        errors=best.errors,
        dropped=best.dropped,
        per_s=round(1e6 / best.us),
        us=round(best.us, 2),
        socket=round(1.0 - sum(parts.values()), 3),
        session=round(parts["session"], 3),
        queue=round(parts["queue"], 3),
        consensus=round(parts["consensus"], 3),
    )


def main() -> None:
    """Print one line a provider and write ``results/ingest.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer messages, once")
    quick = parser.parse_args().quick
    played = canned(2_000 if quick else 20_000)
    sender = start(play, played)
    rows = []
    try:
        port = sender.pipe.recv()
        print(
            f"{'source':<26}{'messages':>9}{'reports':>9}{'refused':>8}{'errors':>7}{'per s':>9}{'µs':>8}"
            f"{'socket':>9}{'session':>8}{'queue':>7}{'consensus':>10}"
        )
        for title, chosen in cases(ways(played, 50 if quick else 300)):
            row = measure(title, chosen, port, sender, 1 if quick else PASSES)
            rows.append(row)
            print(
                f"{row.source:<26}{row.messages:9,}{row.reports:9,}{row.refused:8,}{row.errors:7,}"
                f"{row.per_s:9,.0f}{row.us:8.1f}{row.socket:9.0%}{row.session:8.0%}{row.queue:7.0%}"
                f"{row.consensus:10.0%}"
            )
    finally:
        sender.dismiss()
    streams = [row for row in rows if not row.source.endswith("rest")]
    slowest = min(streams, key=lambda row: row.per_s)
    print(
        f"floor {FLOOR_PER_S:,}/s, aim {AIM_PER_S:,}/s; slowest stream: {slowest.source}, {slowest.per_s:,}/s"
    )
    print(results.write("ingest", [dataclasses.asdict(row) for row in rows], quick=quick))


if __name__ == "__main__":
    main()
