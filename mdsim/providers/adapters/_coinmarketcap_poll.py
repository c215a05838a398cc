"""CoinMarketCap over REST: the quotes of all coins in one request for each currency they are wanted in."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from mdsim.core.sourcing import Report
from mdsim.core.time import HOUR, MINUTE
from mdsim.providers.adapters._aggregates import Pace, Presence, base_volume
from mdsim.providers.adapters._coinmarketcap_wire import Coin, Quotes, parse_quotes
from mdsim.providers.adapters._pairs import sound
from mdsim.providers.adapters._symbols import COINS
from mdsim.providers.adapters._times import rfc3339_ns
from mdsim.providers.session import (
    UNREADABLE,
    Answer,
    Fetch,
    KeyRefused,
    Limited,
    Refuse,
    Session,
    SessionRequest,
)

VERSIONS = ("v1", "v2", "v3")
BAD_KEY = (1001, 1002, 1003, 1004, 1005, 1006, 1007)
"""Invalid, missing, unpaid, run out, required, of a plan that does not include it, disabled."""
TOO_OFTEN = {1008: MINUTE, 1009: HOUR, 1010: HOUR, 1011: MINUTE}
"""Limits by the minute, the day, the month and the address → how long to leave it alone."""


def version(url: str) -> str:
    """The version of the API that an address ends in; without one it is the current."""
    tail = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    return tail if tail in VERSIONS else "v3"


def without_version(url: str) -> str:
    """The base of the fetches: requests name the version themselves."""
    base, _, tail = url.rstrip("/").rpartition("/")
    return base if tail in VERSIONS else url.rstrip("/")


class CoinMarketCapPoll(Session):
    """Asks for one currency after another, so that the quota is spent evenly."""

    def __init__(self, request: SessionRequest) -> None:
        super().__init__(request)
        self._version = version(request.url)
        self._wanted: dict[str, dict[str, int]] = {}  # currency → our symbol → number of the coin
        self._presence: dict[str, Presence] = {}
        self._pace = Pace(request.interval_ns)
        self._turn = 0

    def start(self, now_ns: int) -> None:
        """Refuse what CoinMarketCap cannot tell, and ask for the rest at once."""
        for item in self.request.instruments:
            coin = COINS.get(item.base)
            if item.perpetual:
                self.ask(Refuse(item.symbol, "CoinMarketCap tells prices of coins, not of futures"))
            elif coin is None:
                self.ask(Refuse(item.symbol, f"no CoinMarketCap number is known for {item.base}"))
            else:
                self._wanted.setdefault(item.quote, {})[item.symbol] = coin.coinmarketcap
        self._presence = {currency: Presence() for currency in self._wanted}
        self._pace.start(now_ns)

    def received(self, raw: str | bytes, recv_ns: int) -> Sequence[Report]:
        """Nothing comes over a socket."""
        del raw, recv_ns
        return ()

    def due_ns(self) -> int | None:
        """The next request."""
        return self._pace.due_ns if any(self._wanted.values()) else None

    def tick(self, now_ns: int) -> Sequence[Report]:
        """Ask for the next currency."""
        currencies = [currency for currency, coins in self._wanted.items() if coins]
        if currencies and self._pace.take(now_ns):
            currency = currencies[self._turn % len(currencies)]
            self._turn += 1
            self._ask(currency)
        return ()

    def _ask(self, currency: str) -> None:
        ids = ",".join(str(at) for at in dict.fromkeys(self._wanted[currency].values()))
        path = f"/{self._version}/cryptocurrency/quotes/latest?id={ids}&convert={currency}&skip_invalid=true"
        self.ask(Fetch(path, f"quotes:{currency}"))

    def fetched(self, answer: Answer) -> Sequence[Report]:
        """Quotes, or why there are none."""
        self.counters.messages += 1
        currency = answer.tag.partition(":")[2]
        try:
            told = parse_quotes(answer.body, answer.now_ns)
        except UNREADABLE:
            self.counters.error("malformed" if answer.status == 200 else f"http_{answer.status}")
            self._step_down(answer, currency)
            return ()
        if answer.status == 200 and not told.code:
            return self._reports(currency, told, answer.now_ns)
        if told.code in BAD_KEY:
            self.counters.error("key_refused")
            self.ask(KeyRefused(answer.tag, f"CoinMarketCap {told.code}: {told.problem[:200]}"))
        elif told.code in TOO_OFTEN:
            self.counters.error("limited")
            if answer.status != 429 or TOO_OFTEN[told.code] == HOUR:  # the shell waits a minute by itself
                self.ask(Limited(answer.tag, TOO_OFTEN[told.code]))
        else:
            self.counters.error("refused" if answer.status == 200 else f"http_{answer.status}")
            self._step_down(answer, currency)
        return ()

    def _step_down(self, answer: Answer, currency: str) -> None:
        """A server without the current version of the API may have the one before it."""
        if answer.status == 404 and self._version == "v3" and currency in self._wanted:
            self._version = "v2"
            self._ask(currency)

    def _reports(self, currency: str, told: Quotes, now_ns: int) -> Sequence[Report]:
        wanted = self._wanted.get(currency, {})
        coins: dict[str, Coin] = {str(coin.id): coin for coin in told.coins}
        asked = [str(at) for at in dict.fromkeys(wanted.values())]
        for unknown in self._presence[currency].lacking(asked, coins) if wanted else ():
            for symbol in [symbol for symbol, at in wanted.items() if str(at) == unknown]:
                del wanted[symbol]
                self.ask(Refuse(symbol, f"CoinMarketCap knows no coin {unknown}"))
        found: list[Report] = []
        for symbol, at in wanted.items():
            coin = coins.get(str(at))
            quote = coin.quoted(currency) if coin is not None else None
            if quote is None or quote.price is None:
                self.counters.error("no_price")
                continue
            try:
                ts_ns = rfc3339_ns(quote.last_updated) if quote.last_updated else 0
            except ValueError:
                self.counters.error("malformed")
                continue
            if not sound(quote.price):
                self.counters.error("malformed")
                continue
            volume = base_volume(quote.volume_24h, quote.price)
            name, price = self.request.source, quote.price
            found.append(Report(name, symbol, ts_ns, now_ns, 0, None, None, price, volume))
        self.counters.reports += len(found)
        self.ready = self.ready or bool(found)
        return found
