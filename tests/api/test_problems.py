"""Every error leaves as a problem document with a stable code, and tells nothing of the inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from quart.testing import WebsocketResponseError

from mdsim.api.problems import Flawed, ProblemDocument, RequestError, fields_error, reply_of, status_of
from mdsim.api.routes import PROBLEM, Call, Reply, Route
from mdsim.core.errors import (
    ConflictError,
    DataError,
    ExitCode,
    InternalError,
    LimitError,
    MdsimError,
    NotFoundError,
    Problem,
    UnavailableError,
    UsageError,
)

if TYPE_CHECKING:  # the fakes are fixtures; only their types are named here
    from tests.api.conftest import Ask, MakeApp


def told(error: MdsimError) -> ProblemDocument:
    """The document that an error becomes."""
    document = reply_of(error, "/chaos/playbooks").body
    assert isinstance(document, ProblemDocument)
    return document


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("MD351", "no such run"), 404),
        (ConflictError("MD352", "another run holds BTC-USD"), 409),
        (LimitError("MD353", "past max_deviation"), 422),
        (UnavailableError("MD253", "not measured"), 422),
        (UsageError("MD066", "no such parameter"), 422),
        (DataError("MD210", "no such dataset"), 503),
        (InternalError("MD901", "secret detail"), 500),
        (RequestError(418, "MD485", "teapot"), 418),
    ],
)
def test_each_kind_of_error_has_its_status(error: MdsimError, status: int) -> None:
    """Whose fault it is decides the status."""
    assert status_of(error) == status
    assert told(error).status == status


def test_an_error_keeps_its_code_message_and_hint() -> None:
    """Code and hint are the same as on the command line."""
    document = told(NotFoundError("MD351", "there is no run 'a'", hint="GET /chaos/active-scenarios"))

    assert (document.code, document.detail, document.help) == (
        "MD351",
        "there is no run 'a'",
        "GET /chaos/active-scenarios",
    )
    assert (document.type, document.instance) == ("/problems/MD351", "/chaos/playbooks")


def test_an_internal_error_tells_nothing() -> None:
    """What broke stands in the log, not in the answer."""
    document = told(InternalError("MD901", "a model produced the price nan at /srv/x.py"))

    assert document.code == "MD483"
    assert "nan" not in document.detail


def test_every_problem_of_a_playbook_is_listed_with_its_place() -> None:
    """All at once, in order, without warnings."""

    @dataclass
    class Place:
        line: int
        column: int

    @dataclass
    class Diagnostic:
        problem: Problem
        place: Place

    class BadPlaybookError(MdsimError):
        exit_code = ExitCode.INVALID
        diagnostics = (
            Diagnostic(Problem("MD051", "'wiat' is no key", ("steps", 0), "write wait"), Place(4, 5)),
            Diagnostic(Problem("MD110", "never ends", warning=True), Place(5, 1)),
            Diagnostic(Problem("MD021", "'5' has no unit", ("steps", 1, "wait")), Place(6, 11)),
        )

    document = told(BadPlaybookError("MD051", "inline.yaml:4:5: 'wiat' is no key"))

    assert document.status == 422
    assert document.errors == (
        Flawed("steps/0", "MD051", "'wiat' is no key", "write wait", 4, 5),
        Flawed("steps/1/wait", "MD021", "'5' has no unit", "", 6, 11),
    )


def test_several_fields_are_one_refusal() -> None:
    """The summary names the first field and counts the rest."""
    error = fields_error([Flawed("start", "MD485", "is no time"), Flawed("end", "MD485", "is no time")])

    assert error.message == "start: is no time (and 1 more)"
    assert [flaw.field for flaw in told(error).errors] == ["start", "end"]


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/api/v1/price/BTC-USD/current", "GET", 404, "MD480"),
        ("/health/", "GET", 404, "MD480"),
        ("/static/app.js", "GET", 404, "MD480"),
        ("/api/v1/symbols", "DELETE", 405, "MD481"),
        ("/api/v1/symbols", "BREW", 405, "MD481"),
        ("/problems/MD000", "GET", 404, "MD497"),
    ],
)
async def test_what_no_route_answers_is_a_problem_too(
    ask: Ask, path: str, method: str, status: int, code: str
) -> None:
    """Unknown paths and methods get the same shape as everything else."""
    answer = await ask(path, method)

    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == PROBLEM


async def test_a_websocket_at_another_path_is_refused_as_a_problem(make_rest: MakeApp) -> None:
    """A handshake where no stream is gets the same document as any other request."""
    client = make_rest().test_client()

    async with client.websocket("/api/v1/stream") as socket:
        with pytest.raises(WebsocketResponseError) as refused:
            await socket.receive()
    assert refused.value.response.status_code == 404
    assert b"MD480" in await refused.value.response.get_data(as_text=False)


async def test_a_wrong_method_names_the_right_ones(ask: Ask) -> None:
    """405 comes with Allow."""
    assert {"GET", "HEAD", "OPTIONS"} == set((await ask("/health", "PUT")).headers["allow"].split(", "))


async def test_an_unknown_path_names_the_nearest(ask: Ask) -> None:
    """A typo in a path is answered with the path that was meant."""
    assert "/api/v1/symbols" in str((await ask("/api/v1/symbol")).json()["help"])


async def test_a_body_is_at_most_256_kib(ask: Ask) -> None:
    """The size of the largest playbook passes, one byte more does not."""
    largest = b'{"channels": ["tick"], "symbols": ["BTC-USD"]}'.ljust(256 * 1024)

    assert (await ask("/api/v1/subscribe", "POST", body=largest)).status == 201
    answer = await ask("/api/v1/subscribe", "POST", body=largest + b" ")
    assert (answer.status, answer.json()["code"]) == (413, "MD482")


async def test_a_broken_handler_is_500_without_internals_and_is_reported(
    ask: Ask, make_rest: MakeApp
) -> None:
    """The caller learns nothing of the inside; the operator gets the exception."""
    failures: list[tuple[str, BaseException]] = []

    async def broken(_call: Call) -> Reply:
        raise ZeroDivisionError("secret detail")

    async def impossible(_call: Call) -> Reply:
        raise InternalError("MD901", "secret detail")

    app = make_rest(
        more=tuple(
            Route("GET", f"/{handler.__name__}", handler.__name__, "It breaks", "test", handler)
            for handler in (broken, impossible)
        ),
        on_failure=lambda call, error: failures.append((call.path, error)),
    )
    for path in ("/broken", "/impossible"):
        answer = await ask(path, app=app)
        assert (answer.status, answer.json()["code"]) == (500, "MD483")
        assert b"secret" not in answer.raw
    assert [(path, type(error)) for path, error in failures] == [
        ("/broken", ZeroDivisionError),
        ("/impossible", InternalError),
    ]


async def test_the_type_of_a_problem_can_be_read_at_this_server(ask: Ask) -> None:
    """`type` resolves to the text that `mdsim explain` prints."""
    told_type = str((await ask("/api/v1/prices/X/current")).json()["type"])
    answer = await ask(told_type)

    assert (answer.status, answer.json()["code"]) == (200, "MD484")
    assert str(answer.json()["text"]).endswith(".")
