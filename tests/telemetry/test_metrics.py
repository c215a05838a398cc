"""The metrics as text: every promised name, promtool's rules, bounds, and readers that fail."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from mdsim import __version__
from mdsim.core.errors import InternalError
from mdsim.telemetry.meters import WINDOW, Buckets, Window
from mdsim.telemetry.metrics import OTHER, SERIES_MOST, Metrics
from mdsim.telemetry.names import BY_NAME, METRICS, Kind

CONTRACT = """
market_data_source_latency_ms{source,symbol} market_data_source_errors_total{source,error_type}
market_data_price_updates_total{symbol,source} market_data_price_deviation{symbol,source}
market_data_staleness_seconds{symbol} market_data_confidence_score{symbol}
market_data_scenario_active{scenario_type,symbol}
market_data_price_manipulation_active{symbol,manipulation_type} market_data_artificial_volatility{symbol}
market_data_publication_latency_ms{symbol,client_type} market_data_subscriber_count{symbol}
market_data_memory_usage_bytes{buffer_type}
"""

KNOWN_COMPLAINTS = {
    "market_data_source_latency_ms: abbreviated unit",
    "market_data_publication_latency_ms: abbreviated unit",
    "market_data_subscriber_count: suffix of another kind",
}


@pytest.fixture
def full() -> Metrics:
    """Every metric with a series."""
    metrics = Metrics(process=False)
    bound = ("market_data_build_info", "market_data_scrape_errors_total")
    for metric in METRICS:
        labels = [f"a-{label}" for label in metric.labels]
        if metric.name in bound:
            continue
        if metric.kind is Kind.COUNTER:
            metrics.tally(metric.name, *labels).value += 3
        elif metric.kind is Kind.GAUGE:
            metrics.level(metric.name, *labels).value = 1.5
        elif metric.kind is Kind.SUMMARY:
            metrics.window(metric.name, *labels).add(2.0)
        else:
            metrics.buckets(metric.name, *labels).add(0.0003)
    metrics.bind("market_data_cycles_total", lambda: {("too", "many"): 1})
    return metrics


def samples(metrics: Metrics) -> dict[str, float]:
    """``name{label="value"}`` → value, as the text says it."""
    lines = metrics.render().decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[0] != "#"}


def complaints(text: str) -> set[str]:
    """What promtool would say of names and texts: the rules of ``promtool check metrics``."""
    found: set[str] = set()
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        if not family.documentation:
            found.add(f"{name}: no help")
        if family.type == "unknown":
            found.add(f"{name}: no type")
        if family.type == "counter" and not all(it.name.endswith("_total") for it in family.samples):
            found.add(f"{name}: counter without _total")
        if family.type == "gauge" and name.endswith("_total"):
            found.add(f"{name}: _total on no counter")
        if family.type == "gauge" and name.endswith(("_count", "_sum", "_bucket", "_info_total")):
            found.add(f"{name}: suffix of another kind")
        if set(name.split("_")) & {"ms", "us", "ns", "s", "sec", "min", "kb", "mb"}:
            found.add(f"{name}: abbreviated unit")
        if set(name.split("_")) & {"milliseconds", "minutes", "hours", "kilobytes", "percent"}:
            found.add(f"{name}: no base unit")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            found.add(f"{name}: capitals")
    return found


def test_every_name_of_the_contract_is_there_with_its_labels() -> None:
    """Name by name, label by label."""
    promised = {found[1]: tuple(found[2].split(",")) for found in re.finditer(r"(\w+)\{([\w,]+)\}", CONTRACT)}

    assert len(promised) == 12
    assert {metric.name: metric.labels for metric in METRICS if metric.promised} == promised
    assert len(BY_NAME) == len(METRICS)


def test_the_text_keeps_promtools_rules_but_for_the_promised_names(full: Metrics) -> None:
    """The contract's own names bring three complaints, and nothing else brings one."""
    assert complaints(full.render().decode()) == KNOWN_COMPLAINTS


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_itself_says_the_same(full: Metrics) -> None:
    """Where the real one is there, it is asked."""
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=full.render(), capture_output=True, check=False
    )
    told = (done.stdout + done.stderr).decode().splitlines()

    assert {line.split()[0] for line in told} == {line.partition(":")[0] for line in KNOWN_COMPLAINTS}


def test_the_lint_sees_what_it_is_for() -> None:
    """A bad text gets its complaints, so that the lint cannot go blind."""
    bad = "# HELP bad_ms a\n# TYPE bad_ms gauge\nbad_ms 1\n# TYPE x_total gauge\nx_total 1\nloose 1\n"

    assert complaints(bad) == {
        "bad_ms: abbreviated unit",
        "x_total: no help",
        "x_total: _total on no counter",
        "loose: no help",
        "loose: no type",
    }


def test_each_kind_is_written_as_prometheus_reads_it(full: Metrics) -> None:
    """Counters, gauges, quantiles with sum and count, buckets that add up."""
    found = samples(full)

    latency = 'market_data_source_latency_ms%s{%ssource="a-source",symbol="a-symbol"}'
    assert found[latency % ("", 'quantile="0.5",')] == 2.0
    assert found[latency % ("", 'quantile="0.99",')] == 2.0
    assert (found[latency % ("_sum", "")], found[latency % ("_count", "")]) == (2.0, 1.0)
    assert found['market_data_cycle_duration_seconds_bucket{le="0.00025"}'] == 0
    assert found['market_data_cycle_duration_seconds_bucket{le="0.0005"}'] == 1
    assert found['market_data_cycle_duration_seconds_bucket{le="+Inf"}'] == 1
    assert found[f'market_data_build_info{{version="{__version__}"}}'] == 1


