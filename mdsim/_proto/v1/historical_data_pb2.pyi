from mdsim._proto.v1 import market_pb2 as _market_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OHLCVRequest(_message.Message):
    __slots__ = ("symbol", "interval", "start_ns", "end_ns", "limit", "cursor")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    START_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    interval: str
    start_ns: int
    end_ns: int
    limit: int
    cursor: str
    def __init__(self, symbol: _Optional[str] = ..., interval: _Optional[str] = ..., start_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class OHLCVResponse(_message.Message):
    __slots__ = ("symbol", "interval", "start_ns", "end_ns", "bars", "next_cursor")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    START_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    interval: str
    start_ns: int
    end_ns: int
    bars: _containers.RepeatedCompositeFieldContainer[_market_pb2.Bar]
    next_cursor: str
    def __init__(self, symbol: _Optional[str] = ..., interval: _Optional[str] = ..., start_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., bars: _Optional[_Iterable[_Union[_market_pb2.Bar, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class VolumeProfileRequest(_message.Message):
    __slots__ = ("symbol", "start_ns", "end_ns", "levels")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    START_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    start_ns: int
    end_ns: int
    levels: int
    def __init__(self, symbol: _Optional[str] = ..., start_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., levels: _Optional[int] = ...) -> None: ...

class VolumeProfileResponse(_message.Message):
    __slots__ = ("symbol", "start_ns", "end_ns", "bands")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    START_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    BANDS_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    start_ns: int
    end_ns: int
    bands: _containers.RepeatedCompositeFieldContainer[VolumeBand]
    def __init__(self, symbol: _Optional[str] = ..., start_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., bands: _Optional[_Iterable[_Union[VolumeBand, _Mapping]]] = ...) -> None: ...

class VolumeBand(_message.Message):
    __slots__ = ("low", "high", "volume", "trades")
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    TRADES_FIELD_NUMBER: _ClassVar[int]
    low: str
    high: str
    volume: str
    trades: int
    def __init__(self, low: _Optional[str] = ..., high: _Optional[str] = ..., volume: _Optional[str] = ..., trades: _Optional[int] = ...) -> None: ...

class CorrelationRequest(_message.Message):
    __slots__ = ("symbols", "window_ns")
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_NS_FIELD_NUMBER: _ClassVar[int]
    symbols: _containers.RepeatedScalarFieldContainer[str]
    window_ns: int
    def __init__(self, symbols: _Optional[_Iterable[str]] = ..., window_ns: _Optional[int] = ...) -> None: ...

class CorrelationResponse(_message.Message):
    __slots__ = ("symbols", "window_ns", "samples", "rows")
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_NS_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    symbols: _containers.RepeatedScalarFieldContainer[str]
    window_ns: int
    samples: int
    rows: _containers.RepeatedCompositeFieldContainer[CorrelationRow]
    def __init__(self, symbols: _Optional[_Iterable[str]] = ..., window_ns: _Optional[int] = ..., samples: _Optional[int] = ..., rows: _Optional[_Iterable[_Union[CorrelationRow, _Mapping]]] = ...) -> None: ...

class CorrelationRow(_message.Message):
    __slots__ = ("cells",)
    CELLS_FIELD_NUMBER: _ClassVar[int]
    cells: _containers.RepeatedCompositeFieldContainer[Correlation]
    def __init__(self, cells: _Optional[_Iterable[_Union[Correlation, _Mapping]]] = ...) -> None: ...

class Correlation(_message.Message):
    __slots__ = ("value",)
    VALUE_FIELD_NUMBER: _ClassVar[int]
    value: float
    def __init__(self, value: _Optional[float] = ...) -> None: ...
