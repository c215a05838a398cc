"""Messages in the providers' own words, made from a seed: what the benchmark of the adapters reads.

In the proportions that public feeds have: mostly changes of a book, with a correct checksum where there
is one, and some tickers between.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from mdsim.core.time import MS, SECOND, format_utc
from mdsim.providers.adapters._kraken_book import KrakenBook
from mdsim.providers.adapters._kraken_wire import BookLevel

START_S = 1_779_884_400
START_NS = START_S * SECOND


def stamp(at: int) -> str:
    """RFC 3339 of a message, a millisecond after the one before."""
    return format_utc(START_NS + at * MS)


def walk(count: int) -> Iterator[tuple[int, int, random.Random]]:
    """A price in cents that wanders around 67,000.00."""
    rng = random.Random(7)
    cents = 6_700_000
    for at in range(count):
        cents += rng.randint(-30, 30)
        yield at, cents, rng


def coinbase(count: int) -> list[bytes]:
    """A snapshot of 2,000 levels, then changes, a ticker in ten and a heartbeat in fifty."""
    bids: dict[int, None] = {}
    asks: dict[int, None] = {}
    found: list[bytes] = []
    for at, mid, rng in walk(count):
        if not found:
            bids = dict.fromkeys(range(mid - 1, mid - 1001, -1))
            asks = dict.fromkeys(range(mid + 1, mid + 1001))
            sides = [[[f"{p / 100:.2f}", "0.5"] for p in side] for side in (asks, bids)]
            body: dict[str, object] = {
                "type": "snapshot",
                "product_id": "BTC-USD",
                "asks": sides[0],
                "bids": sides[1],
            }
            found.append(msgspec.json.encode(body))
            continue
        best_bid, best_ask = mid - 1, mid + 1
        if at % 50 == 1:
            body = {"type": "heartbeat", "sequence": at, "last_trade_id": 0, "product_id": "BTC-USD"}
            found.append(msgspec.json.encode({**body, "time": stamp(at)}))
            continue
        gone = [("buy", p) for p in bids if p >= mid] + [("sell", p) for p in asks if p <= mid]
        for side, p in gone:
            del (bids if side == "buy" else asks)[p]
        bids[best_bid] = asks[best_ask] = None
        if at % 10 == 0:
            text = [f"{p / 100:.2f}" for p in (mid, best_bid, best_ask)]
            found.append(
                (
                    f'{{"type":"ticker","sequence":{at},"product_id":"BTC-USD","price":"{text[0]}","open_24h":"1",'
                    f'"volume_24h":"9134.52","low_24h":"1","high_24h":"1","volume_30d":"1","best_bid":"{text[1]}",'
                    f'"best_bid_size":"0.1","best_ask":"{text[2]}","best_ask_size":"0.2","side":"buy",'
                    f'"time":"{stamp(at)}","trade_id":{at},"last_size":"0.01"}}'
                ).encode()
            )
        changes = [[side, f"{p / 100:.2f}", "0.00000000"] for side, p in gone]
        changes += [["buy", f"{best_bid / 100:.2f}", f"{rng.random():.8f}"]]
        changes += [["sell", f"{best_ask / 100:.2f}", f"{rng.random():.8f}"]]
        body = {"type": "l2update", "product_id": "BTC-USD", "changes": changes, "time": stamp(at)}
        found.append(msgspec.json.encode(body))
    return found


def kraken(count: int) -> list[bytes]:
    """A snapshot of ten levels a side, then changes of one to three levels, and a ticker in five."""
    mirror = KrakenBook()
    held: tuple[dict[int, None], dict[int, None]] = ({}, {})
    found: list[bytes] = []
    for at, mid, rng in walk(count):
        dime = mid // 10
        told: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
        for half, (side, sign) in enumerate(((held[0], -1), (held[1], 1))):
            for price in [p for p in side if (p - dime) * sign <= 0]:
                del side[price]
                told[half].append((price, 0))
            while len(side) < 10 or dime + sign not in side:
                price = dime + sign * (1 if dime + sign not in side else 1 + rng.randrange(40))
                if price not in side:
                    told[half].append((price, 1 + rng.randrange(10**8)))
                    side[price] = None
            for price in sorted(side, key=lambda p: (p - dime) * sign)[10:]:
                del side[price]
        texts = [[(f"{p / 10:.1f}", f"{q / 10**8:.8f}") for p, q in half] for half in told]
        mirror.apply(*([BookLevel(Decimal(p), Decimal(q)) for p, q in half] for half in texts))
        sides = [",".join(f'{{"price":{p},"qty":{q}}}' for p, q in half) for half in texts]
        kind = "update" if found else "snapshot"
        found.append(
            (
                f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{sides[0]}],'
                f'"asks":[{sides[1]}],"checksum":{mirror.checksum()},"timestamp":"{stamp(at)}"}}]}}'
            ).encode()
        )
        if at % 5 == 0:
            found.append(
                (
                    f'{{"channel":"ticker","type":"update","data":[{{"symbol":"BTC/USD",'
                    f'"bid":{(dime - 1) / 10:.1f},"bid_qty":0.5,"ask":{(dime + 1) / 10:.1f},'
                    f'"ask_qty":0.5,"last":{dime / 10:.1f},'
                    f'"volume":1834.50000000,"vwap":1.0,"low":1.0,"high":1.0,"change":1.0,"change_pct":0.1}}]}}'
                ).encode()
            )
    return found


def coingecko(count: int) -> list[bytes]:
    """Answers with four coins in two currencies."""
    ids = ("bitcoin", "ethereum", "tether", "usd-coin")
    found = []
    for at, mid, rng in walk(count):
        fields = {
            "usd_24h_vol": rng.random() * 1e10,
            "btc_24h_vol": 1e5,
            "last_updated_at": START_S + at,
        }
        found.append(msgspec.json.encode({coin: {"usd": mid / 100, "btc": 1e-05, **fields} for coin in ids}))
    return found


def quotes(count: int) -> list[bytes]:
    """Answers of version 2 with four coins and the fields that come with them."""
    found = []
    for at, mid, _rng in walk(count):
        changes = {f"percent_change_{span}": 0.5341 for span in ("1h", "24h", "7d", "30d", "60d", "90d")}
        quote = {"price": mid / 100, "volume_24h": 1e10, **changes, "last_updated": stamp(at)}
        coins: dict[str, object] = {
            str(number): {"id": number, "name": "x", "symbol": "X", "tags": [], "quote": {"USD": quote}}
            for number in (1, 1027, 825, 3408)
        }
        status = {"timestamp": stamp(at), "error_code": 0, "error_message": None, "credit_count": 1}
        found.append(msgspec.json.encode({"status": status, "data": coins}))
    return found


def stream(count: int) -> list[bytes]:
    """Pushes of one coin."""
    found = []
    for at, mid, _rng in walk(count):
        data = {"cid": 1, "p": mid / 100, "vu": 3e10, "mc": None, "p24h": 0.5}
        frame = {"type": "data", "channel": "market@crypto_latest_price", "params": {"crypto_ids": 1}}
        found.append(msgspec.json.encode({**frame, "data": data, "ts": START_S * 1_000 + at}))
    return found
