"""Addresses and tokens."""

from __future__ import annotations

import pytest

from mdsim.client.address import check_token, parse
from mdsim.client.failures import AddressError


@pytest.mark.parametrize(
    ("url", "http", "ws"),
    [
        ("http://127.0.0.1:8082", "http://127.0.0.1:8082", "ws://127.0.0.1:8082"),
        ("localhost", "http://localhost:8082", "ws://localhost:8082"),
        ("http://[::1]:9000/", "http://[::1]:9000", "ws://[::1]:9000"),
        ("HTTPS://bench.example", "https://bench.example:443", "wss://bench.example:443"),
    ],
)
def test_an_origin_is_read_with_its_defaults(url: str, http: str, ws: str) -> None:
    """Scheme and port may be left out; the stream's origin follows."""
    address = parse(url)
    assert (address.http, address.ws) == (http, ws)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "ftp://localhost",
        "http://localhost:99999",
        "http://localhost/api",
        "http://a b",
        "http://[::1",
    ],
)
def test_what_is_no_origin_is_refused(url: str) -> None:
    """The message shows the address, and how one looks."""
    with pytest.raises(AddressError, match="MD500"):
        parse(url)


def test_a_password_in_an_address_is_not_repeated() -> None:
    """The refusal does not show what may be a secret."""
    with pytest.raises(AddressError) as caught:
        parse("https://me:hunter2@bench.example")
    assert "hunter2" not in str(caught.value)


def test_plain_http_stays_on_this_machine_unless_it_is_allowed() -> None:
    """Beyond loopback only https, or whoever takes the risk by name; a look-alike is no loopback."""
    for url in ("http://bench.example", "http://192.168.0.7:8082", "http://localhost.example"):
        with pytest.raises(AddressError, match="MD501"):
            parse(url)
    assert parse("http://bench.example", insecure=True).http == "http://bench.example:8082"


def test_a_token_that_no_header_holds_is_refused_without_showing_it() -> None:
    """A line break from a file is the usual case."""
    with pytest.raises(AddressError, match="MD502") as caught:
        check_token("hunter2\n")
    assert "hunter2" not in str(caught.value)
    assert check_token("s3cret-._~") == "s3cret-._~"
    assert check_token(None) == ""
