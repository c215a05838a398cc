"""Requests: keys in turn and never shown, no way to another host, whatever goes wrong is an answer."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from mdsim.core.secret import Secret
from mdsim.core.time import SECOND
from mdsim.providers.fetching import MOST_WAITING, Access, Fetcher, open_client
from mdsim.providers.link import ANSWER_NS, Link
from mdsim.providers.quota import Quota
from mdsim.providers.session import Answer, Fetch, Session, SessionRequest
from mdsim.providers.tap import Tap
from mdsim.providers.wire import Heard

Handler = Callable[[httpx.Request], httpx.Response]


class Asking(Session):
    """A session that keeps its answers."""

    def __init__(self) -> None:
        super().__init__(SessionRequest("coingecko", "https://api.example.com", ()))
        self.answers: list[Answer] = []

    def start(self, now_ns: int) -> None:
        pass

    def fetched(self, answer: Answer) -> tuple[()]:
        self.answers.append(answer)
        return ()


class Bench:
    """A fetcher whose requests a handler answers."""

    def __init__(self, handler: Handler, per_minute: int = 6_000, **access: Any) -> None:
        self.heard: list[Heard] = []
        self.session = Asking()
        self.link = Link(self.session, 1, lambda _reports: None)
        self.now: Callable[[], int] = lambda: round(trio.current_time() * SECOND)
        tap = Tap(self.link.deliver, self.heard.append, self.now)
        keys = access.get("keys", ())
        self.quota = Quota(per_minute, max(1, len(keys)))
        told = Access(base="https://api.example.com", per_minute=per_minute, **access)
        client = open_client(told, ssl.create_default_context(), httpx.MockTransport(handler))
        self.fetcher = Fetcher(told, self.quota, client, tap, "coingecko", self.now)

    def ask(self, *fetches: Fetch) -> None:
        """What a session's actions come to."""
        for fetch in fetches:
            self.session.ask(fetch)
        for action in self.link.turn(self.now()):
            assert isinstance(action, Fetch)
            self.fetcher.put(self.link, action)

    async def work(self, seconds: float) -> None:
        """Let it work for a while."""
        with trio.move_on_after(seconds):
            await self.fetcher.run()


async def test_keys_take_turns_in_their_header_and_are_not_recorded(autojump_clock: MockClock) -> None:
    """Each request carries the next key; what the recorder gets holds none."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["x-cg-demo-api-key"])
        return httpx.Response(200, json={"ok": 1})

    keys = (Secret("alpha"), Secret("beta"))
    bench = Bench(answer, keys=keys, key_header="x-cg-demo-api-key")
    bench.ask(*(Fetch(f"/p?n={at}", f"t{at}") for at in range(4)))
    await bench.work(5)
    assert seen == ["alpha", "beta", "alpha", "beta"]
    assert [answer.status for answer in bench.session.answers] == [200] * 4
    assert "alpha" not in repr(bench.heard)


async def test_requests_wait_for_the_quota(autojump_clock: MockClock) -> None:
    """Forty a minute: ten at once, the rest two seconds apart."""
    bench = Bench(lambda _request: httpx.Response(200), per_minute=40)
    bench.ask(*(Fetch("/p", f"t{at}") for at in range(13)))
    await bench.work(10)
    assert [round(answer.now_ns / SECOND) for answer in bench.session.answers] == [0] * 10 + [2, 4, 6]


async def test_a_redirect_to_another_host_is_not_followed(autojump_clock: MockClock) -> None:
    """Neither host nor scheme nor port may change; a path on the same one is fine."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        goal = {
            "/host": "https://evil.example.org/x",
            "/scheme": "http://api.example.com/x",
            "/port": "https://api.example.com:8443/x",
            "/path": "/fine",
            "/round": "/round",
        }.get(request.url.path)
        return (
            httpx.Response(200, content=b"here")
            if goal is None
            else httpx.Response(302, headers={"location": goal})
        )

    bench = Bench(answer)
    bench.ask(*(Fetch(path, path) for path in ("/host", "/scheme", "/port", "/path", "/round")))
    await bench.work(5)
    answers = {answer.tag: answer for answer in bench.session.answers}
    for path in ("/host", "/scheme", "/port"):
        assert (answers[path].status, answers[path].body) == (
            0,
            b"it redirects to another host, which is not followed",
        )
    assert (answers["/path"].status, answers["/path"].body) == (200, b"here")
    assert answers["/round"].body == b"it redirects without end"
    assert not any("evil" in url or url.startswith("http:") or "8443" in url for url in seen)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (httpx.ConnectError("secret-host-detail"), b"ConnectError"),
        (httpx.ReadTimeout("x"), b"ReadTimeout"),
        (httpx.RemoteProtocolError("x"), b"RemoteProtocolError"),
        (ssl.SSLError("x"), b"SSLError"),
    ],
)
async def test_what_goes_wrong_is_an_answer_without_details(
    autojump_clock: MockClock, error: Exception, says: bytes
) -> None:
    """The session hears status 0 and the kind of the error alone."""

    def answer(_request: httpx.Request) -> httpx.Response:
        raise error

    bench = Bench(answer)
    bench.ask(Fetch("/p", "t"))
    await bench.work(5)
    (heard,) = bench.session.answers
    assert (heard.status, heard.body) == (0, says)


async def test_the_provider_s_own_count_opens_the_breaker(autojump_clock: MockClock) -> None:
    """A used weight of nine tenths holds everything back until the next minute."""
    bench = Bench(
        lambda _request: httpx.Response(200, headers={"X-MBX-USED-WEIGHT-1M": "5500"}),
        used_header="x-mbx-used-weight-1m",
    )
    bench.ask(Fetch("/p", "first"))
    await bench.work(5)
    bench.ask(Fetch("/p", "second"))
    await bench.work(50)
    assert [answer.tag for answer in bench.session.answers] == ["first"]
    assert bench.quota.tripped == 1
    await bench.work(10)
    assert [answer.tag for answer in bench.session.answers] == ["first", "second"]


async def test_the_queue_is_bounded_and_a_forgotten_request_gets_its_answer(
    autojump_clock: MockClock,
) -> None:
    """Past the bound the oldest fall out; their session hears within a minute that nothing came."""
    bench = Bench(lambda _request: httpx.Response(200))
    bench.quota.answered(0, 418, {"retry-after": "7200"}, 0)
    bench.ask(*(Fetch("/p", f"t{at}") for at in range(MOST_WAITING + 5)))
    await bench.work(ANSWER_NS / SECOND + 1)
    assert bench.fetcher.given_up == 5
    bench.link.turn(bench.now())
    assert len(bench.session.answers) == MOST_WAITING + 5
    assert {answer.status for answer in bench.session.answers} == {0}
    bench.ask(Fetch("/p", "new"))
    assert len(bench.fetcher._waiting) == 1  # what nobody waits for any more is gone


async def test_a_late_answer_is_nobody_s(autojump_clock: MockClock) -> None:
    """The session was told that none came; the answer that comes after all is not told as well."""

    async def slow(_request: httpx.Request) -> httpx.Response:
        await trio.sleep(15)
        return httpx.Response(200)

    bench = Bench(slow)  # type: ignore[arg-type]
    bench.ask(Fetch("/p", "t"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bench.work, 20)
        await trio.sleep(1)
        bench.link.turn(ANSWER_NS + 1)
    assert [answer.status for answer in bench.session.answers] == [0]
    assert len(bench.heard) == 1
