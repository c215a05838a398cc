"""Precedence, references and what is said about mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdsim.config.findings import ConfigError
from mdsim.config.load import known_variables, load
from mdsim.config.settings import Settings
from mdsim.core.errors import ExitCode, InternalError
from mdsim.core.secret import Secret
from mdsim.core.time import HOUR

Load = Callable[..., Settings]
Mistakes = Callable[..., list[str]]


def origin(found: Settings, path: str) -> str:
    return next(str(line.origin) for line in found.provenance if line.path == path)


def test_nothing_at_all_gives_the_defaults_of_the_contract(load: Load) -> None:
    """Without file, environment and flags, every promised default holds."""
    found = load()

    assert (found.server.bind, found.server.port, found.server.grpc_port) == ("127.0.0.1", 8082, 50053)
    assert (found.publication.interval_ns, found.publication.batch_size) == (100_000_000, 50)
    assert (found.publication.compression, found.publication.subscribers_per_symbol) == (True, 5000)
    assert found.publication.bar_intervals == ("1m", "5m", "15m", "1h", "4h", "1d")
    assert (found.publication.bar_lag_ns, found.publication.depth_levels) == (5_000_000_000, 10)
    assert (found.chaos.enabled, found.chaos.token) == (True, None)
    assert [(it.key, it.value) for it in found.chaos.ceilings] == [
        ("MAX_PRICE_DEVIATION", Decimal("0.25")),
        ("SCENARIO_TIMEOUT_HOURS", 48 * HOUR),
    ]
    assert (found.telemetry.log_level, found.telemetry.otlp_endpoint) == ("info", None)
    assert (found.sources, found.warnings) == ((), ())


def test_flag_beats_environment_beats_file_beats_default(load: Load) -> None:
    """Each layer hides the ones below it, and the value says where it came from."""
    text = "server: {port: 3}"

    assert load().server.port == 8082
    assert load(text).server.port == 3
    assert load(text, MARKET_DATA_PORT="2").server.port == 2
    top = load(text, {"--port": "1"}, MARKET_DATA_PORT="2")
    assert top.server.port == 1
    assert [
        origin(it, "server.port") for it in (load(), load(text), load(text, MARKET_DATA_PORT="2"), top)
    ] == ["default", "c.yaml:1:16", "environment MARKET_DATA_PORT", "flag --port"]


def test_a_hidden_layer_is_checked_all_the_same(mistakes: Mistakes) -> None:
    """A wrong value does not pass because another one happens to count."""
    assert mistakes("server: {port: x}", {"--port": "1"}) == [
        "c.yaml:1:16 MD020 'x' is not a count => write a whole number such as 4"
    ]


def test_an_empty_variable_is_an_unset_one(load: Load) -> None:
    """``MARKET_DATA_PORT=`` changes nothing, as compose files write it."""
    assert load(None, MARKET_DATA_PORT="").server.port == 8082


@pytest.mark.parametrize(
    "text", ["", "# only a comment\n", "---\n# nothing\n", "server:\n", "\ufeff# mark\n"]
)
def test_a_file_that_sets_nothing_is_fine(load: Load, text: str) -> None:
    """A file where everything is commented out gives the defaults."""
    assert load(text).server.port == 8082


def test_every_variable_of_the_contract_is_read(load: Load) -> None:
    """Each of the promised variables sets what it should."""
    found = load(
        None,
        MARKET_DATA_BIND="::1",
        MARKET_DATA_PORT="1",
        MARKET_DATA_GRPC_PORT="2",
        MARKET_DATA_LOG_LEVEL="debug",
        TICK_FREQUENCY_MS="0.5",
        MAX_SUBSCRIBERS="7",
        ENABLE_COMPRESSION="false",
        CHAOS_ENABLED="false",
        MAX_PRICE_DEVIATION="0.4",
        SCENARIO_TIMEOUT_HOURS="1.5",
        CHAOS_TOKEN="abcdef",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318",
    )

    assert (found.server.bind, found.server.port, found.server.grpc_port) == ("::1", 1, 2)
    assert found.telemetry.log_level == "debug"
    assert found.publication.interval_ns == 500_000
    assert (found.publication.subscribers_per_symbol, found.publication.compression) == (7, False)
    assert (found.chaos.enabled, found.chaos.token) == (False, Secret("abcdef"))
    assert [it.value for it in found.chaos.ceilings] == [Decimal("0.4"), HOUR * 3 // 2]
    assert found.telemetry.otlp_endpoint == "http://127.0.0.1:4318"
    assert len(known_variables()) == 16


def test_a_reference_reads_the_environment_inside_a_value(load: Load) -> None:
    """``${NAME}`` may be a part of a value, and the origin names it."""
    found = load("history: {path: '/data/${STAGE}/ticks'}", STAGE="blue")

    assert found.history.path == "/data/blue/ticks"
    assert origin(found, "history.path") == "c.yaml:1:17 (${STAGE})"


MISTAKES = [
    line.split("\t")
    for line in (Path(__file__).parent / "mistakes.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("text", "says"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_a_mistake_in_the_file_is_told_with_its_place_and_the_way_out(
    mistakes: Mistakes, text: str, says: str
) -> None:
    """File, line, column, code, what is wrong, what to write."""
    assert mistakes(text) == [says]


def test_mistakes_of_all_places_are_told_at_once(mistakes: Mistakes) -> None:
    """File, environment and command line come in one error."""
    found = mistakes("server: {port: x}", {"--bind": "a b"}, TICK_FREQUENCY_MS="0", MARKET_DATA_PROT="1")

    assert [line.partition(" => ")[0] for line in found] == [
        "c.yaml:1:16 MD020 'x' is not a count",
        "<environment>:1:19 MD026 '0' is below 0.1, the lowest value allowed",
        "<environment>:2:1 MD466 mdsim reads no variable MARKET_DATA_PROT",
        "<command line>:1:8 MD020 'a b' is no address to listen on",
    ]


def test_the_error_has_the_exit_code_of_an_invalid_document(load: Load) -> None:
    """A shell sees 3, a log the first error with its help."""
    with pytest.raises(ConfigError) as caught:
        load("server: {prot: 1}")

    assert caught.value.exit_code is ExitCode.INVALID
    assert (caught.value.code, caught.value.hint) == ("MD450", "did you mean port?")
    assert "    1 | server: {prot: 1}\n      |          ^^^^" in str(caught.value)


def test_a_public_bind_without_a_token_is_a_warning(mistakes: Mistakes) -> None:
    """Loopback and a token both silence it."""
    assert mistakes(None, MARKET_DATA_BIND="0.0.0.0") == [
        "<environment>:1:18 MD465 on 0.0.0.0 without a token, chaos and debug endpoints answer nobody => "
        "set CHAOS_TOKEN, or CHAOS_ENABLED=false"
    ]
    assert mistakes(None, MARKET_DATA_BIND="0.0.0.0", CHAOS_TOKEN="abcdef") == []
    assert mistakes(None, MARKET_DATA_BIND="0.0.0.0", CHAOS_ENABLED="false") == []
    assert mistakes(None, MARKET_DATA_BIND="localhost") == []


def test_limits_of_a_type_hold_beside_those_of_the_server(load: Load) -> None:
    """Each limit names the key that set it, so that a refusal can."""
    found = load("chaos_scenarios: {max_price_deviation: 0.5, price_shock: {max_deviation: 0.2}}")

    assert [(it.key, str(it.place or "")) for it in found.chaos.ceilings_of("price_shock")] == [
        ("chaos_scenarios.max_price_deviation", "c.yaml:1:40"),
        ("SCENARIO_TIMEOUT_HOURS", ""),
        ("chaos_scenarios.price_shock.max_deviation", "c.yaml:1:74"),
        ("chaos_scenarios.price_shock.max_duration_hours", ""),
    ]
    assert found.chaos.rules("price_shock").recovery_required
    assert found.chaos.rules("stablecoin_depeg").gradual_only
    assert len(found.chaos.ceilings_of("something_else")) == 2


def test_two_sigma_is_smoothed_unless_it_says_otherwise(load: Load) -> None:
    """The method decides the default of the smoothing."""
    assert load("consensus: {method: two_sigma}").consensus.smoothing_ns == 2_000_000_000
    assert load("consensus: {method: two_sigma, smoothing: 0s}").consensus.smoothing_ns == 0
    assert load().consensus.smoothing_ns == 0


def test_an_unknown_flag_is_a_fault_of_ours(load: Load) -> None:
    """Flags come from the command line's own table, so this is no user's mistake."""
    with pytest.raises(InternalError):
        load(None, {"--nonsense": "1"})


_WORDS = st.sampled_from(
    ["server", "port", "bind", "data_sources", "primary", "name", "url", "api_key", "x-a", "symbol"]
)
_LEAVES = st.one_of(st.sampled_from(["1", "${A}", "true", "", "BTC-USD", "''"]), st.text(max_size=6))
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_WORDS, inner, max_size=4)),
    max_leaves=12,
)


def said(raw: bytes | str, environ: dict[str, str]) -> str:
    try:
        return repr(load(raw, environ, {}))
    except ConfigError as error:
        return str(error)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(tree=_TREES, variable=st.text(max_size=8))
def test_any_document_is_read_or_refused_in_words(tree: object, variable: str) -> None:
    """Whatever the file holds, the answer is settings or a ConfigError, never another exception."""
    assert said(json.dumps(tree), {"A": variable, "MARKET_DATA_PORT": variable})


@settings(max_examples=120, deadline=None, derandomize=True)
@given(raw=st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_any_bytes_are_read_or_refused_in_words(raw: bytes | str) -> None:
    """Neither broken UTF-8 nor broken YAML is a traceback."""
    assert said(raw, {})
