"""The command as a process of its own: signals, pipes, terminals, start-up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

LONG = """\
mdsim: 1
name: long
steps:
  - move: {symbol: BTC-USD, by: -8%, over: 1h}
"""
HEAVY = (
    "trio",
    "rich.live",
    "yaml",
    "jsonschema",
    "msgspec",
    "numpy",
    "asyncio",
    "mdsim.engine",
    "mdsim.run",
)

Mdsim = Callable[..., "subprocess.CompletedProcess[str]"]
Process = subprocess.Popen[str]


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[Process]:
    """A run of an hour in real time whose move has begun."""
    (tmp_path / "long.yaml").write_text(LONG, "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "mdsim", "play", "long.yaml", "--speed", "1", "--journal", "book"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "move acts on BTC-USD" in line:
            break
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    ("number", "code", "reason"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_signal_releases_the_effects_and_ends_with_its_code(
    playing: Process, tmp_path: Path, number: signal.Signals, code: int, reason: str
) -> None:
    """The run is aborted, its effects are released, the recap and the journal are complete."""
    playing.send_signal(number)
    out, err = playing.communicate(timeout=30)
    assert (playing.returncode, err) == (code, "")
    assert "every effect is released" in out
    assert " ABORTED  long" in out
    assert reason in out
    assert b'"entry":"run_ended"' in (tmp_path / "book/journal.jsonl").read_bytes()


def test_a_reader_that_goes_away_ends_the_command_quietly(playing: Process) -> None:
    """As ``| head`` does: 141, and not a word on stderr."""
    assert playing.stdout is not None
    playing.stdout.close()
    playing.send_signal(signal.SIGINT)  # so that there is something left to write at once
    playing.stdout = None
    _, err = playing.communicate(timeout=30)
    assert (playing.returncode, err) == (141, "")


def test_the_command_starts_without_what_only_a_run_needs(mdsim: Mdsim) -> None:
    """``mdsim --help`` stays under 0.3 s because nothing heavy is loaded for it."""
    program = "import sys, mdsim.cli.main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert [name for name in loaded if name.startswith(HEAVY)] == []
    assert mdsim("--help").returncode == 0


def test_a_fault_of_ours_is_no_traceback(mdsim: Mdsim, tmp_path: Path) -> None:
    """A broken installation is a sentence and exit 70."""
    (tmp_path / "trio.py").write_text("raise ZeroDivisionError('no trio here')", "utf-8")
    answer = mdsim("play", "flash-crash.yaml", PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert answer.returncode == 70
    assert "mdsim broke: ZeroDivisionError: no trio here" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_signs_that_the_output_cannot_show_do_not_stop_a_run(mdsim: Mdsim) -> None:
    """An ASCII stream gets plain marks, and a question mark for what a playbook itself holds."""
    answer = mdsim("play", "crash.yaml", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "ok [slide/3] passed: expect" in answer.stdout
    assert "ETH-USD ?1.25" in answer.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_nobodys_bug(tmp_path: Path) -> None:
    """Exit 4 and a sentence, not a report of a fault."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        answer = subprocess.run(
            [sys.executable, "-m", "mdsim", "list"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert answer.returncode == 4
    assert answer.stderr.startswith("error[MD337]: No space left on device\n")
    assert "Exception ignored" not in answer.stderr


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
def test_a_terminal_gets_a_live_view_and_is_given_back(tmp_path: Path) -> None:
    """Lines are redrawn while it runs; the cursor is visible again at the end."""
    leader, follower = os.openpty()
    environment = {key: value for key, value in os.environ.items() if key not in ("CI", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "mdsim", "play", "flash-crash.yaml", "--speed", "1200"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # what Linux says when the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(leader)
    assert process.wait(timeout=30) == 0
    assert "▁" in shown.decode()
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l") > -1
    assert b"PASSED" in shown


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_changes_no_verdict(tmp_path: Path, closed: str) -> None:
    """Whoever closes stdout or stderr asks for the exit code alone."""
    (tmp_path / "short.yaml").write_text("mdsim: 1\nsteps: [wait: 1s]\n", "utf-8")
    ended = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m mdsim play short.yaml {closed}', sys.executable],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


EARLY = """
import os, signal, sys

class Finger:
    def find_spec(self, name, path=None, target=None):
        if name == "mdsim.cli.play":
            os.kill(os.getpid(), signal.{signal})

sys.meta_path.insert(0, Finger())
sys.argv[1:] = ["{verb}"]
from mdsim.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("number", "verb", "code", "said"),
    [
        ("SIGINT", "lint", 130, "interrupted\n"),
        ("SIGTERM", "lint", 143, "terminated\n"),
        ("SIGTERM", "serve", 0, ""),
    ],
)
def test_a_signal_while_the_command_is_loaded_ends_it_as_at_any_other_time(
    number: str, verb: str, code: int, said: str
) -> None:
    """The first fifth of a second belongs to imports, before any verb can catch it."""
    ended = subprocess.run(
        [sys.executable, "-c", EARLY.format(signal=number, verb=verb)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (code, said)
