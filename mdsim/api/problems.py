"""Problem documents (RFC 9457): every error of the HTTP interface in one shape with a stable code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Protocol, runtime_checkable

import msgspec

from mdsim.api.routes import PROBLEM, Reply
from mdsim.core.codes import CODES
from mdsim.core.errors import (
    BusyError,
    ConflictError,
    ExitCode,
    InternalError,
    LimitError,
    MdsimError,
    NotFoundError,
    Problem,
    UnavailableError,
)


class Flawed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing wrong with a request: a field, or a place in a playbook (line and column from 1)."""

    field: str
    code: str
    detail: str
    help: str = ""
    line: int = 0
    column: int = 0


class ProblemDocument(msgspec.Struct, frozen=True):
    """An error, as RFC 9457 writes it; ``code`` is what `mdsim explain` and this server's `type` explain."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    help: str = ""
    errors: tuple[Flawed, ...] = ()


class RequestError(MdsimError):
    """A request that is refused.

    Attributes:
        status: of HTTP.
        errors: every field that is wrong, in the order of the request.
        headers: further ones that the status asks for, such as ``Allow``.
    """

    exit_code = ExitCode.USAGE

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        hint: str = "",
        errors: Sequence[Flawed] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, message, hint=hint)
        self.status = status
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def field_error(field: str, detail: str, *, code: str = "MD485", help: str = "") -> RequestError:  # noqa: A002
    """A refusal with 422 that names one field."""
    return fields_error([Flawed(field, code, detail, help)])


def fields_error(errors: Sequence[Flawed]) -> RequestError:
    """A refusal with 422 that names every field that is wrong; there is at least one."""
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return RequestError(
        422, first.code, f"{first.field}: {first.detail}{more}", hint=first.help, errors=errors
    )


class _Place(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _Diagnostic(Protocol):
    @property
    def problem(self) -> Problem: ...
    @property
    def place(self) -> _Place: ...


@runtime_checkable
class Diagnosed(Protocol):
    """An error that holds every problem of a playbook; this room does not know the playbook's own."""

    @property
    def diagnostics(self) -> Sequence[_Diagnostic]: ...


def reply_of(error: MdsimError, instance: str) -> Reply:
    """The answer that tells an error; an internal one keeps its message to itself.

    ``instance`` is the path of the request.
    """
    if isinstance(error, RequestError):
        document = _document(error, error.status, instance, error.errors)
        return Reply(document, error.status, PROBLEM, error.headers)
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return broken(instance)
    return Reply(_document(error, status, instance, _diagnoses(error)), status, PROBLEM)


def broken(instance: str) -> Reply:
    """The answer to what must not happen: no word of what went wrong inside."""
    error = RequestError(
        500,
        "MD483",
        "the server broke on this request",
        hint="the server's log holds the details; please report them",
    )
    return Reply(_document(error, 500, instance, ()), 500, PROBLEM)


def status_of(error: MdsimError) -> int:
    """The HTTP status of an error of the other rooms."""
    if isinstance(error, RequestError):
        return error.status
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            return int(status)
    return int(_BY_EXIT.get(error.exit_code, HTTPStatus.INTERNAL_SERVER_ERROR))


def _document(error: MdsimError, status: int, instance: str, errors: tuple[Flawed, ...]) -> ProblemDocument:
    known = CODES.get(error.code)
    return ProblemDocument(
        type=f"/problems/{error.code}",
        title=known.title if known else HTTPStatus(status).phrase,
        status=status,
        detail=error.message,
        instance=instance,
        code=error.code,
        help=error.hint,
        errors=errors,
    )


def _diagnoses(error: MdsimError) -> tuple[Flawed, ...]:
    if not isinstance(error, Diagnosed):
        return ()
    return tuple(
        Flawed(
            "/".join(str(part) for part in found.problem.at),
            found.problem.code,
            found.problem.message,
            found.problem.help,
            found.place.line,
            found.place.column,
        )
        for found in error.diagnostics
        if not found.problem.warning
    )


_STATUS: dict[type[MdsimError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    BusyError: HTTPStatus.TOO_MANY_REQUESTS,
    LimitError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnavailableError: HTTPStatus.UNPROCESSABLE_ENTITY,
    InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_BY_EXIT = {
    ExitCode.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    ExitCode.USAGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ExitCode.BENCH_BROKE: HTTPStatus.SERVICE_UNAVAILABLE,
}
