"""The server that a verb asks: its address, and the token from the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
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


def connect(url: str, *, insecure: bool) -> Client:
    """A client of the server; its token is ``CHAOS_TOKEN``, as an option it would show in the process list.

    Raises:
        AddressError: the address or the token cannot be used.
    """
    from mdsim.client import Client

    return Client(url, os.environ.get(TOKEN) or None, insecure=insecure)


def ask(url: str, insecure: bool, work: Callable[[Client], Awaitable[None]]) -> None:
    """Do some work with a server, in a trio loop of its own."""
    import trio

    async def main() -> None:
        async with connect(url, insecure=insecure) as client:
            await work(client)

    trio.run(main)
