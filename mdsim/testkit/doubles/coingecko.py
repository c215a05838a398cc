"""A double of CoinGecko's REST interface, version 3, with and without a key."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mdsim.core.time import SECOND
from mdsim.testkit.coins import COINS, Averages, Coin, Quoted
from mdsim.testkit.double import Double
from mdsim.testkit.frames import Asked, Reply, iso, number, reply
from mdsim.testkit.market import Market

CURRENCIES = {"usd": "USD", "btc": "BTC", "eth": "ETH"}
"""There is no ``usdt``, at the real one neither."""
TOO_OFTEN = (
    "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to "
    "our API plans for higher rate limits."
)
_COIN_NOT_FOUND = reply({"error": "coin not found"}, 404)
_BAD_CURRENCY = reply({"error": "invalid vs_currency"}, 400)


class CoinGecko(Double):
    """CoinGecko."""

    name = "coingecko"

    def __init__(self, market: Market, *, refresh_ns: int = 10 * SECOND, keys: tuple[str, ...] = ()) -> None:
        """Take the market.

        Args:
            market: behind it.
            refresh_ns: how often its averages are made.
            keys: those it takes; without any, every key and none are fine.
        """
        super().__init__(market)
        self._averages = Averages(market.seeds, self.name, refresh_ns)
        self._keys = keys

    @property
    def url(self) -> str:
        return f"http://{self.address}/api/v3"

    @property
    def rest_url(self) -> str:
        return self.url

    def respond(self, asked: Asked) -> Reply:
        what = asked.path.removeprefix("/api/v3")
        refusal = self._check_key(asked)
        if refusal is not None:
            return refusal
        if what == "/ping":
            return reply({"gecko_says": "(V3) To the Moon!"})
        if what == "/simple/supported_vs_currencies":
            return reply(list(CURRENCIES))
        if what == "/simple/price":
            return self._simple(asked.query)
        if what == "/coins/list":
            return reply(
                [{"id": coin.gecko, "symbol": coin.asset.lower(), "name": coin.name} for coin in COINS]
            )
        if what == "/coins/markets":
            return self._markets(asked.query)
        return _COIN_NOT_FOUND

    def too_many(self, asked: Asked, retry_after_s: int) -> Reply:
        del asked
        body = msgspec.json.encode({"status": {"error_code": 429, "error_message": TOO_OFTEN}})
        return Reply(429, body, {"Retry-After": str(retry_after_s)})

    def _check_key(self, asked: Asked) -> Reply | None:
        """What a request without a good key gets, where keys are asked for."""
        if not self._keys:
            return None
        told = next(
            (
                found
                for name in ("x-cg-demo-api-key", "x-cg-pro-api-key")
                if (found := asked.headers.get(name) or asked.query.get(name.replace("-", "_")))
            ),
            "",
        )
        if told in self._keys:
            return None
        message = "API Key Missing" if not told else "Invalid API Key"
        return reply({"status": {"error_code": 10_002, "error_message": message}}, 401)

    def _simple(self, query: Mapping[str, str]) -> Reply:
        currencies = _listed(query.get("vs_currencies", ""))
        if not currencies:
            return reply({"error": "Missing parameter vs_currencies"}, 422)
        if any(currency not in CURRENCIES for currency in currencies):
            return _BAD_CURRENCY
        wanted = _listed(query.get("ids", ""))
        found: dict[str, dict[str, object]] = {}
        for coin in COINS:
            if coin.gecko not in wanted:
                continue  # unknown ids are left out without a word
            entry = found[coin.gecko] = {}
            for currency in currencies:
                quoted = self._quoted(coin, currency)
                entry[currency] = number(quoted.price)
                if query.get("include_market_cap") == "true":
                    entry[f"{currency}_market_cap"] = number(quoted.cap)
                if query.get("include_24hr_vol") == "true":
                    entry[f"{currency}_24h_vol"] = number(quoted.volume)
                if query.get("include_24hr_change") == "true":
                    entry[f"{currency}_24h_change"] = 0.0
                if query.get("include_last_updated_at") == "true":
                    entry["last_updated_at"] = quoted.made_ns // SECOND
        return reply(found)

    def _markets(self, query: Mapping[str, str]) -> Reply:
        currency = query.get("vs_currency", "")
        if currency not in CURRENCIES:
            return _BAD_CURRENCY
        wanted = _listed(query.get("ids", "")) or [coin.gecko for coin in COINS]
        rows = [
            self._market(coin, currency, rank) for rank, coin in enumerate(COINS, 1) if coin.gecko in wanted
        ]
        return reply(rows)

    def _market(self, coin: Coin, currency: str, rank: int) -> Mapping[str, object]:
        quoted = self._quoted(coin, currency)
        price, updated = number(quoted.price), iso(quoted.made_ns, 3)
        nothing = (
            "fully_diluted_valuation",
            "price_change_24h",
            "price_change_percentage_24h",
            "market_cap_change_24h",
            "market_cap_change_percentage_24h",
            "max_supply",
            "ath",
            "ath_change_percentage",
            "ath_date",
            "atl",
            "atl_change_percentage",
            "atl_date",
            "roi",
        )
        return {
            "id": coin.gecko,
            "symbol": coin.asset.lower(),
            "name": coin.name,
            "image": "",
            "current_price": price,
            "market_cap": number(quoted.cap),
            "market_cap_rank": rank,
            "total_volume": number(quoted.volume),
            "high_24h": price,
            "low_24h": price,
            "circulating_supply": coin.supply,
            "total_supply": coin.supply,
            **dict.fromkeys(nothing),
            "last_updated": updated,
        }

    def _quoted(self, coin: Coin, currency: str) -> Quoted:
        now_ns = self.market.now_ns()
        return self._averages.quoted(coin, CURRENCIES[currency], self.mid, now_ns, self.stamp_ns())


def _listed(names: str) -> list[str]:
    return [name for name in names.split(",") if name]
