"""The generated messages are those of the .proto files, and the .proto files keep their promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor

from mdsim._proto.v1 import (
    errors_pb2,
    historical_data_pb2,
    market_pb2,
    market_statistics_pb2,
    price_feed_pb2,
    scenario_pb2,
)
from tools.generate_proto import PACKAGE, SOURCES, generate, stale

FILES: list[FileDescriptor] = [
    module.DESCRIPTOR
    for module in (
        errors_pb2,
        historical_data_pb2,
        market_pb2,
        market_statistics_pb2,
        price_feed_pb2,
        scenario_pb2,
    )
]
MESSAGES = [message for file in FILES for message in file.message_types_by_name.values()]
PROMISED = {
    "PriceFeedService": ["SubscribePrices", "GetCurrentPrice", "GetPriceHistory", "GetMarketDepth"],
    "HistoricalDataService": ["GetOHLCV", "GetVolumeProfile", "GetCorrelationMatrix"],
    "MarketStatisticsService": ["GetStats24h", "ListInstruments"],
    "ScenarioService": [
        "RunPlaybook",
        "StopScenario",
        "PauseScenario",
        "ResumeScenario",
        "ListScenarios",
        "WatchScenario",
    ],
}


def test_the_generated_code_is_fresh() -> None:
    """Generating again gives the bytes that are committed; otherwise run `make generate-proto`."""
    assert stale(PACKAGE) == []


def test_what_is_out_of_date_is_named(tmp_path: Path) -> None:
    """A file that differs, one that is missing and one that should not be there are all found."""
    generate(tmp_path)
    made = tmp_path / "v1"
    (made / "market_pb2.py").write_text("# edited by hand\n", "utf-8")
    (made / "errors_pb2.pyi").unlink()
    (made / "older_pb2.py").write_text("# its .proto is gone\n", "utf-8")

    assert stale(tmp_path) == ["errors_pb2.pyi", "market_pb2.py", "older_pb2.py"]


def test_every_proto_file_is_looked_at_here() -> None:
    """A new file cannot slip past the rules below."""
    assert sorted(file.name for file in FILES) == sorted(
        str(path.relative_to(SOURCES)) for path in SOURCES.rglob("*.proto")
    )


def test_services_and_methods_are_the_promised_ones() -> None:
    """Names are a contract with every language."""
    found = {
        service.name: [method.name for method in service.methods]
        for file in FILES
        for service in file.services_by_name.values()
    }

    assert found == PROMISED
    assert {file.package for file in FILES} == {"mdsim.v1"}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_numbers_are_of_the_right_kind(message: Descriptor) -> None:
    """Times are int64 nanoseconds; only a correlation and a speed are floats, so no price can be one."""
    floats = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)
    for field in message.fields:
        if field.name.endswith("_ns"):
            assert field.type == FieldDescriptor.TYPE_INT64, field.full_name
        if field.cpp_type in floats:
            assert field.full_name in ("mdsim.v1.Correlation.value", "mdsim.v1.RunPlaybookRequest.speed")
