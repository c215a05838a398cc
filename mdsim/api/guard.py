"""Who may touch the market and look inside: the rules of the chaos and debug endpoints."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlsplit

from mdsim.api.problems import RequestError
from mdsim.api.routes import Call

_PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Security:
    """What the operator allows.

    Attributes:
        enabled: False takes the chaos and debug endpoints away (``CHAOS_ENABLED``).
        token: what a caller must show as ``Authorization: Bearer``; empty for none (``CHAOS_TOKEN``).
        bind: address the server listens on; without a token it must be a loopback one.
        origins: web origins beside the server's own that may read answers and call guarded endpoints,
            such as ``https://desk.example``.
    """

    enabled: bool = True
    token: str = field(default="", repr=False)
    bind: str = "127.0.0.1"
    origins: frozenset[str] = frozenset()


def authorize(call: Call, security: Security) -> None:
    """Let a call of a guarded endpoint pass, or refuse it.

    With a token, everybody shows it. Without one, only a caller on this machine passes, and only when the
    server listens on loopback, the name it was asked by is a loopback one (a page elsewhere can point a
    name of its own at 127.0.0.1) and no proxy stands between.

    Raises:
        RequestError: 404 when switched off, 403 for a foreign web page or a caller from elsewhere, 401
            for a token that is missing or wrong.
    """
    if not security.enabled:
        raise switched_off()
    if not own_origin(call) and call.headers.get("origin", "") not in security.origins:
        raise RequestError(
            403,
            "MD494",
            "the request comes from a web page of another origin",
            hint="call from the server's own pages or from outside a browser",
        )
    if security.token:
        _check_token(call, security.token)
    elif not _is_local(call, security):
        raise RequestError(
            403,
            "MD493",
            "without a token this endpoint answers on the loopback address alone",
            hint="set CHAOS_TOKEN on the server and send it as 'Authorization: Bearer …'",
        )


def switched_off() -> RequestError:
    """The refusal of a guarded endpoint that the operator has taken away."""
    return RequestError(
        404,
        "MD491",
        "chaos and debug endpoints are switched off on this server",
        hint="start the server with CHAOS_ENABLED=true",
    )


def own_origin(call: Call) -> bool:
    """Whether a browser sent this from the server's own pages, or no browser sent it."""
    origin = call.headers.get("origin")
    if origin is None:
        return call.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    _, _, place = origin.partition("://")
    return bool(place) and place.lower() == call.headers.get("host", "").lower()


def is_loopback(host: str) -> bool:
    """Whether a name or address, without a port, means this machine alone."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _is_local(call: Call, security: Security) -> bool:
    try:
        asked = urlsplit(f"//{call.headers.get('host', '')}").hostname or ""
    except ValueError:  # a bracket that is not closed
        return False
    proxied = any(name in call.headers for name in _PROXIED)
    return is_loopback(security.bind) and is_loopback(call.peer) and is_loopback(asked) and not proxied


def _check_token(call: Call, token: str) -> None:
    scheme, _, shown = call.headers.get("authorization", "").partition(" ")
    given = shown.strip() if scheme.lower() == "bearer" else ""
    # The digests have one length, so the comparison tells nothing of the token's.
    same = hmac.compare_digest(_digest(given), _digest(token))
    if same and given:
        return
    raise RequestError(
        401,
        "MD492",
        "the token is wrong" if given else "this endpoint needs a token",
        hint="send the server's CHAOS_TOKEN as 'Authorization: Bearer …'",
        headers={"WWW-Authenticate": 'Bearer realm="mdsim"'},
    )


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogateescape")).digest()
