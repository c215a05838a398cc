"""Errors of the gRPC interface: a status, and details with the same code that REST gives."""

from __future__ import annotations

import logging
from typing import TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from mdsim._proto.v1 import errors_pb2 as pb
from mdsim.api.asyncio_island import BusyError, StoppingError
from mdsim.api.problems import ProblemDocument, reply_of
from mdsim.core.errors import InternalError, MdsimError
from mdsim.publish.hub import FullError

DOMAIN = "mdsim"
DETAILS = "grpc-status-details-bin"
MESSAGE_MOST = 1_024
"""Bytes of a status message; headers are small, and the details hold the rest."""
PROBLEMS_MOST = 20
"""Problems of one playbook that are told; the trailers of many clients are bounded at 8 KiB."""

_LOG = logging.getLogger("mdsim.api.grpc")
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    409: grpc.StatusCode.FAILED_PRECONDITION,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    501: grpc.StatusCode.UNIMPLEMENTED,
    503: grpc.StatusCode.UNAVAILABLE,
}
_OWN: dict[type[MdsimError], grpc.StatusCode] = {
    BusyError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    FullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    StoppingError: grpc.StatusCode.UNAVAILABLE,
}
"""Errors that REST does not have."""

Context: TypeAlias = "grpc.aio.ServicerContext[Message, Message]"


class SlowError(MdsimError):
    """A stream whose reader takes nothing."""


class DownError(MdsimError):
    """A stream that a playbook keeps down."""


class ResetError(MdsimError):
    """A stream that a playbook ends as a broken connection would: its caller is told nothing."""


_OWN[SlowError] = grpc.StatusCode.RESOURCE_EXHAUSTED
_OWN[DownError] = grpc.StatusCode.UNAVAILABLE


async def refuse(context: Context, error: BaseException, method: str) -> None:
    """End a call with an error; never returns. What must not happen is told to the log alone."""
    if isinstance(error, ResetError):
        await context.abort(grpc.StatusCode.CANCELLED)
    if not isinstance(error, MdsimError):
        _LOG.error("%s failed", method, exc_info=error)
        error = InternalError("MD483", "")
    code, detail = described(error, method)
    status = Status(code=code.value[0], message=detail.message)
    for part in (ErrorInfo(reason=detail.code, domain=DOMAIN), detail):
        status.details.add().Pack(part)
    await context.abort(code, detail.message, ((DETAILS, status.SerializeToString()),))


def described(error: MdsimError, method: str) -> tuple[grpc.StatusCode, pb.ErrorDetail]:
    """The status and the details of an error; an internal one keeps its message to itself."""
    own = _OWN.get(type(error))
    if own is not None:
        return own, pb.ErrorDetail(code=error.code, message=error.message, help=error.hint)
    document = reply_of(error, method).body
    assert isinstance(document, ProblemDocument)
    code = _CODES.get(document.status, grpc.StatusCode.INTERNAL)
    message = document.detail.encode()[:MESSAGE_MOST].decode(errors="ignore")
    found = [
        pb.FieldProblem(
            field=flaw.field,
            code=flaw.code,
            detail=flaw.detail,
            help=flaw.help,
            line=flaw.line,
            column=flaw.column,
        )
        for flaw in document.errors[:PROBLEMS_MOST]
    ]
    return code, pb.ErrorDetail(code=document.code, message=message, help=document.help, errors=found)
