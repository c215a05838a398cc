"""What one call of ``mdsim play`` asks for, checked: each option alone, and which go together."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mdsim.cli.spans import span_ns
from mdsim.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mdsim.cli.documents import Found
    from mdsim.cli.recap import Played
    from mdsim.playbook.plan import Plan

_SPEED_MOST = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Request:
    """The options of one call.

    Attributes:
        speed: None is virtual time; on a server, or served, real time.
        cycle: as written, to be repeated in the command that runs it again.
        style: ``full``, ``quiet`` or ``json``.
        server: address of the server to run on, None to run here.
        overlap: whether runs that hold the same instruments are allowed on the server.
        ca: certificates to trust instead of the system's, for the server.
        serve: the market of the run is served while it plays, on these ports; None: the usual ones.
        linger: it is served until Ctrl-C.
    """

    settings: dict[str, str]
    seed: int
    speed: float | None = None
    only: tuple[str, ...] = ()
    cycle: str | None = None
    keep_effects: bool = False
    journal: Path | None = None
    report: Path | None = None
    style: str = "full"
    server: str | None = None
    insecure: bool = False
    ca: Path | None = None
    overlap: str | None = None
    serve: bool = False
    port: int | None = None
    grpc_port: int | None = None
    linger: bool = False

    @property
    def cycle_ns(self) -> int | None:
        """The interval between publications, where one was asked for."""
        return _cycle_ns(self.cycle)

    def again(self, name: str) -> str:
        """The command that gives the same run."""
        words = ["mdsim", "play", name, "--seed", str(self.seed)]
        for key, value in self.settings.items():
            words += ["--set", f"{key}={value}"]
        for phase in self.only:
            words += ["--only", phase]
        words += ["--cycle", self.cycle] if self.cycle else []
        words += ["--keep-effects"] if self.keep_effects else []
        words += ["--server", self.server] if self.server else []
        words += ["--overlap", self.overlap] if self.overlap else []
        words += ["--speed", f"{self.speed:g}"] if self.server and self.speed else []
        return shlex.join(words)

    def check(self, files: Sequence[str]) -> None:
        """Refuse what does not fit, before anything runs.

        Raises:
            UsageError: an option is out of bounds, or two do not go together.
        """
        _check_speed(self.speed)
        _cycle_ns(self.cycle)
        if self.overlap not in (None, "allow", "refuse"):
            raise UsageError(
                "MD336", f"--overlap {self.overlap} is neither", hint="write --overlap allow or refuse"
            )
        if self.server is not None:
            self._refuse(self._of_own_market(), "--server", "the server's market goes on by itself")
        else:
            there = {"--overlap": self.overlap, "--ca": self.ca, "--insecure": self.insecure}
            self._require(there, "--server", "add the address of a server, such as --server localhost:8082")
        if not self.serve:
            ports = {"--port": self.port, "--grpc-port": self.grpc_port, "--linger": self.linger or None}
            self._require(ports, "--serve", "add --serve to stream the run's prices")
        elif len(files) > 1:
            raise UsageError(
                "MD336",
                f"--serve plays one playbook, and here are {len(files)}",
                hint="start one after another, or put their phases into one playbook",
            )

    def _of_own_market(self) -> dict[str, object]:
        return {
            "--only": self.only,
            "--cycle": self.cycle,
            "--keep-effects": self.keep_effects,
            "--serve": self.serve,
        }

    @staticmethod
    def _refuse(given: Mapping[str, object], beside: str, why: str) -> None:
        for name, value in given.items():
            if value:
                message = f"{name} does not go together with {beside}"
                raise UsageError("MD336", message, hint=f"{why}, for others too")

    @staticmethod
    def _require(given: Mapping[str, object], beside: str, hint: str) -> None:
        for name, value in given.items():
            if value is not None and value is not False:
                message = f"{name} says something about {beside}, which is not given"
                raise UsageError("MD336", message, hint=hint)


def _check_speed(speed: float | None) -> None:
    if speed is not None and not 0.001 <= speed <= _SPEED_MOST:  # NaN fails both
        raise UsageError(
            "MD336", f"--speed {speed:g} is out of bounds", hint="1 is real time, 60 makes an hour a minute"
        )


def _cycle_ns(cycle: str | None) -> int | None:
    from mdsim.core.time import DAY, MS

    return None if cycle is None else span_ns("--cycle", cycle, MS, DAY)


@dataclass(frozen=True, slots=True)
class Job:
    """One playbook of a call.

    Attributes:
        name: as it was given.
        found: its text.
        plan: what it compiled to.
        folder: where its journal goes, None for none.
        page: where its report goes, None for none.
        tell: is given the result, once; a market that is served on goes on after that.
    """

    name: str
    found: Found
    plan: Plan
    request: Request
    folder: Path | None
    page: Path | None
    tell: Callable[[Played], None]

    @property
    def again(self) -> str:
        """The command that gives the same run."""
        return self.request.again(self.name)
