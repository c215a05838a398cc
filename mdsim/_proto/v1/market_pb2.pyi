from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_BUY: _ClassVar[Side]
    SIDE_SELL: _ClassVar[Side]
SIDE_UNSPECIFIED: Side
SIDE_BUY: Side
SIDE_SELL: Side

class Tick(_message.Message):
    __slots__ = ("symbol", "seq", "ts_event_ns", "price", "bid", "ask", "reference", "volume")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_NS_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    seq: int
    ts_event_ns: int
    price: str
    bid: str
    ask: str
    reference: str
    volume: str
    def __init__(self, symbol: _Optional[str] = ..., seq: _Optional[int] = ..., ts_event_ns: _Optional[int] = ..., price: _Optional[str] = ..., bid: _Optional[str] = ..., ask: _Optional[str] = ..., reference: _Optional[str] = ..., volume: _Optional[str] = ...) -> None: ...

class Trade(_message.Message):
    __slots__ = ("symbol", "seq", "ts_event_ns", "trade_id", "side", "price", "size")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_NS_FIELD_NUMBER: _ClassVar[int]
    TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    seq: int
    ts_event_ns: int
    trade_id: int
    side: Side
    price: str
    size: str
    def __init__(self, symbol: _Optional[str] = ..., seq: _Optional[int] = ..., ts_event_ns: _Optional[int] = ..., trade_id: _Optional[int] = ..., side: _Optional[_Union[Side, str]] = ..., price: _Optional[str] = ..., size: _Optional[str] = ...) -> None: ...

class BookLevel(_message.Message):
    __slots__ = ("price", "size")
    PRICE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    price: str
    size: str
    def __init__(self, price: _Optional[str] = ..., size: _Optional[str] = ...) -> None: ...

class OrderBook(_message.Message):
    __slots__ = ("symbol", "seq", "ts_event_ns", "bids", "asks")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_NS_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    seq: int
    ts_event_ns: int
    bids: _containers.RepeatedCompositeFieldContainer[BookLevel]
    asks: _containers.RepeatedCompositeFieldContainer[BookLevel]
    def __init__(self, symbol: _Optional[str] = ..., seq: _Optional[int] = ..., ts_event_ns: _Optional[int] = ..., bids: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ...) -> None: ...

class BookDelta(_message.Message):
    __slots__ = ("symbol", "seq", "ts_event_ns", "bids", "asks")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_NS_FIELD_NUMBER: _ClassVar[int]
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    seq: int
    ts_event_ns: int
    bids: _containers.RepeatedCompositeFieldContainer[BookLevel]
    asks: _containers.RepeatedCompositeFieldContainer[BookLevel]
    def __init__(self, symbol: _Optional[str] = ..., seq: _Optional[int] = ..., ts_event_ns: _Optional[int] = ..., bids: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ...) -> None: ...

class Bar(_message.Message):
    __slots__ = ("symbol", "seq", "ts_event_ns", "interval", "start_ns", "open", "high", "low", "close", "volume", "quote_volume", "trades", "revision")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_NS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    START_NS_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    QUOTE_VOLUME_FIELD_NUMBER: _ClassVar[int]
    TRADES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    seq: int
    ts_event_ns: int
    interval: str
    start_ns: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str
    trades: int
    revision: int
    def __init__(self, symbol: _Optional[str] = ..., seq: _Optional[int] = ..., ts_event_ns: _Optional[int] = ..., interval: _Optional[str] = ..., start_ns: _Optional[int] = ..., open: _Optional[str] = ..., high: _Optional[str] = ..., low: _Optional[str] = ..., close: _Optional[str] = ..., volume: _Optional[str] = ..., quote_volume: _Optional[str] = ..., trades: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class MarketEvent(_message.Message):
    __slots__ = ("symbol", "seq", "ts_event_ns", "event", "data_json")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    TS_EVENT_NS_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    DATA_JSON_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    seq: int
    ts_event_ns: int
    event: str
    data_json: str
    def __init__(self, symbol: _Optional[str] = ..., seq: _Optional[int] = ..., ts_event_ns: _Optional[int] = ..., event: _Optional[str] = ..., data_json: _Optional[str] = ...) -> None: ...

class StreamMessage(_message.Message):
    __slots__ = ("tick", "trade", "book", "book_delta", "bar", "market_event", "ts_publish_ns", "snapshot", "skipped")
    TICK_FIELD_NUMBER: _ClassVar[int]
    TRADE_FIELD_NUMBER: _ClassVar[int]
    BOOK_FIELD_NUMBER: _ClassVar[int]
    BOOK_DELTA_FIELD_NUMBER: _ClassVar[int]
    BAR_FIELD_NUMBER: _ClassVar[int]
    MARKET_EVENT_FIELD_NUMBER: _ClassVar[int]
    TS_PUBLISH_NS_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    tick: Tick
    trade: Trade
    book: OrderBook
    book_delta: BookDelta
    bar: Bar
    market_event: MarketEvent
    ts_publish_ns: int
    snapshot: bool
    skipped: int
    def __init__(self, tick: _Optional[_Union[Tick, _Mapping]] = ..., trade: _Optional[_Union[Trade, _Mapping]] = ..., book: _Optional[_Union[OrderBook, _Mapping]] = ..., book_delta: _Optional[_Union[BookDelta, _Mapping]] = ..., bar: _Optional[_Union[Bar, _Mapping]] = ..., market_event: _Optional[_Union[MarketEvent, _Mapping]] = ..., ts_publish_ns: _Optional[int] = ..., snapshot: _Optional[bool] = ..., skipped: _Optional[int] = ...) -> None: ...
