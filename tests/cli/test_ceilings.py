"""Limits on the command line: a playbook's own hold, a server's are pointed out."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mdsim.cli.ceilings import of_server
from mdsim.core.errors import UsageError
from mdsim.core.time import HOUR

if TYPE_CHECKING:
    import subprocess

    Command = Callable[..., subprocess.CompletedProcess[str]]

FAR = "mdsim: 1\n{head}steps: [{{move: {{symbol: BTC-USD, by: -30%, over: 1m}}}}]\n"


def test_server_has_its_limits_without_being_told() -> None:
    """A quarter, and two days."""
    assert [(it.key, it.value) for it in of_server({})] == [
        ("MAX_PRICE_DEVIATION", Decimal("0.25")),
        ("SCENARIO_TIMEOUT_HOURS", 48 * HOUR),
    ]


def test_environment_sets_the_limits_of_a_server() -> None:
    """Fractions and hours, exactly; an empty variable is none."""
    found = of_server({"MAX_PRICE_DEVIATION": "0.4", "SCENARIO_TIMEOUT_HOURS": "1.5"})

    assert [it.value for it in found] == [Decimal("0.4"), 90 * 60 * 1_000_000_000]
    assert of_server({"MAX_PRICE_DEVIATION": " "}) == of_server({})


@pytest.mark.parametrize("text", ["25%", "-1", "0", "NaN", "Infinity", "1e9", "lots"])
@pytest.mark.parametrize("key", ["MAX_PRICE_DEVIATION", "SCENARIO_TIMEOUT_HOURS"])
def test_limit_that_cannot_be_read_is_no_limit_unset(key: str, text: str) -> None:
    """A slip must not switch safety off: it is an error that names the variable."""
    with pytest.raises(UsageError, match=f"{key}=") as caught:
        of_server({key: text})

    assert caught.value.code == "MD173"


def test_run_past_its_own_limit_is_refused_before_it_starts(mdsim: Command, tmp_path: Path) -> None:
    """Exit code 6, the step and its line; no cycle ran and no journal was begun."""
    (tmp_path / "far.yaml").write_text(FAR.format(head="limits: {max_deviation: 20%}\n"))
    done = mdsim("play", "far.yaml", "--journal", "out")

    assert done.returncode == 6
    assert done.stdout == ""
    assert "error[MD170]" in done.stderr
    assert "BTC-USD -30.00%" in done.stderr
    assert "past limits.max_deviation of 20% (set at far.yaml:2:25)" in done.stderr
    assert "at far.yaml:3:10" in done.stderr
    assert not (tmp_path / "out").exists()


def test_offline_run_past_a_servers_limit_goes_on_with_a_warning(mdsim: Command, tmp_path: Path) -> None:
    """Nobody is connected; a higher limit in the environment ends the warning."""
    (tmp_path / "far.yaml").write_text(FAR.format(head=""))
    done = mdsim("play", "far.yaml", "-q")
    quiet = mdsim("play", "far.yaml", "-q", MAX_PRICE_DEVIATION="0.5")

    assert (done.returncode, quiet.returncode) == (0, 0)
    assert "warning[MD172]: a server would refuse this run" in done.stderr
    assert "past MAX_PRICE_DEVIATION of 25%" in done.stderr
    assert quiet.stderr == ""


def test_wider_limit_of_a_playbook_widens_nothing(mdsim: Command, tmp_path: Path) -> None:
    """It holds for itself; the server's, which is stricter, is still told."""
    (tmp_path / "far.yaml").write_text(FAR.format(head="limits: {max_deviation: 90%}\n"))

    assert "past MAX_PRICE_DEVIATION of 25%" in mdsim("play", "far.yaml", "-q").stderr
