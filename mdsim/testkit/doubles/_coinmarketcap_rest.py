"""CoinMarketCap's REST interface: one envelope, three shapes of quotes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from mdsim.testkit.coins import COINS, Averages, Coin
from mdsim.testkit.frames import Asked, Reply, iso, number
from mdsim.testkit.market import Market

CURRENCIES = {"USD": 2781, "BTC": 1, "ETH": 1027, "USDT": 825, "USDC": 3408}
"""What it converts to, with its own numbers."""
CREDITS_MONTHLY = 10_000
_QUOTES = "/cryptocurrency/quotes/latest"


class Venue(Protocol):
    """What the interface needs of its double."""

    market: Market

    def stamp_ns(self, ts_ns: int | None = None) -> int: ...

    def mid(self, base: str, quote: str, now_ns: int) -> float: ...


def failure(
    asked: Asked,
    http: int,
    code: int,
    message: str,
    stamp_ns: int,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An error in the envelope."""
    status = _status(asked.path, stamp_ns, code, message)
    return Reply(http, msgspec.json.encode({"status": status}), headers or {})


def _status(path: str, stamp_ns: int, code: int = 0, message: str | None = None) -> Mapping[str, object]:
    """The part that every answer has; version 3 prints the number of an error as text."""
    return {
        "timestamp": iso(stamp_ns, 3),
        "error_code": str(code) if path.startswith("/v3/") else code,
        "error_message": message,
        "elapsed": 10,
        "credit_count": 0 if code else 1,
        "notice": None,
    }


class CoinMarketCapRest:
    """Answers requests."""

    def __init__(self, venue: Venue, averages: Averages) -> None:
        self._venue = venue
        self._averages = averages
        self._spent = 0

    def respond(self, asked: Asked) -> Reply:
        """The answer to a request, its key apart."""
        version, _, rest = asked.path.removeprefix("/").partition("/")
        what = f"/{rest}"
        if what == _QUOTES and version in ("v1", "v2", "v3"):
            return self._quotes(version, asked)
        if asked.path == "/v1/cryptocurrency/listings/latest":
            return self._good(asked, [self._coin(coin, "v1", ["USD"]) for coin in COINS])
        if asked.path == "/v1/cryptocurrency/map":
            return self._good(asked, [_named(coin) for coin in COINS])
        if asked.path == "/v1/key/info":
            plan = {"credit_limit_monthly": CREDITS_MONTHLY, "rate_limit_minute": 30}
            spent = {"credits_used": self._spent, "credits_left": CREDITS_MONTHLY - self._spent}
            return self._good(asked, {"plan": plan, "usage": {"current_day": spent, "current_month": spent}})
        return failure(asked, 404, 404, "Not Found", self._venue.stamp_ns())

    def _quotes(self, version: str, asked: Asked) -> Reply:
        query = asked.query
        stamp_ns = self._venue.stamp_ns()
        currencies = _listed(query.get("convert", "USD"))
        unknown = [code for code in currencies if code not in CURRENCIES]
        if unknown:
            return failure(asked, 400, 400, f'Invalid value for "convert": "{",".join(unknown)}"', stamp_ns)
        key = next((name for name in ("id", "slug", "symbol") if query.get(name)), None)
        if key is None:
            return failure(
                asked, 400, 400, '"value" must contain at least one of [id, symbol, slug]', stamp_ns
            )
        by_name = {_name(coin, key): coin for coin in COINS}
        wanted = list(dict.fromkeys(_listed(query[key])))
        lacking = [name for name in wanted if name not in by_name]
        if lacking and query.get("skip_invalid") != "true":
            return failure(asked, 400, 400, f'Invalid value for "{key}": "{",".join(lacking)}"', stamp_ns)
        found = {name: by_name[name] for name in wanted if name in by_name}
        coins = {name: self._coin(coin, version, currencies) for name, coin in found.items()}
        if version == "v3":
            return self._good(asked, list(coins.values()))
        if version == "v2" and key == "symbol":  # a symbol may be that of several coins
            return self._good(asked, {name: [coin] for name, coin in coins.items()})
        return self._good(asked, coins)

    def _good(self, asked: Asked, data: object) -> Reply:
        self._spent += 1
        status = _status(asked.path, self._venue.stamp_ns())
        return Reply(200, msgspec.json.encode({"status": status, "data": data}))

    def _coin(self, coin: Coin, version: str, currencies: list[str]) -> Mapping[str, object]:
        quotes = {currency: self._quote(coin, currency) for currency in currencies}
        updated = next(iter(quotes.values()))["last_updated"]
        shape: object = quotes
        if version == "v3":
            shape = [{"id": CURRENCIES[code], "symbol": code, **quote} for code, quote in quotes.items()]
        return {
            **_named(coin),
            "num_market_pairs": 500,
            "date_added": "2013-04-28T00:00:00.000Z",
            "tags": [],
            "max_supply": None,
            "infinite_supply": False,
            "circulating_supply": coin.supply,
            "total_supply": coin.supply,
            "is_fiat": 0,
            "last_updated": updated,
            "quote": shape,
        }

    def _quote(self, coin: Coin, currency: str) -> Mapping[str, object]:
        venue = self._venue
        now_ns = venue.market.now_ns()
        quoted = self._averages.quoted(coin, currency, venue.mid, now_ns, venue.stamp_ns())
        changes = ("1h", "24h", "7d", "30d", "60d", "90d")
        return {
            "price": number(quoted.price),
            "volume_24h": number(quoted.volume),
            "volume_change_24h": 0.0,
            **{f"percent_change_{span}": 0.0 for span in changes},
            "market_cap": number(quoted.cap),
            "market_cap_dominance": 0.0,
            "fully_diluted_market_cap": number(quoted.cap),
            "tvl": None,
            "last_updated": iso(quoted.made_ns, 3),
        }


def _named(coin: Coin) -> Mapping[str, object]:
    rank = COINS.index(coin) + 1
    return {
        "id": coin.number,
        "name": coin.name,
        "symbol": coin.asset,
        "slug": coin.gecko,
        "is_active": 1,
        "cmc_rank": rank,
        "platform": None,
    }


def _name(coin: Coin, key: str) -> str:
    return {"id": str(coin.number), "slug": coin.gecko, "symbol": coin.asset}[key]


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]
