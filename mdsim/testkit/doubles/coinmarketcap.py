"""A double of CoinMarketCap: quotes in their three versions over REST, and its stream (beta)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from mdsim.core.time import MS, SECOND
from mdsim.testkit.coins import COINS, Averages
from mdsim.testkit.double import Double
from mdsim.testkit.doubles._coinmarketcap_rest import CoinMarketCapRest, failure
from mdsim.testkit.frames import Asked, Reply, iso, number, text
from mdsim.testkit.market import Market
from mdsim.testkit.socket import Socket

CHANNEL = "market@crypto_latest_price"
PING_MS = 10_000
MOST_SUBSCRIPTIONS = 100
BAD_KEY = 4100
"""The code with which the stream is closed; likewise of one connection too many."""
MOST_CONNECTIONS, TOO_MANY_CONNECTIONS = 10, 4004
_WRONG_KEY = {1001: "This API Key is invalid.", 1002: "API key missing."}


class Params(msgspec.Struct):
    """Which coins."""

    crypto_ids: list[int] = []


class Order(msgspec.Struct):
    """A request on the stream."""

    method: str
    id: int | str | None = None
    channel: str = ""
    params: Params = msgspec.field(default_factory=Params)


@dataclass(slots=True)
class Client:
    """One connection: coins, each with the last price that was pushed."""

    coins: dict[int, str] = field(default_factory=dict)


class CoinMarketCap(Double):
    """CoinMarketCap."""

    name = "coinmarketcap"

    def __init__(self, market: Market, *, refresh_ns: int = 5 * SECOND, keys: tuple[str, ...] = ()) -> None:
        """Take the market.

        Args:
            market: behind it.
            refresh_ns: how often its averages are made, and so how often the stream speaks.
            keys: those it takes; without any, every key is fine, but there must be one.
        """
        super().__init__(market)
        self._averages = Averages(market.seeds, self.name, refresh_ns)
        self._keys = keys
        self._clients: dict[Socket, Client] = {}
        self._rest = CoinMarketCapRest(self, self._averages)

    @property
    def url(self) -> str:
        """For ``type: rest_api``."""
        return f"http://{self.address}"

    @property
    def stream_url(self) -> str:
        """For ``type: websocket``."""
        return f"ws://{self.address}/v1"

    # ------------------------------------------------------------ the stream

    def opened(self, socket: Socket) -> None:
        """Welcome it; without a good key it is closed, which the stream does only once it stands."""
        self._clients[socket] = Client()
        if self._wrong_key(socket.headers, socket.query):
            socket.close(BAD_KEY)
            return
        if len(self._clients) > MOST_CONNECTIONS:
            socket.close(TOO_MANY_CONNECTIONS)
            return
        self.tell(socket, text({"type": "welcome", "ping_interval_ms": PING_MS, "ts": self._ms()}))

    def gone(self, socket: Socket) -> None:
        self._clients.pop(socket, None)

    def heard(self, socket: Socket, raw: str) -> None:
        client = self._clients[socket]
        try:
            order = msgspec.json.decode(raw, type=Order)
        except msgspec.DecodeError:
            self._error(socket, None, "2401", "Malformed message")
            return
        if order.method == "ping":
            self._answer(socket, {"type": "pong", "id": order.id, "code": 0, "ts": self._ms()})
        elif order.method == "unsubscribe_all":
            client.coins.clear()
            self._acknowledge(socket, order, client, duplicate=False)
        elif order.method not in ("subscribe", "unsubscribe"):
            self._error(socket, order.id, "2402", f"Unknown method {order.method}")
        elif order.channel != CHANNEL:
            self._error(socket, order.id, "2201", f"Unknown channel {order.channel}")
        else:
            self._subscribe(socket, order, client)

    def _subscribe(self, socket: Socket, order: Order, client: Client) -> None:
        wanted, known = order.params.crypto_ids, [coin.number for coin in COINS]
        unknown = [str(at) for at in wanted if at not in known]
        duplicate = bool(wanted) and all(at in client.coins for at in wanted)
        if not wanted or unknown:
            self._error(socket, order.id, "2202", f"Invalid crypto_ids: {', '.join(unknown)}")
            return
        for at in wanted:
            if order.method == "subscribe":
                client.coins.setdefault(at, "")
            else:
                client.coins.pop(at, None)
        self._acknowledge(socket, order, client, duplicate=order.method == "subscribe" and duplicate)
        self._push(socket, client)

    def _acknowledge(self, socket: Socket, order: Order, client: Client, *, duplicate: bool) -> None:
        answer: dict[str, object] = {
            "type": "ack",
            "id": order.id,
            "code": 0,
            "msg": "ok",
            "channel": CHANNEL,
            "sub_count": len(client.coins),
            "sub_limit": MOST_SUBSCRIPTIONS,
        }
        if duplicate:
            answer["duplicate"] = True
        self._answer(socket, answer)

    def _error(self, socket: Socket, at: int | str | None, code: str, message: str) -> None:
        status = {
            "timestamp": iso(self.stamp_ns(), 3),
            "error_code": code,
            "category": "PROTOCOL" if code.startswith("24") else "SUBSCRIPTION",
            "error_message": message,
            "error_detail": message,
        }
        self._answer(socket, {"type": "error", "id": at, "status": status})

    def _answer(self, socket: Socket, data: Mapping[str, object]) -> None:
        self.tell(socket, text(data))

    def second(self) -> None:
        """Push what was made anew."""
        for socket, client in list(self._clients.items()):
            self._push(socket, client)

    def _push(self, socket: Socket, client: Client) -> None:
        now_ns, stamp_ns = self.market.now_ns(), self.stamp_ns()
        for coin in COINS:
            told = client.coins.get(coin.number)
            quoted = self._averages.quoted(coin, "USD", self.mid, now_ns, stamp_ns)
            mark = f"{quoted.made_ns}"
            if told is None or told == mark:
                continue
            client.coins[coin.number] = mark
            unknown = ("p7d", "p30d", "p60d", "p3m", "p1y", "pytd", "pall")
            data: dict[str, object] = {
                "cid": coin.number,
                "p": number(quoted.price),
                "vu": number(quoted.volume),
                "mc": number(quoted.cap),
                "cs": coin.supply,
                "p24h": 0.0,
                **dict.fromkeys(unknown),
                "fdv24h": None,
            }
            push = {
                "type": "data",
                "channel": CHANNEL,
                "params": {"crypto_ids": coin.number},
                "data": data,
                "ts": quoted.made_ns // MS,
            }
            self.tell(socket, text(push), f"{CHANNEL}:{coin.number}")

    def _ms(self) -> int:
        return self.stamp_ns() // MS

    # ------------------------------------------------------------ REST

    def respond(self, asked: Asked) -> Reply:
        return self._check_key(asked) or self._out_of_credits(asked) or self._rest.respond(asked)

    def _out_of_credits(self, asked: Asked) -> Reply | None:
        if not self.faults.on("out_of_credits"):
            return None
        code = 1009 if self.faults.amount("out_of_credits") == 1009 else 1010
        span = "daily" if code == 1009 else "monthly"
        message = f"You've exceeded your API Key's {span} credit limit."
        return failure(asked, 429, code, message, self.stamp_ns())

    def too_many(self, asked: Asked, retry_after_s: int) -> Reply:
        message = "You've exceeded your API Key's HTTP request rate limit. Rate limits reset every minute."
        return failure(asked, 429, 1008, message, self.stamp_ns(), {"Retry-After": str(retry_after_s)})

    def _check_key(self, asked: Asked) -> Reply | None:
        code = self._wrong_key(asked.headers, asked.query)
        return failure(asked, 401, code, _WRONG_KEY[code], self.stamp_ns()) if code else None

    def _wrong_key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> int:
        """What is wrong with a key, by CoinMarketCap's number; 0 for nothing."""
        told = headers.get("x-cmc_pro_api_key") or query.get("CMC_PRO_API_KEY", "")
        if not told:
            return 1002
        return 1001 if self._keys and told not in self._keys else 0
