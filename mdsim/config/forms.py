"""Reading texts that only a configuration holds: addresses, paths, names, keys."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from mdsim.config.grammar import Form
from mdsim.core.numerals import Flaw

_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_ASSET = re.compile(r"[A-Z0-9]{1,15}")
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
_TEXT_MOST = 2_000


UNSHOWN = "MD456"
"""The code of a value that must not be shown, whatever key it stands under."""


def read(form: Form, text: str) -> str | Flaw:
    """A text of a form, or why it is none; a flaw of a secret never repeats it."""
    if not text.strip():
        return Flaw("MD029", "is empty", "write a value, or remove the key")
    if len(text) > _TEXT_MOST:
        return Flaw("MD027", "is too long", f"write at most {_TEXT_MOST} characters")
    return _READERS[form](text)


def is_loopback(host: str) -> bool:
    """Whether a name or address means this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def plaintext_abroad(url: str) -> bool:
    """Whether an address would send in clear beyond this machine."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "ws") and not is_loopback(parts.hostname or "")


def names_a_secret(variable: str) -> bool:
    """Whether a variable's name says that it holds a key, a token or a password."""
    return _SECRET_NAME.search(variable) is not None


def shown_url(url: str) -> str:
    """An address for people and logs: values of its query are not shown, they may be keys."""
    head, question, query = url.partition("?")
    return head + (question + re.sub(r"=[^&]*", "=…", query))


def _bind(text: str) -> str | Flaw:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        pass
    if _HOST.fullmatch(text) and not re.fullmatch(r"[0-9.]+", text):
        return text
    help_ = "write an address such as 127.0.0.1, or 0.0.0.0 for every interface"
    if re.fullmatch(r"[^:]+:[0-9]+", text):
        return Flaw("MD020", "is an address with a port", "write the port under server.port")
    return Flaw("MD020", "is no address to listen on", help_)


def _path(text: str) -> str | Flaw:
    if not text.isprintable():
        return Flaw("MD020", "is no path: it holds control characters", "write a path such as history/")
    return text


def _name(text: str) -> str | Flaw:
    if _NAME.fullmatch(text):
        return text
    return Flaw("MD020", "is no name", "names begin with a letter and hold letters, digits, -, _ and .")


def _asset(text: str) -> str | Flaw:
    if _ASSET.fullmatch(text):
        return text
    upper = text.strip().upper()
    help_ = f"write {upper}" if _ASSET.fullmatch(upper) else "write a code such as BTC"
    return Flaw("MD020", "is no code of an asset", help_)


def _secret(text: str) -> str | Flaw:
    if any(c.isspace() or not c.isprintable() or not c.isascii() for c in text):
        return Flaw("MD020", "holds spaces or characters that no key has", "look for a slip in copying it")
    return text


def _http(text: str) -> str | Flaw:
    return _address(text, ("http", "https"), "write an address such as http://127.0.0.1:4318")


def _stream(text: str) -> str | Flaw:
    return _address(
        text, ("http", "https", "ws", "wss"), "write an address such as https://api.example.com/v1"
    )


def _address(text: str, schemes: tuple[str, ...], example: str) -> str | Flaw:
    if re.search(r"//[^/?#]*@", text):  # first: no other flaw may show it
        return Flaw(UNSHOWN, "is an address with a password in it", "give the key as api_key: ${NAME}")
    if any(c.isspace() or not c.isprintable() for c in text):
        return Flaw("MD020", "is no address: it holds spaces or control characters", example)
    try:
        parts: SplitResult = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:  # a port or an IPv6 host that cannot be read
        return Flaw("MD020", "is no address", example)
    if parts.scheme not in schemes:
        bare = re.fullmatch(r"[A-Za-z0-9.-]+(?::[0-9]+)?(?:/\S*)?", text)
        written = f"write {schemes[-1] if 'wss' not in schemes else 'https'}://{text}"
        return Flaw("MD020", f"does not begin with {' or '.join(schemes)}", written if bare else example)
    if not host or port == 0:
        return Flaw("MD020", "is an address without a host or with port 0", example)
    return text


_READERS: dict[Form, Callable[[str], str | Flaw]] = {
    Form.BIND: _bind,
    Form.PATH: _path,
    Form.HTTP: _http,
    Form.STREAM: _stream,
    Form.NAME: _name,
    Form.ASSET: _asset,
    Form.SECRET: _secret,
}
