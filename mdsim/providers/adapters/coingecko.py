"""CoinGecko: averages over many exchanges, polled from ``/simple/price``, for all coins in one request.

Coins are asked for by id, because symbols are not unique there; an id that CoinGecko does not know is left
out of the answer without a word, so what the first answer lacks is refused. It quotes in currencies and
some coins, not in stablecoins. Numbers come as JSON numbers and keep their digits.

A key of a demo plan belongs to ``api.coingecko.com``, one of a paid plan to ``pro-api.coingecko.com``.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import urlsplit

import msgspec

from mdsim.core.instruments import Instrument
from mdsim.core.sourcing import Report
from mdsim.core.time import SECOND
from mdsim.providers.adapters._aggregates import Pace, Presence, base_volume
from mdsim.providers.adapters._pairs import sound
from mdsim.providers.adapters._symbols import COINS
from mdsim.providers.adapters._times import seconds_ns
from mdsim.providers.session import (
    REST,
    UNREADABLE,
    Answer,
    Fetch,
    KeyRefused,
    Limited,
    Offer,
    ProviderType,
    Refuse,
    Session,
    SessionRequest,
)

CURRENCIES = {"USD": "usd", "BTC": "btc", "ETH": "eth"}
"""Quotes that CoinGecko has; it refuses ``usdt`` and ``usdc``."""
PRO_HOST = "pro-api.coingecko.com"
PRICES, CURRENCY_LIST = "prices", "currencies"
TOO_OFTEN = 429
BAD_KEY = (10_002, 10_005, 10_010, 10_011)
"""No key, a plan that does not include it, and a key on the other plan's host (both ways)."""
INVALID_CURRENCY = "invalid vs_currency"


class Price(msgspec.Struct, frozen=True, gc=False):
    """What is told of one coin in one currency.

    Attributes:
        value: None where CoinGecko has none.
        volume: of 24 hours, in the currency.
        ts_ns: when CoinGecko made it; seconds on the wire, 0 where it does not say.
    """

    value: Decimal | None
    volume: Decimal | None
    ts_ns: int


class Prices(msgspec.Struct, frozen=True, gc=False):
    """An answer: prices by coin and currency, or a problem.

    Attributes:
        code: CoinGecko's own number of a problem, 0 for none; ``problem``: what it says.
    """

    coins: dict[str, dict[str, Price]] = {}
    code: int = 0
    problem: str = ""


class _Status(msgspec.Struct):
    error_code: int = 0
    error_message: str | None = ""


class _Problem(msgspec.Struct):
    status: _Status | None = None
    error: str | _Status | None = None


_COINS = msgspec.json.Decoder(dict[str, dict[str, Decimal | None]])
_PROBLEM = msgspec.json.Decoder(_Problem)
_LIST = msgspec.json.Decoder(list[str])


def parse(raw: str | bytes, recv_ns: int) -> Prices:
    """Read the body of an answer of ``/simple/price``, be it prices or a problem.

    Args:
        raw: the body.
        recv_ns: when it came; nothing of it is needed.

    Raises:
        msgspec.DecodeError, ValueError, ArithmeticError, RecursionError: it is neither.
    """
    del recv_ns
    try:
        told = _COINS.decode(raw)
    except msgspec.ValidationError:
        problem = _PROBLEM.decode(raw)
        status = problem.error if isinstance(problem.error, _Status) else problem.status
        if status is not None:
            return Prices({}, status.error_code, status.error_message or "")
        if not isinstance(problem.error, str):
            raise
        return Prices({}, 0, problem.error)
    return Prices({coin: _prices(fields) for coin, fields in told.items()})


def _prices(fields: dict[str, Decimal | None]) -> dict[str, Price]:
    updated = fields.get("last_updated_at")
    if updated is not None and not (updated.is_finite() and updated.adjusted() < 12):
        raise ValueError("no time")
    ts_ns = 0 if updated is None else seconds_ns(int(updated))
    return {
        name: Price(value, fields.get(f"{name}_24h_vol"), ts_ns)
        for name, value in fields.items()
        if "_" not in name
    }


