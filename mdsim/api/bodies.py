"""Reading a JSON body, whatever its Content-Type says: plain ``curl -d`` must work."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from mdsim.api.problems import RequestError, field_error
from mdsim.api.routes import Call

BODY_MOST = 256 * 1024
"""Bytes of a body; the bound of a playbook, the largest thing that is ever sent."""

T = TypeVar("T")
_WHERE = re.compile(r"(.*) - at `(?:key in )?\$(.*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")


def unreadable(raw: bytes, error: Exception) -> RequestError:
    """What is told of a body that is no JSON, or no text."""
    if isinstance(error, UnicodeDecodeError):
        return RequestError(400, "MD489", "the body is not UTF-8 text", hint="save it as UTF-8")
    detail = "the body is empty" if not raw.strip() else f"the body is no JSON: {error}"
    return RequestError(400, "MD489", detail, hint="send one JSON object")


async def read_json(call: Call, shape: type[T]) -> T:
    """The body as ``shape``.

    Raises:
        RequestError: 400 when it is no JSON, 422 naming the field that does not fit, 413 when too large.
    """
    raw = await call.read()
    try:
        return msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        found = _WHERE.fullmatch(str(error))
        message, path = (found[1], found[2]) if found else (str(error), "")
        field = "/".join(a or b for a, b in _STEP.findall(path)) or "body"
        raise field_error(field, message[:1].lower() + message[1:]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable(raw, error) from error
