"""What can go wrong between a client and its server."""

from __future__ import annotations

import ssl
from http import HTTPStatus

import msgspec

from mdsim.core.errors import (
    ConflictError,
    DataError,
    ExitCode,
    LimitError,
    MdsimError,
    NotFoundError,
    UsageError,
)


class AddressError(UsageError):
    """An address or a token that cannot be used; nothing was sent."""


class UnreachableError(DataError):
    """No server, no answer in time, or a connection that broke; asking again may help."""


class AnswerError(DataError):
    """Something answered, but not in the words of an mdsim server of this version."""


class StreamClosedError(DataError):
    """A stream ended although nobody here asked it to.

    Attributes:
        close_code: of the WebSocket: 1001 the server stops, 1013 the instrument has too many readers,
            4408 this reader was too slow; 1006 when the connection broke without a word.
    """

    def __init__(self, code: str, message: str, close_code: int, *, hint: str = "") -> None:
        super().__init__(code, message, hint=hint)
        self.close_code = close_code


def unreachable(origin: str, reason: str, cause: BaseException | None = None) -> UnreachableError:
    """The error that tells that a server could not be asked; ``cause`` tells whether TLS was in the way."""
    refused = _of_tls(cause)
    if isinstance(refused, ssl.SSLCertVerificationError):
        return UnreachableError(
            "MD586",
            f"the certificate of {origin} is not to be trusted: {refused.verify_message}",
            hint="name the certificate of its authority, or its own: --ca FILE, SSL_CERT_FILE, or tls=",
        )
    if refused is not None:
        return UnreachableError(
            "MD586",
            f"{origin} does not speak TLS as it should: {refused.reason or refused}",
            hint="is it http rather than https there?",
        )
    return UnreachableError(
        "MD504", f"{origin} {reason}", hint="is the server running there? 'mdsim serve' starts one"
    )


def _of_tls(error: BaseException | None) -> ssl.SSLError | None:
    """What TLS had to say in a chain of errors."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


class Flaw(msgspec.Struct, frozen=True):
    """One thing wrong with a request: a field of it, or a place in a playbook (from 1; 0 is no place)."""

    field: str = ""
    code: str = ""
    detail: str = ""
    help: str = ""
    line: int = 0
    column: int = 0


class RefusedError(MdsimError):
    """The server refuses; ``code``, message and ``hint`` are the server's own.

    Attributes:
        status: of HTTP; 0 when a message on a stream was refused.
        flaws: everything wrong with the request, as far as the server tells.
    """

    exit_code = ExitCode.USAGE

    def __init__(
        self, status: int, code: str, message: str, *, hint: str = "", flaws: tuple[Flaw, ...] = ()
    ) -> None:
        super().__init__(code, message, hint=hint)
        self.status = status
        self.flaws = flaws

    def __str__(self) -> str:
        if not any(flaw.line or len(self.flaws) > 1 for flaw in self.flaws):
            return super().__str__()
        lines = [f"error[{self.code}]: {self.message}"]
        for flaw in self.flaws:
            place = f"{flaw.line}:{flaw.column}: " if flaw.line else ""
            where = f"{flaw.field}: " if flaw.field and not flaw.line else ""
            lines.append(f"  {place}error[{flaw.code}]: {where}{flaw.detail}")
            lines += [f"    help: {flaw.help}"] if flaw.help else []
        return "\n".join(lines + ([f"help: {self.hint}"] if self.hint else []))


class InvalidRefusedError(RefusedError):
    """A value or a playbook is wrong."""

    exit_code = ExitCode.INVALID


class NotFoundRefusedError(RefusedError, NotFoundError):
    """An instrument, a run or a playbook that the server does not have."""

    exit_code = ExitCode.USAGE


class ConflictRefusedError(RefusedError, ConflictError):
    """Another run holds what this one would touch."""

    exit_code = ExitCode.LIMIT


class LimitRefusedError(RefusedError, LimitError):
    """A run would go past a limit of the server."""

    exit_code = ExitCode.LIMIT


class UnableRefusedError(RefusedError, DataError):
    """The server could not answer now: it has no prices yet, is too busy, or broke."""

    exit_code = ExitCode.BENCH_BROKE


class ProblemDocument(msgspec.Struct, frozen=True):
    """What an error over HTTP looks like (RFC 9457), as far as a client reads it."""

    title: str = ""
    detail: str = ""
    code: str = ""
    help: str = ""
    errors: tuple[Flaw, ...] = ()


_LIMITS = ("MD170", "MD171")
"""Codes of limits on how far and how long a plan may go; over HTTP they are a 422 as any other."""
_BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


def refused(status: int, raw: bytes) -> RefusedError:
    """The error that an answer with a bad status tells.

    Raises:
        AnswerError: it is no problem document, so what answered is not mdsim.
    """
    try:
        document = msgspec.json.decode(raw, type=ProblemDocument)
    except msgspec.MsgspecError:
        document = ProblemDocument()
    if not document.code:
        raise AnswerError(
            "MD503",
            f"what answered with status {status} is no mdsim server",
            hint="check the address; a proxy may stand between",
        )
    kind = _kind(status, document.code)
    message = document.detail or document.title
    return kind(status, document.code, message, hint=document.help, flaws=document.errors)


def _kind(status: int, code: str) -> type[RefusedError]:
    if code in _LIMITS:
        return LimitRefusedError
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundRefusedError
    if status == HTTPStatus.CONFLICT:
        return ConflictRefusedError
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return InvalidRefusedError
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _BUSY:
        return UnableRefusedError
    return RefusedError
