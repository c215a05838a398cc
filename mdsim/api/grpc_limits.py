"""Bounds of the gRPC server, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GrpcLimits:
    """How much callers may ask, send and wait for.

    Attributes:
        subscribers_per_symbol: streams and other readers of one instrument
            (``publication.max_subscribers_per_symbol``).
        calls: streams and calls together, of any kind; past it RESOURCE_EXHAUSTED without further words.
        asks: unary calls that wait for an answer at once.
        watchers: streams of WatchScenario.
        stream_ticks: ticks that wait for one stream before only the newest of each instrument is kept.
        update_ticks: ticks of one update, but for the snapshot at the begin (``publication.batch_size``).
        crossing_batches: published batches on their way to the gRPC thread; past it the newest tick of each
            instrument waits, so that a thread that is held up costs no memory.
        write_grace_s: how long one write may take before the stream is ended as too slow.
        stop_grace_s: how long calls under way may go on when the server stops.
        request_bytes: largest message of a caller: a playbook of 256 KiB and its parameters.
        answer_bytes: largest message of ours.
        metadata_bytes: largest set of headers.
        streams_per_connection: calls open at once on one connection.
        ping_every_s, ping_timeout_s: a connection that is silent for so long is asked whether it lives, and
            closed without an answer.
        ping_least_s: a caller that pings more often than this is sent away.
        connections: open at once; more are turned away.
        handshake_s: how long a connection may take before it speaks HTTP/2.
        health_every_s: how often the health service looks at the market.
        compression: gzip for callers that accept it (``publication.compression_enabled``).
    """

    subscribers_per_symbol: int = 5_000
    calls: int = 20_000
    asks: int = 256
    watchers: int = 256
    stream_ticks: int = 1_024
    update_ticks: int = 50
    crossing_batches: int = 256
    write_grace_s: float = 10.0
    stop_grace_s: float = 5.0
    request_bytes: int = 512 * 1024
    answer_bytes: int = 4 * 1024 * 1024
    metadata_bytes: int = 16 * 1024
    streams_per_connection: int = 1_000
    ping_every_s: float = 30.0
    ping_timeout_s: float = 10.0
    ping_least_s: float = 5.0
    connections: int = 8_192
    handshake_s: float = 10.0
    health_every_s: float = 1.0
    compression: bool = True

    def options(self) -> tuple[tuple[str, int], ...]:
        """The same in the words of the gRPC core."""
        return (
            ("grpc.so_reuseport", 0),  # a port that is taken is an error, not a second server beside it
            ("grpc.max_receive_message_length", self.request_bytes),
            ("grpc.max_send_message_length", self.answer_bytes),
            ("grpc.max_metadata_size", self.metadata_bytes),
            ("grpc.absolute_max_metadata_size", 2 * self.metadata_bytes),
            ("grpc.max_concurrent_streams", self.streams_per_connection),
            ("grpc.max_allowed_incoming_connections", self.connections),
            ("grpc.server_handshake_timeout_ms", int(self.handshake_s * 1000)),
            ("grpc.keepalive_time_ms", int(self.ping_every_s * 1000)),
            ("grpc.keepalive_timeout_ms", int(self.ping_timeout_s * 1000)),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_ping_interval_without_data_ms", int(self.ping_least_s * 1000)),
            ("grpc.http2.max_ping_strikes", 2),
            # A level, not an algorithm: gzip as an algorithm is also sent to those who do not accept it.
            ("grpc.default_compression_level", 2 if self.compression else 0),
        )
