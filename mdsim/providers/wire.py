"""What passes at the wire: every raw message and answer, for a recorder and for delivery faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from mdsim.core.impairing import Pipeline

OPENED, MESSAGE, ANSWER, CLOSED = "opened", "message", "answer", "closed"
TURNED = "turned"
"""The session was asked what it wants, or told that its time has come: a replay must do so then as well."""


class Heard(msgspec.Struct, frozen=True):
    """One thing that came from a provider, or that was done to the session of a connection.

    Attributes:
        source: the source's name; ``connection`` counts its connections from 1.
        recv_ns: when it reached us.
        kind: ``opened``, ``message``, ``answer``, ``turned`` or ``closed``.
        raw: the message or the answer's body as it came, or why a connection closed.
        tag, path, status, headers: of an answer.
    """

    source: str
    connection: int
    recv_ns: int
    kind: str
    raw: str | bytes = b""
    tag: str = ""
    path: str = ""
    status: int = 0
    headers: Mapping[str, str] = {}


Recorder = Callable[[Heard], None]
"""Gets everything that came, before any fault acts on it."""

WirePipeline = Pipeline[Heard]
"""What may stand between the wire and the sessions of one source."""


class SourceEvent(msgspec.Struct, frozen=True):
    """Something about a source that an operator wants in the log.

    Attributes:
        kind: ``connected``, ``lost``, ``replacing``, ``replaced``, ``refused``, ``limited``, ``key_refused``,
            ``off``, ``stale``, ``fresh`` or ``failover``.
        symbol: the instrument, empty for the whole source.
        detail: for people.
        was, leads: of a failover: who led and who leads now, each empty for nobody.
    """

    at_ns: int
    source: str
    kind: str
    symbol: str = ""
    detail: str = ""
    was: str = ""
    leads: str = ""


Tell = Callable[[SourceEvent], None]
