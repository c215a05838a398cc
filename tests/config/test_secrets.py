"""Keys are found, passed on, and never shown."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import msgspec
import pytest

from mdsim.config.findings import ConfigError
from mdsim.config.load import load as load_it
from mdsim.config.settings import Settings
from mdsim.core.secret import Secret

Load = Callable[..., Settings]
Mistakes = Callable[..., list[str]]

KEY = "k3y-of-someone"
SOURCE = "data_sources: {primary: [{name: coingecko, type: rest_api, url: https://a.example, %s}]}"


def test_an_unset_key_switches_its_source_off_with_a_warning(load: Load, mistakes: Mistakes) -> None:
    """The copied example starts; the source says why it is off."""
    text = SOURCE % "api_key: '${COINGECKO_API_KEY}'"

    assert load(text).sources[0].off == "COINGECKO_API_KEY is not set"
    assert mistakes(text)[0].startswith(
        "c.yaml:1:93 MD455 the source coingecko is off: COINGECKO_API_KEY is not set => set COINGECKO_API_KEY"
    )
    on = load(text, COINGECKO_API_KEY=KEY).sources[0]
    assert (on.off, on.keys) == ("", (Secret(KEY),))


def test_a_source_without_a_key_needs_none(load: Load) -> None:
    """Only a key that is asked for can be missing."""
    text = "data_sources: {primary: [{name: a, type: websocket, url: wss://a.example}]}"

    assert (load(text).sources[0].off, load(text).sources[0].keys) == ("", ())


def test_keys_rotate_and_one_that_is_unset_is_left_out(load: Load, mistakes: Mistakes) -> None:
    """A source goes on with the keys it has."""
    text = (SOURCE % "api_keys: ['${A}', '${B}']").replace("coingecko", "x")

    found = load(text, A=KEY)
    assert found.sources[0].keys == (Secret(KEY),)
    assert "B is not set: x goes on with its other keys" in mistakes(text, A=KEY)[-1]
    assert load(text, A=KEY, B="other-key").sources[0].keys == (Secret(KEY), Secret("other-key"))
    assert load(text).sources[0].off == "none of A, B is set"


def test_the_environment_gives_the_key_of_a_known_provider(load: Load) -> None:
    """The variable beats the file, as everywhere, and reaches no source of another name."""
    text = SOURCE % "api_key: '${MINE}'"

    assert load(text, MINE="mine-mine", COINGECKO_API_KEY=KEY).sources[0].keys == (Secret(KEY),)
    other = text.replace("coingecko", "coingecko-mirror")
    assert load(other, MINE="mine-mine", COINGECKO_API_KEY=KEY).sources[0].keys == (Secret("mine-mine"),)


def test_the_other_name_of_coinmarketcaps_key_is_read(load: Load) -> None:
    """CMC_API_KEY stands for COINMARKETCAP_API_KEY, in the environment and in a reference."""
    text = (SOURCE % "api_key: '${COINMARKETCAP_API_KEY}'").replace("coingecko", "coinmarketcap")

    assert load(text, CMC_API_KEY=KEY).sources[0].keys == (Secret(KEY),)
    renamed = text.replace("name: coinmarketcap", "name: cmc2")
    assert load(renamed, CMC_API_KEY=KEY).sources[0].keys == (Secret(KEY),)


@pytest.mark.parametrize(
    "text",
    [
        SOURCE % f"api_key: {KEY}, prot: 1",
        SOURCE % f"api_key: '{KEY}', api_kee: 'other-{KEY}'",
        SOURCE % f"api_keys: [{KEY}, 'b {KEY}'], nope: 1",
        SOURCE % f"api_key: {{deep: {KEY}}}",
        f"chaos_scenarios:\n  token: |\n    {KEY}\n    {KEY}\n",
        f"chaos_scenarios:\n  token: >-\n    {KEY}\n  nope: 1\n",
        f"chaos_scenarios: {{token: '{KEY} ', nope: 1}}",
        f"chaos_token: {KEY}",
        SOURCE.replace("%s", "x: 1").replace("https://", f"https://me:{KEY}@"),
        SOURCE.replace("%s", "x: 1").replace("https://a.example", f"https://me:{KEY}@a.example:99999"),
        SOURCE.replace("%s", "x: 1").replace("https://a.example", f"ftp://{KEY}@a.example"),
        f"telemetry: {{otlp_endpoint: 'http://me:{KEY}@127.0.0.1:4318'}}",
        f"password: {KEY}",
        f"data_sources:\n  primary:\n    - name: x\n      api_key: *{KEY}\n",
        f"data_sources:\n  primary:\n    - name: x\n      api_keys:\n        - {KEY}\n        - !{KEY}\n",
        f"chaos_scenarios:\n  token: {KEY}: x\n",
        f"chaos_scenarios:\n  token: {KEY}\n\tport: 1\n",
        f"chaos_scenarios:\n  token: %{KEY}\n",
    ],
)
def test_an_error_never_shows_a_key(text: str) -> None:
    """Neither the words nor the lines of any error hold it, in whatever state the file is."""
    with pytest.raises(ConfigError) as caught:
        load_it(text, {}, {})

    assert KEY not in str(caught.value)
    assert KEY not in repr(caught.value)
    assert KEY not in caught.value.message


@pytest.mark.parametrize("name", ["CHAOS_TOKEN", "CHAOS_TOKEM"])
def test_an_error_of_the_environment_never_shows_a_key(name: str, mistakes: Mistakes) -> None:
    """Not one that cannot be used, and not one of a misspelt name."""
    try:
        shown = str(load_it(None, {name: f"{KEY} x"}, {}).warnings[0].render())
    except ConfigError as error:
        shown = str(error)

    assert name in shown
    assert KEY not in shown


def test_settings_do_not_show_their_keys(load: Load) -> None:
    """``repr``, provenance and warnings are fit for a log."""
    found = load(SOURCE % f"api_key: {KEY}", CHAOS_TOKEN=f"token-{KEY}")

    shown = repr(found) + repr(found.provenance) + "".join(sheet.render() for sheet in found.warnings)
    assert KEY not in shown
    assert "MD457" in shown
    assert [secret.reveal() for secret in found.secrets()] == [KEY, f"token-{KEY}"]


def test_a_key_is_refused_where_it_would_be_shown(mistakes: Mistakes) -> None:
    """Addresses stand in logs, so no key may come in by one."""
    text = "data_sources: {primary: [{name: x, type: rest_api, url: '%s'}]}"

    assert mistakes(text % "https://a.example/?key=${MY_API_KEY}", MY_API_KEY=KEY)[0].startswith(
        "c.yaml:1:57 MD456 MY_API_KEY may hold a key, and data_sources.primary[0].url is shown in logs"
    )
    assert "MD456" in mistakes(text % "https://me:pass@a.example")[0]


def test_a_secret_shows_itself_to_nobody() -> None:
    """Not by repr, str, format, JSON, pickle or copy; only ``reveal`` gives it away."""
    secret = Secret(KEY)

    assert {repr(secret), str(secret), f"{secret}", f"{secret:>3}"} == {"[hidden]"}
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    assert secret.reveal() == KEY
    assert (secret == Secret(KEY), secret == Secret("x"), secret == KEY) == (True, False, False)
