"""A whole server in a process of its own, started as a user starts it, and what the system knows of it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

HOST = "127.0.0.1"
_HTTP = re.compile(r"HTTP\s+http://[\d.]+:(\d+)")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Process:
    """What the system tells of a process.

    Attributes:
        pid: its number.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._folder = Path("/proc", str(pid))

    def cpu_s(self) -> float:
        """Processor time so far, its own and the kernel's for it."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND

    def waited_s(self) -> float:
        """How long its main thread was ready to run while others had the processor."""
        return int((self._folder / "schedstat").read_text().split()[1]) / 1e9

    def memory_mb(self) -> float:
        """Resident now."""
        found = re.search(r"VmRSS:\s+(\d+)", (self._folder / "status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    def descriptors(self) -> int:
        """Open files and sockets."""
        return len(list((self._folder / "fd").iterdir()))


class Served(Process):
    """A server that runs.

    Attributes:
        port: of HTTP and WebSocket.
    """

    def __init__(self, process: subprocess.Popen[str], port: int, errors: Path) -> None:
        super().__init__(process.pid)
        self.port = port
        self._process = process
        self._errors = errors

    def call(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        """One request; see ``call``."""
        return call(self.port, method, path, body)

    def faults(self) -> int:
        """How often it has logged an error, such as a connection that broke through a fault of its own."""
        return self._errors.read_text().count('"level":"error"')

    def stop(self) -> int:
        """Ask it to end as a user does; its exit code, or a negative signal when it had to be killed."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def call(port: int, method: str, path: str, body: Json = None, *, within_s: float = 30.0) -> tuple[int, Json]:
    """One request on a connection of its own; status, and what the answer's JSON says."""
    connection = http.client.HTTPConnection(HOST, port, timeout=within_s)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else None
    finally:
        connection.close()


@contextmanager
def serve(*flags: str, config: str | None = None) -> Iterator[Served]:
    """``mdsim serve`` on free ports of the loopback interface.

    Args:
        flags: of the command, such as ``--tick-frequency-ms``, ``5``.
        config: text of a configuration; without one, defaults serve.

    Raises:
        RuntimeError: it did not start; with what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder, "stderr")
        words = [sys.executable, "-m", "mdsim", "serve", "--port", "0", "--grpc-port", "0"]
        words += ["--log-level", "error", *flags]
        if config is not None:
            path = Path(folder, "config.yaml")
            path.write_text(config)
            words += ["--config", str(path)]
        with errors.open("w") as sink:
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=sink, text=True)
        assert process.stdout is not None
        port = None
        for line in process.stdout:
            if found := _HTTP.search(line):
                port = int(found[1])
            if "gRPC" in line:
                break
        if port is None:
            process.wait(10)
            raise RuntimeError(f"the server did not start:\n{errors.read_text()}")
        served = Served(process, port, errors)
        try:
            yield served
        finally:
            if process.poll() is None:
                served.stop()
            process.stdout.close()
