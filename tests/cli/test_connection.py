"""Verbs that ask a server: what they refuse before they ask, and where the token comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mdsim.cli.connection import connect
from mdsim.cli.main import app
from mdsim.core.errors import ExitCode, UsageError


def test_the_token_comes_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be used is refused before anything is sent, and not shown."""
    monkeypatch.setenv("CHAOS_TOKEN", "hunter2\n")
    with pytest.raises(UsageError, match="MD502") as caught:
        connect("http://127.0.0.1:1", insecure=False)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        ("watch", "BTC-USD"),
        ("runs", "list"),
        ("runs", "abort", "run-1"),
        ("play", "crash.yaml"),
    ],
)
def test_a_server_elsewhere_is_asked_over_tls_alone(words: tuple[str, ...]) -> None:
    """Every verb refuses plain http beyond this machine, in words and with an exit code."""
    result = CliRunner().invoke(app, [*words, "--server", "http://bench.example"])
    assert result.exit_code == ExitCode.USAGE
    assert "MD501" in result.stderr


@pytest.mark.parametrize("words", [("--only", "fall"), ("--cycle", "1s"), ("--keep-effects",)])
def test_options_of_a_market_of_ones_own_are_refused_on_a_server(words: tuple[str, ...]) -> None:
    """They are not passed over in silence."""
    result = CliRunner().invoke(app, ["play", "crash.yaml", "--server", "http://127.0.0.1:1", *words])
    assert result.exit_code == ExitCode.USAGE
    assert f"{words[0]} does not go together with --server" in result.stderr


def test_the_first_mistake_of_a_playbook_is_found_before_the_server_is_asked(tmp_path: Path) -> None:
    """Diagnostics show the line, as offline."""
    file = tmp_path / "bad.yaml"
    file.write_text("mdsim: 1\nsteps:\n  - moove: 5m\n", "utf-8")
    result = CliRunner().invoke(app, ["play", str(file), "--server", "http://127.0.0.1:1"])
    assert result.exit_code == ExitCode.INVALID
    assert "bad.yaml:3" in result.stderr
