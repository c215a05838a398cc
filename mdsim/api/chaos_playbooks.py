"""The body of ``POST /chaos/playbooks``: a playbook as YAML, or JSON around or instead of it."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from mdsim.api.bodies import unreadable
from mdsim.api.chaos_bodies import Overlap, json_object, unknown
from mdsim.api.problems import Flawed, RequestError, fields_error
from mdsim.api.routes import JSON, Call
from mdsim.core.serving import RunRequest

YAML = "application/yaml"
SEED_MOST = (1 << 63) - 1
_INLINE_YAML, _INLINE_JSON = "inline.yaml", "inline.json"


_Json = Annotated[object, Meta(extra_json_schema={"description": "As in the YAML."})]


class PlaybookBody(msgspec.Struct, frozen=True, kw_only=True):
    """A playbook and how to run it: `playbook` (text, or the playbook as an object) or `library`, not both.

    `params` are the playbook's parameters, as `--set` takes them; `speed` is that of its clock against the
    market's: 60 plays an hour in a minute.
    """

    playbook: str | dict[str, _Json] = ""
    library: Annotated[str, Meta(max_length=200, examples=["depeg.yaml"])] = ""
    params: dict[str, str | int | float | bool] = {}
    seed: Annotated[int, Meta(ge=0, le=SEED_MOST)] = 1
    speed: Annotated[float, Meta(ge=0.01, le=1000)] = 1.0
    overlap: Overlap = "refuse"


_NAMES = PlaybookBody.__struct_fields__
_TEXT = re.compile(rb"\s*[{]")


def read_playbook(raw: bytes, call: Call) -> RunRequest:
    """What a body asks for.

    A body is YAML when its Content-Type says so, or when it does not begin as a JSON object; a JSON object
    with ``mdsim`` among its keys is the playbook itself.

    Raises:
        RequestError: 400 when it is neither, 422 with every key that is wrong.
    """
    key = call.headers.get("idempotency-key", "")
    media = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    looks_like_json = _TEXT.match(raw) is not None
    if media != JSON and ("yaml" in media or not looks_like_json):
        return _request(_text(raw), _INLINE_YAML, key)
    fields = json_object(raw)
    if "mdsim" in fields:
        return _request(_text(raw), _INLINE_JSON, key)
    return _enveloped(fields, key)


def _request(playbook: str, file: str, key: str) -> RunRequest:
    if not playbook.strip():
        raise RequestError(400, "MD489", "the body is empty", hint="send a playbook")
    return RunRequest(playbook=playbook, library="", file=file, params={}, idempotency_key=key)


def _enveloped(fields: dict[str, msgspec.Raw], key: str) -> RunRequest:
    flaws = [unknown(name, _NAMES) for name in fields if name not in _NAMES]
    playbook, file = _playbook(fields, flaws)
    library = _read(fields, "library", str, "", flaws, "a name such as depeg.yaml")
    if bool(playbook) == bool(library) and not flaws:
        detail = "is missing" if not playbook else "stands beside 'library'"
        flaws.append(Flawed("playbook", "MD371", detail, "give 'playbook' or 'library', one of them"))
    params = _params(fields, flaws)
    seed = _read(fields, "seed", Annotated[int, Meta(ge=0, le=SEED_MOST)], 1, flaws, "a whole number")
    speed = _read(fields, "speed", Annotated[float, Meta(ge=0.01, le=1000)], 1.0, flaws, "0.01 to 1000")
    overlap = _read(fields, "overlap", Overlap, "refuse", flaws, "allow or refuse")
    if flaws:
        raise fields_error(flaws)
    return RunRequest(
        playbook=playbook,
        library=str(library),
        file=str(library) or file,
        params=params,
        seed=int(str(seed)),
        speed=float(str(speed)),
        overlap=str(overlap),
        idempotency_key=key,
    )


def _playbook(fields: dict[str, msgspec.Raw], flaws: list[Flawed]) -> tuple[str, str]:
    """The playbook's text and what it is called; an object stays as it was written, numbers and all."""
    if "playbook" not in fields:
        return "", _INLINE_YAML
    raw = bytes(fields["playbook"])
    if _TEXT.match(raw):
        return raw.decode("utf-8"), _INLINE_JSON
    return str(_read(fields, "playbook", str, "", flaws, "its text, or an object")), _INLINE_YAML


def _params(fields: dict[str, msgspec.Raw], flaws: list[Flawed]) -> dict[str, str]:
    """Parameters as text; a number as it was written, so that no float comes between."""
    given = _read(fields, "params", dict[str, msgspec.Raw], {}, flaws, 'an object such as {"low": "0.92"}')
    found: dict[str, str] = {}
    for name, raw in given.items() if isinstance(given, dict) else ():
        text = bytes(raw).decode("utf-8")
        try:
            value = msgspec.json.decode(raw, type=str | float | int | bool | tuple[str, ...])
        except (msgspec.DecodeError, RecursionError):
            help_ = "write a text as --set takes it, such as -12%"
            flaws.append(Flawed(f"params/{name[:64]}", "MD372", "is no single value", help_))
            continue
        if isinstance(value, tuple):
            found[name] = ", ".join(value)
        else:
            found[name] = value if isinstance(value, str) else text
    return found


def _read(
    fields: dict[str, msgspec.Raw], name: str, kind: object, default: object, flaws: list[Flawed], takes: str
) -> object:
    if name not in fields:
        return default
    try:
        return msgspec.json.decode(fields[name], type=kind)
    except (msgspec.DecodeError, RecursionError):
        flaws.append(Flawed(name, "MD372", "is of the wrong kind or out of bounds", f"write {takes}"))
        return default


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise unreadable(raw, error) from error