def test_a_meter_is_taken_once_and_counts_at_once() -> None:
    """The same labels give the same meter; what is added shows in the next answer."""
    metrics = Metrics(process=False)
    tally = metrics.tally("market_data_price_updates_total", "BTC-USD", "a")
    tally.value += 2

    assert metrics.tally("market_data_price_updates_total", "BTC-USD", "a") is tally
    assert samples(metrics)['market_data_price_updates_total{source="a",symbol="BTC-USD"}'] == 2


def test_readers_and_meters_of_one_series_add_up() -> None:
    """Two hubs, or a reader beside a meter, never give the same line twice."""
    metrics = Metrics(process=False)
    metrics.bind("market_data_connections", lambda: {("websocket",): 2.0})
    metrics.bind("market_data_connections", lambda: {("websocket",): 3.0, ("grpc",): 1.0})
    metrics.level("market_data_connections", "grpc").value = 4

    text = metrics.render().decode()
    assert text.count('market_data_connections{client_type="grpc"}') == 1
    found = samples(metrics)
    assert found['market_data_connections{client_type="websocket"}'] == 5
    assert found['market_data_connections{client_type="grpc"}'] == 5


def broken() -> dict[tuple[str, ...], float]:
    raise ZeroDivisionError


@pytest.mark.parametrize("read", [broken, lambda: {("a", "b"): 1.0}, lambda: {("a",): None}])
def test_a_reader_that_fails_is_counted_and_harms_nobody(
    read: Callable[[], dict[tuple[str, ...], float]],
) -> None:
    """The rest of the answer is there."""
    metrics = Metrics(process=False)
    metrics.bind("market_data_confidence_score", read)
    metrics.bind("market_data_subscriber_count", lambda: {("BTC-USD",): 7.0})

    found = samples(metrics)
    assert found['market_data_subscriber_count{symbol="BTC-USD"}'] == 7
    assert found['market_data_scrape_errors_total{metric="market_data_confidence_score"}'] == 1


def test_series_are_bounded() -> None:
    """Past the bound everything further is one series: no stranger can fill the memory."""
    metrics = Metrics(process=False)
    for number in range(SERIES_MOST + 50):
        metrics.tally("market_data_source_errors_total", "a", f"type-{number}").value += 1

    found = samples(metrics)
    assert (
        len([name for name in found if name.startswith("market_data_source_errors_total")]) == SERIES_MOST + 1
    )
    assert found[f'market_data_source_errors_total{{error_type="{OTHER}",source="{OTHER}"}}'] == 50


def test_hostile_labels_stay_inside_their_quotes() -> None:
    """Quotes, backslashes and line breaks of a label cannot begin a line of their own."""
    metrics = Metrics(process=False)
    metrics.tally("market_data_source_errors_total", 'a"} 1\nevil_total 1', "b\\").value += 1

    names = {
        it.name
        for family in text_string_to_metric_families(metrics.render().decode())
        for it in family.samples
    }
    assert names == {"market_data_source_errors_total", "market_data_build_info"}


def test_nothing_reaches_the_global_registry(full: Metrics) -> None:
    """Two servers in one process have two registries, and neither is the library's own."""
    assert [name for name in REGISTRY._names_to_collectors if name.startswith("market_data")] == []
    assert "market_data_cycles" not in Metrics(process=False).render().decode()
    assert b"market_data_cycles" in full.render()


@pytest.mark.parametrize(
    "use",
    [
        lambda it: it.tally("market_data_nothing_total"),
        lambda it: it.tally("market_data_confidence_score", "a"),
        lambda it: it.level("market_data_confidence_score"),
        lambda it: it.bind("market_data_cycle_duration_seconds", dict),
    ],
)
def test_a_metric_that_is_not_in_the_table_is_a_fault_of_ours(use: Callable[[Metrics], object]) -> None:
    """Names, kinds and labels are those of the table, so that the page tells the truth."""
    with pytest.raises(InternalError):
        use(Metrics(process=False))


def test_a_window_forgets_the_oldest_value_but_not_its_share_of_the_sum() -> None:
    """Quantiles look back on the last values, sum and count on all."""
    window = Window()
    for number in range(WINDOW * 2):
        window.add(float(number))

    assert window.quantiles(0.0, 1.0) == (WINDOW, WINDOW * 2 - 1)
    assert (window.count, window.total) == (WINDOW * 2, sum(range(WINDOW * 2)))
    assert all(math.isnan(value) for value in Window().quantiles(0.5, 0.99))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    values=st.lists(st.floats(0, 1e6), min_size=1, max_size=60),
    share=st.sampled_from([0.0, 0.25, 0.5, 0.75, 0.99, 1.0]),
)
def test_a_quantile_is_the_least_value_that_enough_do_not_exceed(values: list[float], share: float) -> None:
    """The nearest-rank rule, against counting."""
    window = Window()
    for value in values:
        window.add(value)
    (found,) = window.quantiles(share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) <= share * len(values)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(values=st.lists(st.floats(0, 2), max_size=40))
def test_buckets_count_each_value_once_at_or_under_its_bound(values: list[float]) -> None:
    """Against counting by hand."""
    buckets = Buckets((0.1, 0.5, 1.0))
    for value in values:
        buckets.add(value)

    assert sum(buckets.counts) == len(values)
    for at, bound in enumerate(buckets.bounds):
        assert sum(buckets.counts[: at + 1]) == sum(value <= bound for value in values)
