"""A source that is asked again and again over REST."""

from __future__ import annotations

import trio

from mdsim.core.time import SECOND
from mdsim.providers.backoff import Backoff
from mdsim.providers.link import Sink
from mdsim.providers.source import Source, SourceSpec, Surroundings
from mdsim.providers.waiting import wait
from mdsim.providers.wire import CLOSED, OPENED, Heard


class PollSource(Source):
    """Drives a polling session; its connections are kept and used again by the client."""

    def __init__(self, spec: SourceSpec, around: Surroundings, sink: Sink) -> None:
        super().__init__(spec, around, sink)
        self._backoff = Backoff(around.rng(spec.name))

    async def _work(self) -> None:
        now = self.around.now
        while self.health.state != "off":
            link = self._link()
            started_ns = now()
            self.tap.note(Heard(self.name, link.number, started_ns, OPENED))
            link.start(started_ns)
            end = await self._drive(link, None, lambda: None)
            self._drop(link)
            self.tap.note(Heard(self.name, link.number, now(), CLOSED, end.reason))
            if self.health.state == "off":
                break
            self.health.state, self.health.reason = "waiting", end.reason
            delay_ns = max(end.after_ns, self._backoff.next_ns(now() - started_ns))
            self.tell("lost", detail=f"{end.reason}; again in {delay_ns / SECOND:.1f} s")
            await wait(trio.Event(), now() + delay_ns, now)
        self.tell("off", detail=self.health.reason)
