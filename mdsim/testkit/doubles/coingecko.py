"""A double of CoinGecko's REST interface, version 3, with and without a key."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mdsim.core.decimals import rounded
from mdsim.core.time import DAY, SECOND
from mdsim.testkit.coins import COINS, Averages, Coin, Quoted
from mdsim.testkit.double import Double
from mdsim.testkit.doubles._coingecko_history import DAYS, History
from mdsim.testkit.frames import Asked, Reply, iso, number, reply
from mdsim.testkit.market import Market

CURRENCIES = {"usd": "USD", "btc": "BTC", "eth": "ETH"}
"""There is no ``usdt``, at the real one neither."""
MOST_A_PAGE = 250
TOO_OFTEN = (
    "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to "
    "our API plans for higher rate limits."
)
CHANGE_ROOT = {
    10_010: (
        "If you are using Pro API key, please change your root URL from api.coingecko.com to "
        "pro-api.coingecko.com"
    ),
    10_011: (
        "If you are using Demo API key, please change your root URL from pro-api.coingecko.com to "
        "api.coingecko.com"
    ),
}
_COIN_NOT_FOUND = reply({"error": "coin not found"}, 404)
_BAD_CURRENCY = reply({"error": "invalid vs_currency"}, 400)


class CoinGecko(Double):
    """CoinGecko."""

    name = "coingecko"

    def __init__(
        self, market: Market, *, refresh_ns: int = 10 * SECOND, keys: tuple[str, ...] = (), plan: str = ""
    ) -> None:
        """Take the market.

        Args:
            market: behind it.
            refresh_ns: how often its averages are made.
            keys: those it takes; without any, every key and none are fine.
            plan: ``demo`` or ``pro`` for a host of that plan, which refuses keys of the other; empty takes
                both.
        """
        super().__init__(market)
        self._averages = Averages(market.seeds, self.name, refresh_ns)
        self._keys = keys
        self._plan = plan
        self._history = History()

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
        steps = what.split("/")
        coin = next((coin for coin in COINS if steps[1:2] == ["coins"] and coin.gecko in steps[2:3]), None)
        return _COIN_NOT_FOUND if coin is None else self._of_coin(coin, "/".join(steps[3:]), asked.query)

    def second(self) -> None:
        """Remember what was made anew."""
        for coin in COINS:
            for currency in CURRENCIES:
                self._history.add(coin, currency, self._quoted(coin, currency))

    def too_many(self, asked: Asked, retry_after_s: int) -> Reply:
        del asked
        body = msgspec.json.encode({"status": {"error_code": 429, "error_message": TOO_OFTEN}})
        return Reply(429, body, {"Retry-After": str(retry_after_s)})

    def _check_key(self, asked: Asked) -> Reply | None:
        """What a request without a good key gets, where keys are asked for."""
        demo, pro = (
            asked.headers.get(name) or asked.query.get(name.replace("-", "_"), "")
            for name in ("x-cg-demo-api-key", "x-cg-pro-api-key")
        )
        wrong = 10_010 if self._plan == "demo" and pro else 10_011 if self._plan == "pro" and demo else 0
        if wrong:
            return reply({"status": {"error_code": wrong, "error_message": CHANGE_ROOT[wrong]}}, 400)
        told = demo or pro
        if told in self._keys or (not self._keys and (told or self._plan != "pro")):
            return None
        message = "API Key Missing" if not told else "Invalid API Key"
        return reply({"status": {"error_code": 10_002, "error_message": message}}, 401)

    def _of_coin(self, coin: Coin, what: str, query: Mapping[str, str]) -> Reply:
        """What is told of one coin alone."""
        if not what:
            return reply(self._coin(coin))
        if what not in ("market_chart", "market_chart/range", "ohlc"):
            return _COIN_NOT_FOUND
        currency = query.get("vs_currency", "")
        if currency not in CURRENCIES:
            return _BAD_CURRENCY
        self._history.add(coin, currency, self._quoted(coin, currency))
        now_ns = self.stamp_ns()
        if what == "market_chart/range":
            from_s, to_s = _number(query.get("from", "")), _number(query.get("to", ""))
            if from_s is None or to_s is None:
                return reply({"error": "Missing parameter from or to"}, 422)
            return reply(self._history.chart(coin, currency, int(from_s * SECOND), int(to_s * SECOND)))
        days = _number("36500" if query.get("days") == "max" else query.get("days", ""))
        if days is None or (what == "ohlc" and query.get("days") not in DAYS):
            return reply({"error": "Invalid days parameter"}, 422)
        if what == "ohlc":
            return reply(self._history.candles(coin, currency, int(days), now_ns))
        return reply(self._history.chart(coin, currency, now_ns - int(days * DAY), now_ns))

    def _coin(self, coin: Coin) -> Mapping[str, object]:
        quoted = {currency: self._quoted(coin, currency) for currency in CURRENCIES}
        updated = iso(quoted["usd"].made_ns, 3)
        market = {
            "current_price": {currency: number(one.price) for currency, one in quoted.items()},
            "market_cap": {currency: number(one.cap) for currency, one in quoted.items()},
            "total_volume": {currency: number(one.volume) for currency, one in quoted.items()},
            "total_supply": coin.supply,
            "max_supply": None,
            "circulating_supply": coin.supply,
            "last_updated": updated,
        }
        return {
            "id": coin.gecko,
            "symbol": coin.asset.lower(),
            "name": coin.name,
            "asset_platform_id": None,
            "market_cap_rank": COINS.index(coin) + 1,
            "market_data": market,
            "last_updated": updated,
        }

    def _simple(self, query: Mapping[str, str]) -> Reply:
        currencies = _listed(query.get("vs_currencies", ""))
        if not currencies:
            return reply({"error": "Missing parameter vs_currencies"}, 422)
        if any(currency not in CURRENCIES for currency in currencies):
            return _BAD_CURRENCY
        wanted = _listed(query.get("ids", ""))
        names = [name.lower() for name in _listed(query.get("names", ""))]
        symbols = [symbol.lower() for symbol in _listed(query.get("symbols", ""))]
        places = _number(query.get("precision", "").replace("full", ""))
        found: dict[str, dict[str, object]] = {}
        for coin in COINS:
            known = coin.gecko in wanted or coin.name.lower() in names or coin.asset.lower() in symbols
            if not known:
                continue  # what is unknown is left out without a word
            entry = found[coin.gecko] = {}
            for currency in currencies:
                quoted = self._quoted(coin, currency)
                price = quoted.price if places is None else rounded(float(quoted.price), int(places))
                entry[currency] = number(price)
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
        most, page = _number(query.get("per_page", "100")), _number(query.get("page", "1"))
        if most is None or page is None or not 1 <= most <= MOST_A_PAGE or page < 1:
            return reply({"error": "invalid page"}, 422)
        begin = int(most) * (int(page) - 1)
        return reply(rows[begin : begin + int(most)])

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


def _number(told: str) -> float | None:
    """A number that is not negative; None for anything else."""
    try:
        value = float(told)
    except ValueError:
        return None
    return value if 0 <= value < 1e12 else None
