"""From a run to the file of its page, and what cannot be drawn."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mdsim.cli.pages import checked_path, one_of, write
from mdsim.core.errors import UsageError
from mdsim.core.events import Entry

if TYPE_CHECKING:
    import subprocess

    Command = Callable[..., subprocess.CompletedProcess[str]]

BOOK = "mdsim: 1\nsteps: [{move: {symbol: BTC-USD, by: -1%, over: 10s}}, {expect: price(BTC-USD) > 1}]\n"


@pytest.fixture
def played(mdsim: Command, tmp_path: Path) -> Path:
    """A folder with a journal and a page of the same run."""
    (tmp_path / "book.yaml").write_text(BOOK)
    done = mdsim("play", "book.yaml", "--journal", "run", "--report", "out.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("report  out.html")
    return tmp_path


def test_page_of_a_journal_is_the_page_of_the_run(mdsim: Command, played: Path) -> None:
    """Today or next year: byte for byte the same."""
    done = mdsim("report", "run")

    assert (done.returncode, done.stdout) == (0, "wrote run/report.html\n")
    assert (played / "run/report.html").read_bytes() == (played / "out.html").read_bytes()
    assert "mdsim play book.yaml --seed 1" in (played / "out.html").read_text()


def test_journal_may_be_named_itself_and_the_page_put_elsewhere(mdsim: Command, played: Path) -> None:
    """Without its sidecar and its prices a journal is still drawn."""
    (played / "alone").mkdir()
    shutil.copy(played / "run/journal.jsonl", played / "alone/journal.jsonl")
    done = mdsim("report", "alone/journal.jsonl", "--out", "alone.html")

    page = (played / "alone.html").read_text()
    assert done.returncode == 0, done.stderr
    assert "series.json is missing" in page
    assert "mdsim play book.yaml --seed 1 --cycle 100ms" in page


def test_prices_of_another_run_are_refused(mdsim: Command, played: Path) -> None:
    """A picture of the wrong run would be worse than none."""
    mdsim("play", "book.yaml", "-q", "--seed", "2", "--journal", "other")
    shutil.copy(played / "other/series.json", played / "run/series.json")
    done = mdsim("report", "run")

    assert done.returncode == 4
    assert "error[MD382]" in done.stderr
    assert "digests differ" in done.stderr


def test_half_a_last_line_does_not_spoil_a_journal(mdsim: Command, played: Path) -> None:
    """A run that was killed while it wrote is drawn as far as it came."""
    path = played / "run/journal.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    done = mdsim("report", "run")

    assert done.returncode == 0, done.stderr
    assert "unfinished" in (played / "run/report.html").read_text()


def test_line_that_is_no_entry_is_named(mdsim: Command, played: Path) -> None:
    """File and number, and no traceback."""
    path = played / "run/journal.jsonl"
    lines = path.read_bytes().split(b"\n")
    lines[2] = b'{"entry": 5}'
    path.write_bytes(b"\n".join(lines))
    done = mdsim("report", "run")

    assert done.returncode == 4
    assert "error[MD381]: run/journal.jsonl:3: this line is no entry" in done.stderr


def test_folder_without_a_journal_is_a_slip_of_the_hand(mdsim: Command, tmp_path: Path) -> None:
    """Exit code 2, and what may be named."""
    done = mdsim("report", str(tmp_path))

    assert done.returncode == 2
    assert "error[MD380]" in done.stderr
    assert "mdsim play --journal" in done.stderr


def test_several_playbooks_get_a_page_each(mdsim: Command, tmp_path: Path) -> None:
    """Named after the playbook, beside each other."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(BOOK)
    done = mdsim("play", "one.yaml", "two.yaml", "-q", "--report", "out.html")

    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.glob("*.html")) == ["out-one.html", "out-two.html"]


def test_report_never_overwrites_what_is_no_page(mdsim: Command, tmp_path: Path) -> None:
    """``--report book.yaml`` is refused before anything runs, and the playbook is still there."""
    (tmp_path / "book.yaml").write_text(BOOK)
    done = mdsim("play", "book.yaml", "--report", "book.yaml")

    assert (done.returncode, done.stdout) == (2, "")
    assert "error[MD384]" in done.stderr
    assert "write book.html" in done.stderr
    assert (tmp_path / "book.yaml").read_text() == BOOK


def test_place_that_cannot_be_written_is_found_out_before_the_run(tmp_path: Path) -> None:
    """A folder that does not exist, or stands where the page should."""
    (tmp_path / "folder.html").mkdir()
    for path in (tmp_path / "missing" / "out.html", tmp_path / "folder.html"):
        with pytest.raises(UsageError) as caught:
            checked_path(path)
        assert caught.value.code == "MD383"


def test_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A system that refuses leaves no half page behind."""
    with pytest.raises(UsageError, match="cannot write"):
        write(tmp_path / "missing" / "out.html", [Entry("run_started", 0, "", {})], None, "mdsim play x")

    assert list(tmp_path.iterdir()) == []


def test_no_page_is_asked_for_by_default() -> None:
    """Neither for one playbook nor for several."""
    assert one_of(None, "crash") is None
