from mdsim._proto.v1 import market_pb2 as _market_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InstrumentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INSTRUMENT_STATE_UNSPECIFIED: _ClassVar[InstrumentState]
    INSTRUMENT_STATE_LIVE: _ClassVar[InstrumentState]
    INSTRUMENT_STATE_STALE: _ClassVar[InstrumentState]
    INSTRUMENT_STATE_HALTED: _ClassVar[InstrumentState]
    INSTRUMENT_STATE_OFF: _ClassVar[InstrumentState]
    INSTRUMENT_STATE_PENDING: _ClassVar[InstrumentState]
    INSTRUMENT_STATE_SPLIT: _ClassVar[InstrumentState]
    INSTRUMENT_STATE_SINGLE: _ClassVar[InstrumentState]
    INSTRUMENT_STATE_FILLED: _ClassVar[InstrumentState]
INSTRUMENT_STATE_UNSPECIFIED: InstrumentState
INSTRUMENT_STATE_LIVE: InstrumentState
INSTRUMENT_STATE_STALE: InstrumentState
INSTRUMENT_STATE_HALTED: InstrumentState
INSTRUMENT_STATE_OFF: InstrumentState
INSTRUMENT_STATE_PENDING: InstrumentState
INSTRUMENT_STATE_SPLIT: InstrumentState
INSTRUMENT_STATE_SINGLE: InstrumentState
INSTRUMENT_STATE_FILLED: InstrumentState

class SubscribeRequest(_message.Message):
    __slots__ = ("symbols", "interval_ns", "compress")
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_NS_FIELD_NUMBER: _ClassVar[int]
    COMPRESS_FIELD_NUMBER: _ClassVar[int]
    symbols: _containers.RepeatedScalarFieldContainer[str]
    interval_ns: int
    compress: bool
    def __init__(self, symbols: _Optional[_Iterable[str]] = ..., interval_ns: _Optional[int] = ..., compress: _Optional[bool] = ...) -> None: ...

class PriceUpdate(_message.Message):
    __slots__ = ("ticks", "ts_publish_ns", "snapshot", "skipped")
    class SkippedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    TICKS_FIELD_NUMBER: _ClassVar[int]
    TS_PUBLISH_NS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    ticks: _containers.RepeatedCompositeFieldContainer[_market_pb2.Tick]
    ts_publish_ns: int
    snapshot: bool
    skipped: _containers.ScalarMap[str, int]
    def __init__(self, ticks: _Optional[_Iterable[_Union[_market_pb2.Tick, _Mapping]]] = ..., ts_publish_ns: _Optional[int] = ..., snapshot: _Optional[bool] = ..., skipped: _Optional[_Mapping[str, int]] = ...) -> None: ...

class PriceRequest(_message.Message):
    __slots__ = ("symbol",)
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    def __init__(self, symbol: _Optional[str] = ...) -> None: ...

class Price(_message.Message):
    __slots__ = ("symbol", "seq", "ts_event_ns", "price", "bid", "ask", "reference", "confidence", "sources_used", "sources_total", "state", "age_ns", "volume_24h")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_NS_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    SOURCES_USED_FIELD_NUMBER: _ClassVar[int]
    SOURCES_TOTAL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AGE_NS_FIELD_NUMBER: _ClassVar[int]
    VOLUME_24H_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    seq: int
    ts_event_ns: int
    price: str
    bid: str
    ask: str
    reference: str
    confidence: str
    sources_used: int
    sources_total: int
    state: InstrumentState
    age_ns: int
    volume_24h: str
    def __init__(self, symbol: _Optional[str] = ..., seq: _Optional[int] = ..., ts_event_ns: _Optional[int] = ..., price: _Optional[str] = ..., bid: _Optional[str] = ..., ask: _Optional[str] = ..., reference: _Optional[str] = ..., confidence: _Optional[str] = ..., sources_used: _Optional[int] = ..., sources_total: _Optional[int] = ..., state: _Optional[_Union[InstrumentState, str]] = ..., age_ns: _Optional[int] = ..., volume_24h: _Optional[str] = ...) -> None: ...

class HistoryRequest(_message.Message):
    __slots__ = ("symbol", "start_ns", "end_ns", "interval", "limit", "cursor")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    START_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    start_ns: int
    end_ns: int
    interval: str
    limit: int
    cursor: str
    def __init__(self, symbol: _Optional[str] = ..., start_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., interval: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class PriceHistoryResponse(_message.Message):
    __slots__ = ("symbol", "interval", "start_ns", "end_ns", "ticks", "bars", "next_cursor")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    START_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    TICKS_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    interval: str
    start_ns: int
    end_ns: int
    ticks: _containers.RepeatedCompositeFieldContainer[_market_pb2.Tick]
    bars: _containers.RepeatedCompositeFieldContainer[_market_pb2.Bar]
    next_cursor: str
    def __init__(self, symbol: _Optional[str] = ..., interval: _Optional[str] = ..., start_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., ticks: _Optional[_Iterable[_Union[_market_pb2.Tick, _Mapping]]] = ..., bars: _Optional[_Iterable[_Union[_market_pb2.Bar, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class MarketDepthRequest(_message.Message):
    __slots__ = ("symbol", "depth")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    depth: int
    def __init__(self, symbol: _Optional[str] = ..., depth: _Optional[int] = ...) -> None: ...

class MarketDepthResponse(_message.Message):
    __slots__ = ("book",)
    BOOK_FIELD_NUMBER: _ClassVar[int]
    book: _market_pb2.OrderBook
    def __init__(self, book: _Optional[_Union[_market_pb2.OrderBook, _Mapping]] = ...) -> None: ...