class CoinGeckoSession(Session):
    """Asks for every instrument's price in one request, again and again."""

    def __init__(self, request: SessionRequest) -> None:
        super().__init__(request)
        self._wanted: dict[str, tuple[str, str, Instrument]] = {}  # our symbol → id, currency
        self._pace = Pace(request.interval_ns)
        self._presence = Presence()

    def start(self, now_ns: int) -> None:
        """Refuse what CoinGecko cannot tell, and ask for the rest at once."""
        for item in self.request.instruments:
            coin, currency = COINS.get(item.base), CURRENCIES.get(item.quote)
            if item.perpetual:
                self.ask(Refuse(item.symbol, "CoinGecko tells prices of coins, not of futures"))
            elif coin is None:
                self.ask(Refuse(item.symbol, f"no CoinGecko id is known for {item.base}"))
            elif currency is None:
                self.ask(Refuse(item.symbol, f"CoinGecko does not quote in {item.quote}"))
            else:
                self._wanted[item.symbol] = (coin.coingecko, currency, item)
        self._pace.start(now_ns)

    def received(self, raw: str | bytes, recv_ns: int) -> Sequence[Report]:
        """Nothing comes over a socket."""
        del raw, recv_ns
        return ()

    def due_ns(self) -> int | None:
        """The next request."""
        return self._pace.due_ns if self._wanted else None

    def tick(self, now_ns: int) -> Sequence[Report]:
        """Ask."""
        if self._wanted and self._pace.take(now_ns):
            ids = ",".join(dict.fromkeys(coin for coin, _, _ in self._wanted.values()))
            currencies = ",".join(dict.fromkeys(currency for _, currency, _ in self._wanted.values()))
            options = "include_24hr_vol=true&include_last_updated_at=true&precision=full"
            self.ask(Fetch(f"/simple/price?ids={ids}&vs_currencies={currencies}&{options}", PRICES))
        return ()

    def fetched(self, answer: Answer) -> Sequence[Report]:
        """Prices, or why there are none."""
        self.counters.messages += 1
        try:
            if answer.tag == CURRENCY_LIST:
                self._quoted(answer)
                return ()
            told = parse(answer.body, answer.now_ns)
        except UNREADABLE:
            self.counters.error("malformed" if answer.status == 200 else f"http_{answer.status}")
            return ()
        if answer.status == 200 and not told.code and not told.problem:
            return self._reports(told, answer.now_ns)
        self._failed(answer, told)
        return ()

    def _failed(self, answer: Answer, told: Prices) -> None:
        if told.code in BAD_KEY:
            self.counters.error("key_refused")
            self.ask(KeyRefused(answer.tag, f"CoinGecko {told.code}: {told.problem[:200]}"))
        elif answer.status == 200 and told.code == TOO_OFTEN:
            self.counters.error("limited")
            self.ask(Limited(answer.tag))
        elif told.problem == INVALID_CURRENCY:
            self.counters.error("refused")
            self.ask(Fetch("/simple/supported_vs_currencies", CURRENCY_LIST))
        else:
            self.counters.error("refused" if answer.status == 200 else f"http_{answer.status}")

    def _quoted(self, answer: Answer) -> None:
        """A currency went out of use: refuse what is quoted in it, or every request fails."""
        if answer.status != 200:
            self.counters.error(f"http_{answer.status}")
            return
        supported = _LIST.decode(answer.body)
        for symbol, (_, currency, item) in list(self._wanted.items()):
            if currency not in supported:
                del self._wanted[symbol]
                self.ask(Refuse(symbol, f"CoinGecko does not quote in {item.quote}"))

    def _reports(self, told: Prices, now_ns: int) -> Sequence[Report]:
        ids = list(dict.fromkeys(coin for coin, _, _ in self._wanted.values()))
        for unknown in self._presence.lacking(ids, told.coins):
            for symbol, (coin, _, _) in list(self._wanted.items()):
                if coin == unknown:
                    del self._wanted[symbol]
                    self.ask(Refuse(symbol, f"CoinGecko knows no coin {coin!r}"))
        found = []
        for symbol, (coin, currency, _) in self._wanted.items():
            price = told.coins.get(coin, {}).get(currency)
            if price is None or price.value is None:
                self.counters.error("no_price")
            elif not sound(price.value):
                self.counters.error("malformed")
            else:
                volume = base_volume(price.volume, price.value)
                name, value, ts_ns = self.request.source, price.value, price.ts_ns
                found.append(Report(name, symbol, ts_ns, now_ns, 0, None, None, value, volume))
        self.counters.reports += len(found)
        self.ready = self.ready or bool(found)
        return found


def _key_header(url: str) -> str:
    return "x-cg-pro-api-key" if urlsplit(url).hostname == PRO_HOST else "x-cg-demo-api-key"


PROVIDER = ProviderType(
    name="coingecko",
    summary="CoinGecko: averages over many exchanges, polled over REST, with or without a key",
    aggregator=True,
    offers=(
        Offer(
            kind=REST,
            url="https://api.coingecko.com/api/v3",
            open=CoinGeckoSession,
            keyed_per_minute=1,  # a demo key has 10,000 requests a month
            keyless_per_minute=4,
            max_age_ns=180 * SECOND,
            key_header=_key_header,
        ),
    ),
)
