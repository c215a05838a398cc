"""Binance's control messages on a market stream, and how it refuses what it cannot read."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from mdsim.testkit.frames import text as written

METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_ID = re.compile(r"[A-Za-z0-9-]{1,36}", re.ASCII)
_STREAM = re.compile(r"!?[A-Za-z0-9_]+@[A-Za-z0-9_@:+]+", re.ASCII)


class RefusedError(Exception):
    """What a message that cannot be taken is answered with.

    Attributes:
        text: the frame.
    """

    def __init__(self, code: int, message: str, at: int | str | None) -> None:
        super().__init__(message)
        self.text = written({"error": {"code": code, "msg": message}, "id": at})


@dataclass(frozen=True, slots=True)
class Control:
    """A control message.

    Attributes:
        id: as it came, so that it goes back with its own type.
        names: streams.
        flag: of SET_PROPERTY.
    """

    method: str
    id: int | str | None
    names: tuple[str, ...] = ()
    flag: bool = False


def read(raw: str) -> Control:
    """Read a message.

    Raises:
        RefusedError: with the answer that says why.
    """
    try:
        asked = msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.DecodeError:
        raise RefusedError(3, "Invalid JSON: expected value at line 1 column 1", None) from None
    at = asked.get("id")
    if at is not None and not (
        (isinstance(at, int) and not isinstance(at, bool)) or (isinstance(at, str) and _ID.fullmatch(at))
    ):
        raise RefusedError(2, "Invalid request: request ID must be an unsigned integer", None)
    assert at is None or isinstance(at, int | str)
    method = asked.get("method")
    if method is None:
        raise RefusedError(2, f"Invalid request: missing field `method` at line 1 column {len(raw)}", at)
    if not isinstance(method, str) or method not in METHODS:
        known = ", ".join(f"`{name}`" for name in METHODS)
        message = f"Invalid request: unknown variant `{method}`, expected one of {known} at line 1 column 28"
        raise RefusedError(2, message, at)
    params = asked.get("params", [])
    if not isinstance(params, list):
        raise RefusedError(2, "Invalid request: invalid stream", at)
    if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
        return Control(method, at, _streams(params, at))
    if method in ("SET_PROPERTY", "GET_PROPERTY"):
        if not params or not isinstance(params[0], str):
            raise RefusedError(2, "Invalid request: property name must be a string", at)
        if params[0] != "combined":
            raise RefusedError(0, "Unknown property", at)
        if method == "SET_PROPERTY":
            if len(params) != 2 or not isinstance(params[1], bool):
                raise RefusedError(1, "Invalid value type: expected Boolean", at)
            return Control(method, at, flag=params[1])
    elif params:
        raise RefusedError(2, "Invalid request: too many parameters", at)
    return Control(method, at)


def _streams(params: list[object], at: int | str | None) -> tuple[str, ...]:
    """Well-formed names pass, whether or not the symbol exists."""
    names = tuple(name for name in params if isinstance(name, str) and _STREAM.fullmatch(name))
    if not params or len(names) != len(params):
        raise RefusedError(2, "Invalid request: invalid stream", at)
    return names
