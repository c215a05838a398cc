"""Requests to a provider's REST address: within its quota, over kept connections, never led elsewhere."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import trio

from mdsim.core.secret import Secret
from mdsim.providers.connect import is_loopback, read_address
from mdsim.providers.link import Link
from mdsim.providers.quota import Quota
from mdsim.providers.session import Fetch
from mdsim.providers.tap import Tap
from mdsim.providers.waiting import Now, wait
from mdsim.providers.wire import ANSWER, Heard

TIMEOUT_S = 20.0
MOST_BYTES = 32 << 20
MOST_WAITING = 256
"""Requests that wait for the quota; past it the oldest is given up: its session hears that none came."""
MOST_REMEMBERED = 512
MOST_HOPS = 3
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Access:
    """How a source's REST address is asked.

    Attributes:
        base: without a slash at the end.
        keys: used in turn; ``key_header`` names the header that carries one, empty for none.
        used_header: header that tells how much of the minute's quota is used, empty for none.
        by_request: every request counts one, whatever the provider says that it costs.
    """

    base: str
    keys: tuple[Secret, ...] = ()
    key_header: str = ""
    used_header: str = ""
    per_minute: int = 0
    by_request: bool = False


def open_client(
    access: Access, tls: ssl.SSLContext, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    """A client for one provider; proxies of the environment are honoured, but not on this machine."""
    return httpx.AsyncClient(
        verify=tls,
        transport=transport,
        trust_env=not is_loopback(read_address(access.base).host),
        follow_redirects=False,
        timeout=TIMEOUT_S,
        headers={"accept": "application/json"},
    )


class Fetcher:
    """Does the fetches of one source.

    Attributes:
        given_up: requests that fell out of the queue.
    """

    def __init__(
        self,
        access: Access,
        quota: Quota,
        client: httpx.AsyncClient,
        tap: Tap,
        source: str,
        now: Now,
        on_limited: Callable[[int], None] = lambda _status: None,
    ) -> None:
        """Nothing is asked yet; ``on_limited`` is told the status of an answer that says: too often."""
        self._access = access
        self._quota = quota
        self._client = client
        self._tap = tap
        self._source = source
        self._now = now
        self._on_limited = on_limited
        self._waiting: dict[tuple[int, str], tuple[Link, Fetch]] = {}
        self._changed = trio.Event()
        self._keys: dict[str, int] = {}
        self.given_up = 0

    def put(self, link: Link, fetch: Fetch) -> None:
        """Queue a fetch; one with the same tag takes the place of the older."""
        self._waiting = {at: job for at, job in self._waiting.items() if job[0].awaits(job[1].tag)}
        if len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.given_up += 1
        self._waiting[link.number, fetch.tag] = (link, fetch)
        self._changed.set()

    def key_of(self, tag: str) -> int | None:
        """Which key the newest fetch of a tag went out with; None when there was none."""
        return self._keys.get(tag)

    async def run(self) -> None:
        """Work the queue off, a few at a time."""
        async with trio.open_nursery() as nursery:
            for _ in range(WORKERS):
                nursery.start_soon(self._work)

    async def _work(self) -> None:
        while True:
            if not self._waiting:
                self._changed = trio.Event() if self._changed.is_set() else self._changed
                await self._changed.wait()
                continue
            at, (link, fetch) = next(iter(self._waiting.items()))
            if not link.awaits(fetch.tag):
                del self._waiting[at]
                continue
            now_ns = self._now()
            cost = 1 if self._access.by_request else fetch.cost
            key = self._quota.take(cost, now_ns)
            if key is None:
                await wait(trio.Event(), self._quota.ready_ns(cost, now_ns), self._now)
                continue
            del self._waiting[at]
            self._keys.pop(fetch.tag, None)
            self._keys[fetch.tag] = key
            if len(self._keys) > MOST_REMEMBERED:
                del self._keys[next(iter(self._keys))]
            self._tap.heard(await self._ask(link, fetch, key))

    async def _ask(self, link: Link, fetch: Fetch, key: int) -> Heard:
        headers = {}
        if self._access.keys and self._access.key_header:
            headers[self._access.key_header] = self._access.keys[key].reveal()
        status, answer_headers, body = await self._get(self._access.base + fetch.path, headers)
        now_ns = self._now()
        self._quota.answered(key, status, answer_headers, now_ns)
        if status in (418, 429):
            self._on_limited(status)
        used = answer_headers.get(self._access.used_header, "") if self._access.used_header else ""
        if used.isascii() and used.isdigit():
            self._quota.used(int(used), self._access.per_minute, now_ns)
        return Heard(
            self._source, link.number, now_ns, ANSWER, body, fetch.tag, fetch.path, status, answer_headers
        )

    async def _get(self, url: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """One GET; what went wrong is status 0 and a reason, without anything secret."""
        try:
            with trio.fail_after(TIMEOUT_S):
                for _ in range(MOST_HOPS):
                    async with self._client.stream("GET", url, headers=headers) as response:
                        if not response.is_redirect:
                            body = await _body(response)
                            return response.status_code, dict(response.headers.items()), body
                        goal = response.next_request.url if response.next_request is not None else None
                        here = response.request.url
                        if goal is None or (goal.scheme, goal.host, goal.port) != (
                            here.scheme,
                            here.host,
                            here.port,
                        ):
                            return 0, {}, b"it redirects to another host, which is not followed"
                        url = str(goal)
                return 0, {}, b"it redirects without end"
        except trio.TooSlowError:
            return 0, {}, b"no answer in time"
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, OSError) as error:
            return 0, {}, type(error).__name__.encode()


async def _body(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MOST_BYTES:
            message = "the answer is too long"
            raise ValueError(message)
        parts.append(part)
    return b"".join(parts)
