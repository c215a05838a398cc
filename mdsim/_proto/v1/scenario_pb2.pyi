from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Overlap(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OVERLAP_UNSPECIFIED: _ClassVar[Overlap]
    OVERLAP_REFUSE: _ClassVar[Overlap]
    OVERLAP_ALLOW: _ClassVar[Overlap]

class ScenarioState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCENARIO_STATE_UNSPECIFIED: _ClassVar[ScenarioState]
    SCENARIO_STATE_RUNNING: _ClassVar[ScenarioState]
    SCENARIO_STATE_PAUSED: _ClassVar[ScenarioState]
    SCENARIO_STATE_RELEASING: _ClassVar[ScenarioState]
    SCENARIO_STATE_ENDED: _ClassVar[ScenarioState]
OVERLAP_UNSPECIFIED: Overlap
OVERLAP_REFUSE: Overlap
OVERLAP_ALLOW: Overlap
SCENARIO_STATE_UNSPECIFIED: ScenarioState
SCENARIO_STATE_RUNNING: ScenarioState
SCENARIO_STATE_PAUSED: ScenarioState
SCENARIO_STATE_RELEASING: ScenarioState
SCENARIO_STATE_ENDED: ScenarioState

class RunPlaybookRequest(_message.Message):
    __slots__ = ("yaml", "library", "params", "seed", "speed", "overlap", "idempotency_key", "plan_only")
    class ParamsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    YAML_FIELD_NUMBER: _ClassVar[int]
    LIBRARY_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    OVERLAP_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    PLAN_ONLY_FIELD_NUMBER: _ClassVar[int]
    yaml: str
    library: str
    params: _containers.ScalarMap[str, str]
    seed: int
    speed: float
    overlap: Overlap
    idempotency_key: str
    plan_only: bool
    def __init__(self, yaml: _Optional[str] = ..., library: _Optional[str] = ..., params: _Optional[_Mapping[str, str]] = ..., seed: _Optional[int] = ..., speed: _Optional[float] = ..., overlap: _Optional[_Union[Overlap, str]] = ..., idempotency_key: _Optional[str] = ..., plan_only: _Optional[bool] = ...) -> None: ...

class Scenario(_message.Message):
    __slots__ = ("scenario_id", "scenario_type", "playbook", "state", "phase", "symbols", "effects", "started_ns", "at_ns", "ends_ns", "verdict", "reason", "plan_json", "warnings")
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_TYPE_FIELD_NUMBER: _ClassVar[int]
    PLAYBOOK_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    SYMBOLS_FIELD_NUMBER: _ClassVar[int]
    EFFECTS_FIELD_NUMBER: _ClassVar[int]
    STARTED_NS_FIELD_NUMBER: _ClassVar[int]
    AT_NS_FIELD_NUMBER: _ClassVar[int]
    ENDS_NS_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PLAN_JSON_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    scenario_id: str
    scenario_type: str
    playbook: str
    state: ScenarioState
    phase: str
    symbols: _containers.RepeatedScalarFieldContainer[str]
    effects: _containers.RepeatedScalarFieldContainer[str]
    started_ns: int
    at_ns: int
    ends_ns: int
    verdict: str
    reason: str
    plan_json: str
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, scenario_id: _Optional[str] = ..., scenario_type: _Optional[str] = ..., playbook: _Optional[str] = ..., state: _Optional[_Union[ScenarioState, str]] = ..., phase: _Optional[str] = ..., symbols: _Optional[_Iterable[str]] = ..., effects: _Optional[_Iterable[str]] = ..., started_ns: _Optional[int] = ..., at_ns: _Optional[int] = ..., ends_ns: _Optional[int] = ..., verdict: _Optional[str] = ..., reason: _Optional[str] = ..., plan_json: _Optional[str] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class StopScenarioRequest(_message.Message):
    __slots__ = ("scenario_id",)
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    scenario_id: str
    def __init__(self, scenario_id: _Optional[str] = ...) -> None: ...

class PauseScenarioRequest(_message.Message):
    __slots__ = ("scenario_id",)
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    scenario_id: str
    def __init__(self, scenario_id: _Optional[str] = ...) -> None: ...

class ResumeScenarioRequest(_message.Message):
    __slots__ = ("scenario_id",)
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    scenario_id: str
    def __init__(self, scenario_id: _Optional[str] = ...) -> None: ...

class ListScenariosRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListScenariosResponse(_message.Message):
    __slots__ = ("scenarios",)
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    scenarios: _containers.RepeatedCompositeFieldContainer[Scenario]
    def __init__(self, scenarios: _Optional[_Iterable[_Union[Scenario, _Mapping]]] = ...) -> None: ...

class WatchScenarioRequest(_message.Message):
    __slots__ = ("scenario_id", "after")
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    scenario_id: str
    after: int
    def __init__(self, scenario_id: _Optional[str] = ..., after: _Optional[int] = ...) -> None: ...

class ScenarioEvent(_message.Message):
    __slots__ = ("number", "kind", "at_ns", "path", "data_json")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AT_NS_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    DATA_JSON_FIELD_NUMBER: _ClassVar[int]
    number: int
    kind: str
    at_ns: int
    path: str
    data_json: str
    def __init__(self, number: _Optional[int] = ..., kind: _Optional[str] = ..., at_ns: _Optional[int] = ..., path: _Optional[str] = ..., data_json: _Optional[str] = ...) -> None: ...
