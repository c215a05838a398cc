"""A market crash over the chaos API while 1,000 readers stream: it goes as planned, for every instrument.

``python -m benchmarks.crash_under_load``, on ``mdsim serve`` with its defaults. ``POST
/chaos/market-crash`` sends BTC and ETH down by 20 % and holds them there; ``DELETE`` takes it back. A
reader of all instruments compares each tick with the plan: in log price an asset goes
``log(0.8) · (1 - 2^(-5u)) / (1 - 2^-5)`` of the way at the share *u* of the fall, and a rate moves by its
base less its quote. The event stream is followed meanwhile, and has to tell start, effects, release and
end. The program ends with 1 when any of it does not hold.

What is left between plan and tick is the crash's own doing as well: it also draws the assets' own movement
together (``correlate``), which is why it is not nothing.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import sys
import threading
import time
from dataclasses import asdict, dataclass

from benchmarks import price_watch, results
from benchmarks.crews import Crews, rest, start
from benchmarks.price_watch import Seen
from benchmarks.readers import PUBLISHED
from benchmarks.served import HOST, Json, serve
from mdsim.core.instruments import ALL
from mdsim.core.time import SECOND

DROP = 0.8
HALF_LIVES = 5
TOLERANCE = 0.002
"""Largest deviation from plan, as a share of the price."""
SYMBOLS = ALL.only(item.symbol for item in ALL if item.enabled)
MUST_TELL = ("run_started", "phase_started", "effect_started", "effect_ended", "run_ended")


@dataclass(frozen=True)
class Row:
    """One instrument.

    Attributes:
        planned_low, low: deviation from the reference at the end of the fall, by the plan and as published.
        worst: largest distance from the plan, over every tick of the fall and the stay.
        after: largest deviation from the second after the release on.
        ticks: compared with the plan.
    """

    symbol: str
    planned_low: float
    low: float
    worst: float
    after: float
    ticks: int

    @property
    def as_planned(self) -> bool:
        """Within the tolerance, all the way."""
        near_low = abs(self.low - self.planned_low) < TOLERANCE
        return self.ticks > 0 and near_low and self.worst < TOLERANCE and self.after < TOLERANCE


def planned(symbol: str, share: float) -> float:
    """The deviation at a share of the fall; past 1 it stays."""
    item = SYMBOLS[symbol]
    weight = (item.base in FALLING) - (item.quote in FALLING)
    way = (1 - 2 ** (-HALF_LIVES * min(share, 1.0))) / (1 - 2**-HALF_LIVES)
    return math.exp(weight * math.log(DROP) * way) - 1


FALLING = ("BTC", "ETH")


class Follower(threading.Thread):
    """Follows a run's server-sent events.

    Attributes:
        told: kinds, in order.
        first_s: from the request to the first event.
    """

    def __init__(self, port: int, run: str) -> None:
        super().__init__(daemon=True)
        self.told: list[str] = []
        self.first_s = 0.0
        self._port = port
        self._path = f"/chaos/scenarios/{run}/events"

    def run(self) -> None:
        """Read until the stream ends."""
        since_s = time.monotonic()
        connection = http.client.HTTPConnection(HOST, self._port, timeout=120)
        connection.request("GET", self._path)
        for line in connection.getresponse():
            if line.startswith(b"event: "):
                self.first_s = self.first_s or time.monotonic() - since_s
                self.told.append(line[7:].strip().decode())
        connection.close()


def compare(seen: list[Seen], began_ns: int, fall_ns: int, until_ns: int, back_ns: int) -> list[Row]:
    """Every instrument against the plan."""
    rows = []
    for symbol in SYMBOLS.symbols:
        mine = [one for one in seen if one.symbol == symbol]
        moved = [one for one in mine if began_ns < one.ts_ns < until_ns]
        low = next((one.deviation for one in moved if one.ts_ns >= began_ns + fall_ns), math.nan)
        off = [one.deviation - planned(symbol, (one.ts_ns - began_ns) / fall_ns) for one in moved]
        after = [abs(one.deviation) for one in mine if one.ts_ns > back_ns]
        rows.append(
            Row(
                symbol=symbol,
                planned_low=round(planned(symbol, 1.0), 6),
                low=round(low, 6),
                worst=round(max(map(abs, off), default=math.nan), 6),
                after=round(max(after, default=math.nan), 6),
                ticks=len(moved),
            )
        )
    return rows


def answer_of(answer: tuple[int, Json], status: int) -> dict[str, Json]:
    """The body of an answer that must have a status."""
    assert answer[0] == status, answer
    assert isinstance(answer[1], dict)
    return answer[1]


def measure(readers: int, fall_s: float, stay_s: float) -> dict[str, object]:
    """The whole story."""
    body: Json = {"crash_percentage": 20, "crash_duration_minutes": fall_s / 60, "recovery_pattern": "none"}
    targets = [f"/api/v1/subscribe?channels=tick&symbols={symbol}" for symbol in SYMBOLS.symbols]
    with serve() as server, Crews(server.port, readers, targets, PUBLISHED) as crews:
        watcher = start(price_watch.watch, server.port)
        try:
            watcher.pipe.recv()
            rest(1.0)
            crews.clear()
            rest(fall_s + stay_s)
            calm = crews.tell()
            crews.clear()
            since_s = time.monotonic()
            begun = answer_of(server.call("POST", "/chaos/market-crash", body), 201)
            post_s = time.monotonic() - since_s
            run, began_ns = str(begun["scenario_id"]), begun["started_ns"]
            assert isinstance(began_ns, int)
            follower = Follower(server.port, run)
            follower.start()
            rest(fall_s + stay_s)
            crash = crews.tell()
            until_ns, since_s = time.time_ns(), time.monotonic()
            answer_of(server.call("DELETE", f"/chaos/stop-scenario/{run}"), 200)
            delete_s = time.monotonic() - since_s
            back_ns = time.time_ns() + SECOND
            follower.join(10)
            rest(4.0)
            watcher.pipe.send("tell")
            seen = watcher.pipe.recv()
        finally:
            watcher.dismiss()
    rows = compare(seen, began_ns, int(fall_s * SECOND), until_ns, back_ns)
    told = [kind for kind in MUST_TELL if kind in follower.told]
    return {
        "readers": readers,
        "fall_s": fall_s,
        "post_s": round(post_s, 4),
        "delete_s": round(delete_s, 4),
        "calm_p99_ms": calm.p99_ms,
        "crash_p99_ms": crash.p99_ms,
        "lost": crash.lost,
        "gone": crash.gone,
        "events": len(follower.told),
        "first_event_s": round(follower.first_s, 4),
        "told": told,
        "instruments": [asdict(row) for row in rows],
        "as_planned": all(row.as_planned for row in rows) and len(told) == len(MUST_TELL),
    }


def main() -> None:
    """Print one line an instrument and write ``results/crash_under_load.json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=1_000)
    parser.add_argument("--fall", type=float, default=10.0, metavar="S", help="how long the fall takes")
    parser.add_argument("--quick", action="store_true", help="200 readers, a fall of three seconds")
    given = parser.parse_args()
    if given.quick:
        given.readers, given.fall = 200, 3.0
    found = measure(given.readers, given.fall, stay_s=3.0)
    print(f"{'instrument':<14}{'planned':>10}{'low':>10}{'worst off':>11}{'after':>10}{'ticks':>7}")
    rows = found["instruments"]
    assert isinstance(rows, list)
    for row in rows:
        print(
            f"{row['symbol']:<14}{row['planned_low']:>10.4%}{row['low']:>10.4%}{row['worst']:>11.4%}"
            f"{row['after']:>10.4%}{row['ticks']:>7}"
        )
    print(json.dumps({key: value for key, value in found.items() if key != "instruments"}))
    print(f"written to {results.write('crash_under_load', found, quick=given.quick).name}")
    if not found["as_planned"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
