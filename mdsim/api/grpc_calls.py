"""How a method of a service is served: its request is read, its errors get their status and details."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeAlias, TypeVar
from urllib.parse import unquote

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from mdsim.api.grpc_errors import Context, refuse
from mdsim.api.problems import RequestError
from mdsim.api.routes import Call

Request = TypeVar("Request", bound=Message)
Answer = TypeVar("Answer", bound=Message)
Around: TypeAlias = Callable[[str, Mapping[str, str]], AbstractContextManager[object]]
Handlers: TypeAlias = "dict[str, grpc.RpcMethodHandler[bytes, bytes]]"


def unwatched(_method: str, _headers: Mapping[str, str]) -> AbstractContextManager[object]:
    """Nobody looks at a call."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Calls:
    """How the methods of one service are served.

    Attributes:
        service: full name.
        around: entered around every call with its method and its headers, on the gRPC thread, such as for a
            span that continues a ``traceparent``.
    """

    service: str
    around: Around = unwatched

    def unary(
        self,
        name: str,
        shape: type[Request],
        answer: Callable[[Request, Context], Awaitable[Message]],
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        """A method that answers once."""
        method = f"{self.service}/{name}"

        async def handle(raw: bytes, context: Context) -> bytes:
            try:
                with self.around(method, headers(context)):
                    return (await answer(_read(shape, raw), context)).SerializeToString()
            except (asyncio.CancelledError, grpc.aio.AbortError):
                raise
            except Exception as error:
                await refuse(context, error, method)
                raise  # for the type checker: refuse has ended the call

        return grpc.unary_unary_rpc_method_handler(handle)

    def streaming(
        self,
        name: str,
        shape: type[Request],
        answer: Callable[[Request, Context], Awaitable[None]],
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        """A method that writes its messages, already as bytes, with ``context.write``."""
        method = f"{self.service}/{name}"

        async def handle(raw: bytes, context: Context) -> None:
            try:
                with self.around(method, headers(context)):
                    await answer(_read(shape, raw), context)
            except (asyncio.CancelledError, grpc.aio.AbortError):
                raise
            except Exception as error:
                await refuse(context, error, method)

        return grpc.unary_stream_rpc_method_handler(handle)


def headers(context: Context) -> dict[str, str]:
    """The text metadata of a call, by lower-case name; of a repeated name the last counts."""
    found = context.invocation_metadata() or ()
    return {key: value for key, value in found if isinstance(value, str)}


def http_call(context: Context, method: str) -> Call:
    """A call in the words of HTTP, for the rules that both interfaces share.

    No browser can send gRPC without a page's server in between, so the name it was asked by is no matter.
    """
    return Call(
        "POST", method, {}, {}, headers(context) | {"host": "localhost"}, _peer(context), "http", _nothing
    )


def _peer(context: Context) -> str:
    """Address of ``ipv4:127.0.0.1:4711`` or ``ipv6:%5B::1%5D:4711``."""
    kind, _, rest = unquote(context.peer()).partition(":")
    return rest.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else ""


async def _nothing() -> bytes:
    return b""


def _read(shape: type[Request], raw: bytes) -> Request:
    try:
        return shape.FromString(raw)
    except DecodeError as error:
        raise RequestError(
            400,
            "MD430",
            f"the request is no mdsim.v1.{shape.__name__}",
            hint="read the .proto files under proto/mdsim/v1, or ask the server's reflection",
        ) from error
