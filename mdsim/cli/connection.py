"""The server that a verb asks: its address, and the token from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdsim.core.errors import UsageError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from mdsim.client import Client

TOKEN = "CHAOS_TOKEN"  # noqa: S105 its name
DEFAULT = "http://127.0.0.1:8082"

Server = Annotated[
    str, typer.Option("--server", metavar="URL", envvar="MDSIM_SERVER", help="Where 'mdsim serve' runs.")
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Allow plain http beyond this machine: others may read and change it."),
]
Ca = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="Trust these certificates (PEM), instead of the system's."),
]


def connect(url: str, *, insecure: bool, ca: Path | None = None) -> Client:
    """A client of the server; its token is ``CHAOS_TOKEN``, as an option it would show in the process list.

    Args:
        url: its address.
        insecure: allow plain http beyond this machine.
        ca: certificates to trust; without it those of the system, or of ``SSL_CERT_FILE``.

    Raises:
        AddressError: the address or the token cannot be used.
        UsageError: the certificates cannot be used.
    """
    from mdsim.client import Client

    tls = None if ca is None else _trusting(ca)
    return Client(url, os.environ.get(TOKEN) or None, insecure=insecure, tls=tls)


def _trusting(ca: Path) -> ssl.SSLContext:
    import ssl

    hint = "name a file of certificates in PEM, such as the server's own --tls-cert"
    try:
        return ssl.create_default_context(cafile=str(ca))
    except ssl.SSLError:
        raise UsageError("MD585", f"{ca} holds no certificate in PEM", hint=hint) from None
    except OSError as error:
        raise UsageError("MD585", f"cannot read {ca}: {error.strerror}", hint=hint) from None


def ask(url: str, insecure: bool, work: Callable[[Client], Awaitable[None]], ca: Path | None = None) -> None:
    """Do some work with a server, in a trio loop of its own."""
    import trio

    async def main() -> None:
        async with connect(url, insecure=insecure, ca=ca) as client:
            await work(client)

    trio.run(main)
