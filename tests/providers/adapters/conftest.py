"""Shared by the tests of the adapters: sessions of any provider, and what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from mdsim.core.instruments import ALL
from mdsim.core.registry import discover
from mdsim.providers.session import Fetch, ProviderType, Refuse, Send, Session, SessionRequest

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "recordings"


@pytest.fixture
def open_session() -> Callable[..., Session]:
    """A session of a provider for symbols, not started yet."""

    def make(provider: str, *symbols: str, kind: str = "", url: str = "") -> Session:
        found = discover("mdsim.providers.adapters", "PROVIDER", ProviderType)[provider]
        offer = found.offer(kind) if kind else found.offers[0]
        assert offer is not None
        wanted = tuple(ALL[symbol] for symbol in symbols)
        return offer.open(SessionRequest(provider, url or offer.url, wanted))

    return make


@pytest.fixture
def sent() -> Callable[[Session], list[dict[str, object]]]:
    """What a session wants to send, as data; its other actions are lost."""

    def take(session: Session) -> list[dict[str, object]]:
        return [msgspec.json.decode(a.text) for a in session.actions() if isinstance(a, Send)]

    return take


@pytest.fixture
def fetches() -> Callable[[Session], list[Fetch]]:
    """What a session wants to fetch; its other actions are lost."""
    return lambda session: [a for a in session.actions() if isinstance(a, Fetch)]


@pytest.fixture
def refused() -> Callable[[Session], dict[str, str]]:
    """What a session refuses, with its reasons; its other actions are lost."""
    return lambda session: {a.symbol: a.reason for a in session.actions() if isinstance(a, Refuse)}


@pytest.fixture
def shared_recording() -> Callable[[str], Path]:
    """A recording that may not be shipped; a test that needs it is skipped where it is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"no {name} beside the repository")
        return path

    return find
